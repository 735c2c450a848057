import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf } from '../support/markdown.ts';

/*
 * The package as others get it: built, in a folder of its own, imported by plain Node. The program that imports it has
 * nothing but the package and its dependencies, and executes docs/library.md.
 */

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const DEPENDENCIES = ['yaml', 're2js', 'ipaddr.js'];

let program: string;
beforeAll(async () => {
  program = mkdtempSync(join(tmpdir(), 'library-'));
  const installed = join(program, 'node_modules', 'vonage-audit-monitor');
  mkdirSync(installed, { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  for (const name of DEPENDENCIES)
    symlinkSync(join(ROOT, 'node_modules', name), join(program, 'node_modules', name), 'dir');
  for (const project of ['tsconfig.build.json', 'tsconfig.types.json'])
    await run(process.execPath, [TSC, '-p', project, '--outDir', join(installed, 'dist')], { cwd: ROOT });
}, 120_000);
afterAll(() => rmSync(program, { recursive: true, force: true }));

const page = readFileSync(join(ROOT, 'docs', 'library.md'), 'utf8');
const fences = blocksOf(page).filter((block) => block.kind === 'fence');
const examples = fences
  .map((fence, index) => ({ ...fence, printed: fences[index + 1]?.text }))
  .filter(({ language }) => language === 'js');

/** The names in a column of the page's tables, as the inside of an object literal. */
const named = (column: string): string =>
  blocksOf(page)
    .flatMap((block) => (block.kind === 'table' ? block.rows : []))
    .flatMap(({ cells }) => (cells[column] ?? '').replaceAll(/\(.*?\)/g, '').match(/\w+/g) ?? [])
    .map((name) => `${name}: 1`)
    .join(', ');

describe('vonage-audit-monitor/rules', () => {
  it.each(examples)('docs/library.md, line $line', async ({ line, text, printed }) => {
    const file = join(program, `line-${line}.mjs`);
    writeFileSync(file, text);
    const { stdout, stderr } = await run(process.execPath, [file], { cwd: program });
    expect([stdout, stderr]).toEqual([printed, '']);
  });

  it('has examples', () => {
    expect(examples.length).toBeGreaterThanOrEqual(3);
  });

  it('comes with types that programs in TypeScript see, and the page names all of them', async () => {
    writeFileSync(
      join(program, 'typed.mts'),
      `import { compile, createMemoryState, type LibraryOptions, type Match, type SigmaRules } from 'vonage-audit-monitor/rules';
export const options: Record<keyof LibraryOptions, 1> = { ${named('option')} };
export const results: Record<keyof SigmaRules, 1> = { ${named('of the result')} };
const rules: SigmaRules = compile(['title: x'], { timezone: 'UTC', timeOf: () => 0, product: null });
const matches: readonly Match[] = rules.evaluate({ a: 1 }, createMemoryState()).matches;
// @ts-expect-error: a level is no number
export const level: number | undefined = matches[0]?.rule.level;
`,
    );
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--ignoreConfig'];
    const checked = run(process.execPath, [TSC, ...options, '--skipLibCheck', 'false', 'typed.mts'], {
      cwd: program,
    });
    expect((await checked).stdout).toBe('');
  });

  it('opens no other door into the package', async () => {
    writeFileSync(join(program, 'inner.mjs'), "await import('vonage-audit-monitor/dist/main.js');\n");
    await expect(run(process.execPath, ['inner.mjs'], { cwd: program })).rejects.toThrow(
      'ERR_PACKAGE_PATH_NOT_EXPORTED',
    );
  });
});
