import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/store/open-store.ts';
import { storeContract } from './contract.ts';

storeContract('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vam-store-'));
  return {
    open: async (now, planner) =>
      openStore({ path: join(folder, 'deep', 'monitor.db'), now, durability: 'off', planner }),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
});
