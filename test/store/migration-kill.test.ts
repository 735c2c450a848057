import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, unwatchFile, watchFile } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SQLITE_MIGRATIONS } from '../../src/store/migrations/list.ts';
import { openStore } from '../../src/store/open-store.ts';
import { connect } from '../../src/store/sqlite-connection.ts';
import { auditEvent, decideNothing, windowOf } from './fixtures.ts';

const CHILD = fileURLToPath(new URL('migration-child.ts', import.meta.url));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-migration-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Resolves once the file has more than so many bytes. */
const grown = (path: string, bytes: number): Promise<void> =>
  new Promise((resolve) => {
    watchFile(path, { interval: 10 }, ({ size }) => {
      if (size <= bytes) return;
      unwatchFile(path);
      resolve();
    });
  });

it('9: killed in the middle of a migration: the old version is there as it was, and is migrated by the next start', async () => {
  const path = join(folder, 'monitor.db');
  const store = openStore({ path, now: Date.now });
  const answer = await store.leases.acquire('monitor', 'first', 60_000);
  if (!('lease' in answer)) throw new Error('the lease is not free');
  const events = Array.from({ length: 20 }, (_, i) => auditEvent(`e${i}`, 1));
  await store.collect.commitWindow(answer.lease, windowOf(events), decideNothing);
  await store.close();

  const child = spawn(process.execPath, [CHILD, path], { stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  // Pages of the open transaction are on the disk already: those must not count.
  await grown(`${path}-wal`, 5_000_000);
  child.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(5_000_000);

  const again = openStore({ path, now: Date.now });
  expect(await again.status.totals()).toMatchObject({ events: 20 });
  await again.close();
  const quick = 'CREATE TABLE later (n INTEGER PRIMARY KEY) STRICT';
  const migrated = connect({ path, durability: 'off', migrations: [...SQLITE_MIGRATIONS, quick] });
  expect(migrated.db.pragma('user_version', { simple: true })).toBe(SQLITE_MIGRATIONS.length + 1);
  expect(migrated.db.prepare('SELECT count(*) AS n FROM later').get()).toEqual({ n: 0 });
  expect(migrated.db.pragma('integrity_check', { simple: true })).toBe('ok');
  migrated.close();
});
