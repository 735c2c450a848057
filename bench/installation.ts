import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInstallation, type Installation, KEY, SECRET } from '../test/support/installation.ts';
import { type Child, ROOT, startNode } from './child.ts';

/** How the monitor is run: compiled, as the package and the image have it, or from source. */
export interface Program {
  readonly form: 'compiled' | 'source';
  readonly main: string;
  /** Where Node keeps compiled code between runs; '': where the program says, in node_modules. */
  readonly cache: string;
}

/** From source, as `npm start` does. */
export const SOURCE: Program = { form: 'source', main: join(ROOT, 'src/main.ts'), cache: '' };

/** Compiles into a folder of its own; `remove` deletes it. */
export const compile = (): { readonly program: Program; remove(): void } => {
  const folder = mkdtempSync(join(tmpdir(), 'vam-bench-dist-'));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist'), '--declaration', 'false'];
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return {
    program: { form: 'compiled', main: join(folder, 'dist/main.js'), cache: join(folder, 'cache') },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};

/** A folder with a configuration around the shipped rules. */
export const install = (baseUrl: string, sections: object = {}): Installation =>
  createInstallation(baseUrl, {
    api: { base_url: baseUrl, timeout: '10s' },
    poll: { interval: '30s', start: 'now' },
    rules: [join(ROOT, 'config/rules')],
    lists: { automation_users: [] },
    log: { events: 'none' },
    ...sections,
  });

/** What `npm start` and the image give to Node. */
const nodeFlags = (): readonly string[] => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
};

/** The monitor as a daemon, started as `npm start` and the image start it. */
export const startMonitor = (program: Program, installation: Installation): Child =>
  startNode(
    [...nodeFlags(), program.main, 'run', '--config', installation.config],
    program.cache === '' ? {} : { NODE_COMPILE_CACHE: program.cache },
  );

/** A simulator in a process of its own, with events spread over `history`; resolves when it listens. */
export const startSimulator = async (
  events: number,
  history = '24h',
): Promise<Child & { readonly url: string }> => {
  const child = startNode([
    SOURCE.main,
    'simulator',
    '--listen=127.0.0.1:0',
    `--key=${KEY}`,
    `--secret=${SECRET}`,
    `--events=${events}`,
    `--history=${history}`,
    '--rate=0',
  ]);
  const { fields } = await child.line('simulator.listening');
  return { ...child, url: String(fields.base_url) };
};
