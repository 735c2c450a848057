import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/*
 * The walls of ARCHITECTURE.md hold only if the linter really reports what crosses them. So every import that one
 * folder could make of another, and of every package, is planted in a copy of the layout and linted with the
 * repository's configuration. Folders are read from the disk: one that is new and has no wall fails here.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');
const entries = await readdir(join(root, 'src'), { withFileTypes: true });
const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
const packages = Object.keys(
  (JSON.parse(await read('package.json')) as { readonly dependencies: object }).dependencies,
);
const architecture = await read('ARCHITECTURE.md');

const parts = folders.filter((folder) => !['app', 'base', 'cli', 'core'].includes(folder));
/** Who may import whom: `main → cli → app → the parts → core → base`. */
const mayImport = (from: string): readonly string[] => {
  const reach: Readonly<Record<string, readonly string[]>> = {
    main: ['cli'],
    cli: ['app', ...parts, 'core', 'base'],
    app: [...parts, 'core', 'base'],
    core: ['base'],
    base: [],
  };
  return reach[from] ?? ['core', 'base'];
};
/** The packages that the table in ARCHITECTURE.md grants a folder. */
const mayUse = (from: string): readonly string[] => {
  const row = new RegExp(`^\\| \`src/${from}(?:/|\\.ts)\` \\|.*\\| (.*) \\|$`, 'm').exec(architecture);
  if (!row) throw new Error(`ARCHITECTURE.md has no row for src/${from}`);
  const words = (row[1] as string).split(/[\s,`]+/);
  return packages.filter((name) => words.includes(name));
};

/** One file per folder (and main.ts), one planted statement per line. */
const plants = new Map<string, readonly string[]>();
for (const from of folders)
  plants.set(`src/${from}/planted.ts`, [
    ...[...folders, 'fresh'].filter((to) => to !== from).map((to) => `export * from '../${to}/planted.ts';`),
    "export * from '../main.ts';",
    "export * from './beside.ts';",
    "export * from './../sinks/planted.ts';",
    "export * from '../base/../sinks/planted.ts';",
    "export * from '../../web/data/planted.ts';",
    ...packages.map((name) => `import '${name}';`),
  ]);
plants.set('src/main.ts', [
  ...folders.map((to) => `export * from './${to}/planted.ts';`),
  ...packages.map((name) => `import '${name}';`),
]);
// The page in the browser: types of the server through one door, its own packages, nothing else.
const WEB_PACKAGES = ['preact', 'preact/hooks'];
const SHAPES = '../../src/server/alert-shapes.ts';
const webCrossings = [
  ...folders.map((to) => `export * from '../../src/${to}/planted.ts';`),
  ...folders.map((to) => `import type { T_${to} } from '../../src/${to}/planted.ts';`),
  `import type { A } from '${SHAPES}';`,
  "export * from '../../src/main.ts';",
  "export * from '../../test/support/receiver.ts';",
  "export * from './../../src/core/planted.ts';",
  ...packages.map((name) => `import '${name}';`),
  "import 'vite';",
  "import 'node:fs';",
];
const webAllowed = [
  "export * from './beside.ts';",
  "export * from '../data/planted.ts';",
  ...WEB_PACKAGES.map((name, at) => `import { a${at} } from '${name}';`),
];
plants.set('web/data/planted.ts', [...webCrossings, ...webAllowed]);
plants.set('web/main.tsx', ["export * from '../src/core/planted.ts';"]);
plants.set('web/data/shapes.ts', [
  `import type { B } from '${SHAPES}';`,
  "import type { z } from 'zod';",
  `export type { C } from '${SHAPES}';`,
  `import { d } from '${SHAPES}';`,
  `export * from '${SHAPES}';`,
  "import { e } from 'zod';",
  "import type { F } from '../../src/server/server.ts';",
  "import type { G } from '../../src/core/planted.ts';",
]);
plants.set('src/rules/forms.ts', [
  "import { a } from '../sinks/planted.ts';",
  "import type { B } from '../sinks/planted.ts';",
  "export { c } from '../sinks/planted.ts';",
  "import '../sinks/planted.ts';",
  "export const d = await import('../sinks/planted.ts');",
  "export const e = await import('fastify');",
]);

let folder = '';
/** `file: statement` of everything the linter called a wall. */
const reported = new Set<string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walls-'));
  await copyFile(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  await writeFile(join(folder, '.gitignore'), 'node_modules\n');
  for (const [path, statements] of plants) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), `${statements.join('\n')}\n`);
  }
  const output = await new Promise<string>((resolve) => {
    // Ends with 1 since it finds something; what it found is what counts.
    execFile(
      join(root, 'node_modules/.bin/oxlint'),
      ['--format', 'json', 'src', 'web'],
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
      (_error, stdout) => resolve(stdout),
    );
  });
  const { diagnostics } = JSON.parse(output) as {
    readonly diagnostics: readonly {
      readonly code: string;
      readonly filename: string;
      readonly labels: readonly [{ readonly span: { readonly line: number } }];
    }[];
  };
  for (const { code, filename, labels } of diagnostics)
    if (code === 'eslint(no-restricted-imports)')
      reported.add(`${filename}: ${plants.get(filename)?.[labels[0].span.line - 1] ?? 'nothing planted'}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const walls = (path: string, statements: readonly string[]): readonly string[] =>
  statements.filter((statement) => reported.has(`${path}: ${statement}`));

describe.each(folders)('src/%s', (from) => {
  const path = `src/${from}/planted.ts`;
  it('imports the folders it may, and no other', () => {
    const imports = (to: string): string => `export * from '../${to}/planted.ts';`;
    const others = [...folders, 'fresh'].filter((to) => to !== from);
    // A folder nobody knows yet is open to those who compose, and to nobody else.
    const open = [...mayImport(from), ...(['app', 'cli'].includes(from) ? ['fresh'] : [])];
    expect(walls(path, others.map(imports))).toEqual(others.filter((to) => !open.includes(to)).map(imports));
    expect(walls(path, ["export * from './beside.ts';"])).toEqual([]);
  });

  it('cannot go around', () => {
    const around = [
      "export * from '../main.ts';",
      "export * from './../sinks/planted.ts';",
      "export * from '../base/../sinks/planted.ts';",
      "export * from '../../web/data/planted.ts';",
    ];
    expect(walls(path, around)).toEqual(around);
  });

  it('uses the packages that ARCHITECTURE.md grants it, and no other', () => {
    const uses = (name: string): string => `import '${name}';`;
    const forbidden = packages.filter((name) => !mayUse(from).includes(name));
    expect(walls(path, packages.map(uses))).toEqual(forbidden.map(uses));
  });
});

it('src/main.ts imports cli alone', () => {
  const statements = plants.get('src/main.ts') ?? [];
  expect(walls('src/main.ts', statements)).toEqual(
    statements.filter((statement) => statement !== "export * from './cli/planted.ts';"),
  );
});

it('a wall holds against every form of import', () => {
  const statements = plants.get('src/rules/forms.ts') ?? [];
  expect(walls('src/rules/forms.ts', statements)).toEqual(statements);
});

describe('web', () => {
  it('imports its own files and preact, and nothing of the project but through the door of types', () => {
    expect(walls('web/data/planted.ts', webCrossings)).toEqual(webCrossings);
    expect(walls('web/data/planted.ts', webAllowed)).toEqual([]);
    expect(reported.has("web/main.tsx: export * from '../src/core/planted.ts';")).toBe(true);
  });

  it('has a door that lets only types of the shapes through', () => {
    const all = plants.get('web/data/shapes.ts') ?? [];
    expect(walls('web/data/shapes.ts', all)).toEqual(all.slice(3));
  });
});
