import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpackBrowser } from './browser.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILT = join(ROOT, 'dist', 'dashboard', 'index.html');

const changedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Whether the dashboard was not built since something that it is made of changed. */
const isStale = (): boolean => {
  const built = changedAt(BUILT);
  const sources = readdirSync(join(ROOT, 'web'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return [...sources, join(ROOT, 'package-lock.json')].some((path) => changedAt(path) > built);
};

/** Before any test: the browser is unpacked, which no two tests may do at once, and the dashboard that the process serves is the one in the tree. A build takes less than a second. */
export const setup = async (): Promise<void> => {
  await unpackBrowser();
  if (!isStale()) return;
  execFileSync(
    process.execPath,
    [join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', 'web', '--logLevel', 'warn'],
    {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
};
