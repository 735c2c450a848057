import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * Builds the dashboard into dist/dashboard when something that it is made of changed since. `npm start`, `npm run demo` and
 * the tests call it, so that a clone has a dashboard without a step of its own; a build takes less than a second.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILT = join(ROOT, 'dist', 'dashboard', 'index.html');
const VITE = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');

const changedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const isStale = (): boolean => {
  const built = changedAt(BUILT);
  const sources = readdirSync(join(ROOT, 'web'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return [...sources, join(ROOT, 'package-lock.json')].some((path) => changedAt(path) > built);
};

/** Nothing is done where the tools are not installed (`npm ci --omit=dev`): the monitor then says that it has none. */
export const buildDashboard = (): void => {
  if (!existsSync(VITE) || !isStale()) return;
  execFileSync(process.execPath, [VITE, 'build', 'web', '--logLevel', 'warn'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
};

if (import.meta.main) buildDashboard();
