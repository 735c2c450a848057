import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

/** Gives the run a place for its PostgreSQL server, which the first test that needs it starts, and ends it with the run. */
export default function setup(project: TestProject): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vam-postgres-'));
  project.provide('postgresFolder', folder);
  project.provide('postgresParent', process.pid);
  return async () => {
    const pid = join(folder, 'pid');
    if (existsSync(pid)) {
      process.kill(Number(readFileSync(pid, 'utf8')), 'SIGTERM');
      const deadline = performance.now() + 10_000;
      while (existsSync(folder) && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    rmSync(folder, { recursive: true, force: true });
  };
}

declare module 'vitest' {
  export interface ProvidedContext {
    postgresFolder: string;
    postgresParent: number;
  }
}
