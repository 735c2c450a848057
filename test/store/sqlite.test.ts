import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { storeContract } from './contract.ts';
import { longReads, recordStatements } from './plans.ts';

const statements = recordStatements();
afterAll(statements.restore);

storeContract('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vam-store-'));
  return {
    open: async (now, planner) =>
      openStore({ path: join(folder, 'deep', 'monitor.db'), now, durability: 'off', planner }),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

// The last test of this file: it judges what all others have made the store ask.
it('no statement that the store prepares reads a large table from end to end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vam-plans-'));
  const path = join(folder, 'plans.db');
  await openStore({ path, now: () => 0 }).close();
  const seen = [...statements.seen];
  expect(seen.length).toBeGreaterThan(100);
  expect(longReads(path, seen)).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});
