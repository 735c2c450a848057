import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStoreAt } from '../../src/store/open.ts';
import { auditEvent, decided, take, windowOf } from '../store/fixtures.ts';
import { type Ran, runHere } from '../support/command.ts';
import { createInstallation, type Installation } from '../support/installation.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let installation: Installation;
beforeAll(async () => {
  database = await createDatabase();
  installation = createInstallation('http://127.0.0.1:9/', { store: { url: database.url } });
});
afterAll(async () => {
  installation.remove();
  await database.drop();
});

const command = (...args: readonly string[]): Promise<Ran> => runHere(args);

describe('a store that moves to PostgreSQL', () => {
  it('is copied, and every command works on it', async () => {
    const store = await openStoreAt({ kind: 'sqlite', path: installation.database }, { now: Date.now });
    const lease = await take(store, 'x', 1);
    await store.collect.commitWindow(lease, windowOf([auditEvent('e1', 1)]), () => ({
      alerts: [decided('told', ['console'], { eventIds: ['e1'] })],
      state: [],
    }));
    await store.close();
    const urlFile = join(installation.folder, 'url');
    writeFileSync(urlFile, `${database.url}\n`, { mode: 0o600 });
    const copied = await command(
      'state',
      'copy',
      '--from',
      `sqlite:${installation.database}`,
      '--to',
      `url_file:${urlFile}`,
    );
    expect(copied).toMatchObject({ code: 0 });
    expect(copied.stdout).toContain('1 event, 1 alert, 1 delivery;');
    expect(copied.stdout).not.toContain('a-password');
    const again = await command(
      'state',
      'copy',
      '--from',
      `sqlite:${installation.database}`,
      '--to',
      `url_file:${urlFile}`,
    );
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toContain('there is something in it already');

    const config = ['--config', installation.config];
    expect((await command('verify', ...config)).stdout).toContain('account default');
    expect((await command('export', ...config)).stdout).toContain('"e1"');
    expect(await command('deliveries', 'list', ...config)).toMatchObject({ code: 0 });
    expect((await command('silences', 'list', ...config)).code).toBe(0);
    expect((await command('completeness', ...config)).stdout).toContain('default');
    expect((await command('state', 'migrate', ...config)).stdout).toContain('up to date');
    const backup = await command('backup', join(installation.folder, 'copy.db'), ...config);
    expect(backup).toMatchObject({ code: 2 });
    expect(backup.stderr).toContain('pg_dump');
    expect(backup.stderr).not.toContain('a-password');
  });
});

describe('docs/scale.md', () => {
  it('gives the monitor a role that only reads and writes rows, and that is enough', async () => {
    const sql = /```sql\n(.*?)```/s.exec(readFileSync('docs/scale.md', 'utf8'))?.[1] ?? '';
    const own = await createDatabase();
    const as = (user: string, password: string): string => {
      const url = new URL(own.url);
      url.username = user;
      url.password = password;
      return url.href;
    };
    try {
      await own.query(sql);
      const app = { kind: 'postgres', url: as('vam_app', 'change-me-2') } as const;
      await expect(openStoreAt(app, { now: Date.now })).rejects.toMatchObject({ kind: 'readonly' });
      const migrated = await command('state', 'migrate', '--store', as('vam_owner', 'change-me-1'));
      expect(migrated).toMatchObject({ code: 0 });
      const store = await openStoreAt(app, { now: Date.now });
      const lease = await take(store);
      const old = { ...auditEvent('old', 0), createdAtMs: Date.now() - 100 * 86_400_000 };
      const fresh = { ...auditEvent('new', 0), createdAtMs: Date.now() };
      await store.collect.commitWindow(lease, windowOf([old, fresh]), () => ({
        alerts: [decided('x')],
        state: [],
      }));
      await store.outbox.claim('hook', 1, 1);
      await store.retention.prune(Date.now() - 50 * 86_400_000, 1_000);
      expect((await store.history.events({})).items.map(({ id }) => id)).toEqual(['new']);
      await store.close();
    } finally {
      await own.drop();
    }
  });
});
