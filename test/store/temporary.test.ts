import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { connect } from '../../src/store/sqlite-connection.ts';

it('needs no place for temporary files: a container may have none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vam-temporary-'));
  const connection = connect({ path: join(folder, 'monitor.db'), durability: 'off' });
  // 2 is MEMORY. Without it, deleting some large events at once fails with SQLITE_CANTOPEN where no folder is writable.
  expect(connection.db.pragma('temp_store', { simple: true })).toBe(2);
  connection.close();
  rmSync(folder, { recursive: true, force: true });
});
