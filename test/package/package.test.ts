import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { simulate } from '../support/audit-api.ts';
import { KEY, SECRET } from '../support/installation.ts';

/*
 * The npm package: packed by npm with the build that npm runs, installed by npm into an empty folder, and used from there
 * as a stranger would. Everything happens in a folder of its own, so that the tree's own dist/ is neither used nor changed.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'package-'));
const app = join(folder, 'app');

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number; readonly mode: number }[];
}
let packed: Packed;

interface Done {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a command in a folder to its end. The machine's npm settings stay in force, and Node is the one of the test. */
const run = (cwd: string, command: string, args: readonly string[], env: object = {}): Promise<Done> =>
  new Promise((resolve) => {
    const environment = {
      ...process.env,
      NO_COLOR: '1',
      npm_config_update_notifier: 'false',
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      ...env,
    };
    execFile(command, [...args], { cwd, env: environment, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
const npx = (args: readonly string[], env: object = {}): Promise<Done> =>
  run(app, 'npx', ['--no-install', 'vonage-audit-monitor', ...args], env);

/** What the package is not made of; everything else of the tree might be. */
const LEFT_OUT = ['.git', 'node_modules', 'dist', 'data', 'coverage', 'test', 'secrets'];

beforeAll(async () => {
  const tree = join(folder, 'tree');
  cpSync(ROOT, tree, { recursive: true, filter: (path) => !LEFT_OUT.includes(relative(ROOT, path)) });
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  const pack = await run(tree, 'npm', ['pack', '--json', '--silent', '--pack-destination', folder]);
  if (pack.code !== 0) throw new Error(pack.output);
  const from = /^[[{]/m.exec(pack.output)?.index ?? 0;
  const told = JSON.parse(pack.output.slice(from)) as readonly Packed[];
  if (!told[0]) throw new Error(pack.output);
  packed = told[0];
  mkdirSync(app);
  // npm would otherwise install into whatever folder above has a package.json.
  writeFileSync(join(app, 'package.json'), '{}');
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  const installed = await run(app, 'npm', ['install', ...flags, join(folder, basename(packed.filename))]);
  if (installed.code !== 0) throw new Error(installed.output);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('holds the compiled program, what an operator edits, and the documentation; no source, test or map', () => {
    const kinds = new Set(
      packed.files.map(({ path }) =>
        path
          .replace(/^dist\/dashboard\/.*/, 'dist/dashboard')
          .replace(/^(dist\/.*)\/[^/]*\.(d\.ts|js)$/, 'dist/….$2')
          .replace(/^(docs|config\/rules|config\/presets)\/[^/]*\.(md|yml|png)$/, '$1/….$2'),
      ),
    );
    expect(
      [...kinds].filter((kind) => kind !== 'dist/dashboard' && !/^docs\/….png$/.test(kind)).sort(),
    ).toEqual(
      [
        'ARCHITECTURE.md',
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'config/monitor.schema.json',
        'config/monitor.yml',
        'config/preset.schema.json',
        'config/presets/….yml',
        'config/rules/….md',
        'config/rules/….yml',
        'dist/main.js',
        'dist/….d.ts',
        'dist/….js',
        'docs/….md',
        'docs/openapi.json',
        'package.json',
      ].sort(),
    );
    expect(packed.files.map(({ path }) => path).filter((path) => path.endsWith('.map'))).toEqual([]);
  });

  it('is small', () => {
    // Compressed as it travels, and as it lies on the disk. Raise them on purpose.
    expect(packed.size).toBeLessThan(1_000_000);
    expect(packed.unpackedSize).toBeLessThan(4_000_000);
  });

  it('brings no development dependency along', () => {
    const installed = new Set(readdirSync(join(app, 'node_modules')));
    for (const name of ['typescript', 'vitest', 'node', 'knip', 'oxlint', '@aws-cdk'])
      expect(installed.has(name) ? name : '').toBe('');
  });
});

describe('from an empty folder', () => {
  it('npx vonage-audit-monitor --version', async () => {
    const { version } = (await import('../../package.json', { with: { type: 'json' } })).default;
    expect(await npx(['--version'])).toEqual({ code: 0, output: `${version}\n` });
  });

  it('npx vonage-audit-monitor rules check', async () => {
    const { code, output } = await npx(['rules', 'check']);
    expect(output).toMatch(/\b1?\d\d rules?\b/);
    expect(code).toBe(0);
  });

  it('npx vonage-audit-monitor check says what is missing, and what would run', async () => {
    const without = await npx(['check']);
    expect(without.code).toBe(2);
    expect(without.output).toContain('VONAGE_API_KEY');
    expect(await npx(['check'], { VONAGE_API_KEY: KEY, VONAGE_API_SECRET: SECRET })).toMatchObject({
      code: 0,
    });
  });

  it('npx vonage-audit-monitor run --once reads an account and keeps it in the folder', async () => {
    const simulator = await simulate();
    const { code, output } = await npx(['run', '--once'], {
      VONAGE_API_KEY: KEY,
      VONAGE_API_SECRET: SECRET,
      VONAGE_AUDIT_URL: simulator.url,
      HTTP_LISTEN: 'off',
    });
    expect(output).toContain('"event":"poll.completed"');
    expect(code).toBe(0);
    expect(existsSync(join(app, 'data', 'monitor.db'))).toBe(true);
  });

  it('npx vonage-audit-monitor demo plays to its end', async () => {
    const { code, output } = await npx(['demo', '--for', '12s'], { TMPDIR: folder });
    expect(output).toContain('5 of the 5 steps of "Account takeover" were told.');
    expect(code).toBe(0);
  }, 60_000);

  it('the rule engine can be imported', async () => {
    const program = `const { compile } = await import('vonage-audit-monitor/rules'); console.log(typeof compile)`;
    expect(await run(app, process.execPath, ['--input-type=module', '--eval', program])).toEqual({
      code: 0,
      output: 'function\n',
    });
  });
});
