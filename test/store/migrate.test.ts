import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SQLITE_MIGRATIONS } from '../../src/store/migrations/list.ts';
import { openStore } from '../../src/store/open-store.ts';
import { connect } from '../../src/store/sqlite-connection.ts';
import { APPLICATION_ID } from '../../src/store/sqlite-migrate.ts';
import { decided, T0 } from './fixtures.ts';

const now = () => T0;
let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-migrate-'));
  path = join(folder, 'monitor.db');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const inspect = <T>(work: (db: Database.Database) => T): T => {
  const db = new Database(path);
  try {
    return work(db);
  } finally {
    db.close();
  }
};
const version = () => inspect((db) => db.pragma('user_version', { simple: true }));
const open = (migrations: readonly string[]) => connect({ path, durability: 'off', migrations });

describe('migrations', () => {
  it('marks a new file as ours, at the newest version', async () => {
    await openStore({ path, now, durability: 'off' }).close();
    expect(version()).toBe(SQLITE_MIGRATIONS.length);
    expect(inspect((db) => db.pragma('application_id', { simple: true }))).toBe(APPLICATION_ID);
  });

  it('brings a file of every older version up to date and keeps its content', () => {
    const steps = ['CREATE TABLE a (x)', 'INSERT INTO a VALUES (1)', 'ALTER TABLE a ADD COLUMN y DEFAULT 7'];
    for (let from = 1; from <= steps.length; from += 1) {
      rmSync(path, { force: true });
      open(steps.slice(0, from)).close();
      open(steps).close();
      expect(version()).toBe(3);
      expect(inspect((db) => db.prepare('SELECT * FROM a').all())).toEqual([{ x: 1, y: 7 }]);
    }
  });

  it('does each migration as a whole or not at all, and goes on from there', () => {
    const good = 'CREATE TABLE a (x)';
    expect(() => open([good, 'CREATE TABLE b (x); INSERT INTO nowhere VALUES (1)'])).toThrow(
      expect.objectContaining({ name: 'StoreError', kind: 'failed' }),
    );
    expect(version()).toBe(1);
    expect(inspect((db) => db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all())).toEqual([
      { name: 'a' },
    ]);
    open([good, 'CREATE TABLE b (x)']).close();
    expect(version()).toBe(2);
  });

  it('keeps every delivery, attempt and count of a file of version 1, and every reference', async () => {
    open(SQLITE_MIGRATIONS.slice(0, 1)).close();
    const states = ['pending', 'sending', 'sent', 'parked', 'folded', 'silenced'];
    inspect((db) => {
      db.exec(
        "INSERT INTO alerts VALUES (1, 'a', 'default', 'rule', 'high', 'r', 5, '{}'), (2, 'b', '', 'rule', 'low', 'r', 6, '{}')",
      );
      const insert = db.prepare('INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
      for (const [index, state] of states.entries()) {
        const open = state === 'pending' || state === 'sending';
        insert.run(
          10 + index,
          `d${index}`,
          1 + (index % 2),
          's',
          state,
          index,
          7,
          open ? 8 : null,
          open ? null : 9,
        );
      }
      for (let number = 1; number <= 2; number += 1)
        for (const seq of [10, 12, 13])
          db.prepare('INSERT INTO attempts VALUES (?, ?, 1, 2, ?, ?)').run(
            seq,
            number,
            'retry',
            `try ${number}`,
          );
      // The newest one was pruned: its number must not come back.
      insert.run(90, 'pruned', 1, 's', 'sent', 1, 7, null, 9);
      db.exec('DELETE FROM deliveries WHERE seq = 90');
    });
    const counts = () =>
      inspect((db) => db.prepare('SELECT * FROM delivery_counts WHERE count > 0 ORDER BY state').all());
    const before = counts();
    const store = openStore({ path, now, durability: 'off' });
    expect(counts()).toEqual(before);
    expect(
      inspect((db) => [db.pragma('foreign_key_check'), db.pragma('integrity_check', { simple: true })]),
    ).toEqual([[], 'ok']);
    const { items } = await store.history.deliveries({});
    expect(items.map(({ id, state, attempts }) => [id, state, attempts])).toEqual(
      states.map((state, index) => [`d${index}`, state, index]),
    );
    expect(items[0]).toMatchObject({ alertId: 'a', createdAtMs: 7, dueAtMs: 8, thread: '', why: [] });
    expect((await store.history.attempts('d2')).map(({ detail }) => detail)).toEqual(['try 1', 'try 2']);
    expect(await store.outbox.retry({ ids: ['d3'] })).toBe(1);
    await store.outbox.enqueue([decided('new', ['s'])]);
    await store.close();
    expect(inspect((db) => db.prepare('SELECT max(seq) FROM deliveries').pluck().get())).toBe(91);
    const fresh = inspect((db) => {
      const names =
        "SELECT type, name, tbl_name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name";
      return db.prepare(names).all();
    });
    rmSync(path);
    await openStore({ path, now, durability: 'off' }).close();
    expect(
      inspect((db) =>
        db
          .prepare(
            "SELECT type, name, tbl_name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
          )
          .all(),
      ),
    ).toEqual(fresh);
  });

  it('refuses a file of a newer version with both versions, and does not touch it', async () => {
    await openStore({ path, now, durability: 'off' }).close();
    inspect((db) => db.pragma(`user_version = ${SQLITE_MIGRATIONS.length + 3}`));
    const before = readFileSync(path);
    const refused = { name: 'StoreError', kind: 'newer' };
    expect(() => openStore({ path, now })).toThrow(expect.objectContaining(refused));
    expect(() => openStore({ path, now })).toThrow(
      `schema version ${SQLITE_MIGRATIONS.length + 3}, this program knows up to ${SQLITE_MIGRATIONS.length}`,
    );
    expect(readFileSync(path)).toEqual(before);
  });

  it("refuses another program's SQLite file and does not touch it", () => {
    inspect((db) => db.exec('CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)'));
    const before = readFileSync(path);
    expect(() => openStore({ path, now })).toThrow(
      expect.objectContaining({ name: 'StoreError', kind: 'foreign' }),
    );
    expect(readFileSync(path)).toEqual(before);
  });

  it('refuses a file with the mark of another application even when it is empty otherwise', () => {
    inspect((db) => db.pragma('application_id = 4711'));
    expect(() => openStore({ path, now })).toThrow('application_id 4711');
  });

  it('takes an empty file that a crash left at the very first start', async () => {
    inspect(() => undefined);
    const store = openStore({ path, now, durability: 'off' });
    expect(await store.collect.progress('default')).toBeUndefined();
    await store.close();
  });
});
