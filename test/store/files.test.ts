import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError, type StoreErrorKind } from '../../src/core/store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { connect } from '../../src/store/sqlite-connection.ts';
import { translate } from '../../src/store/sqlite-errors.ts';
import { value } from '../../src/store/steps.ts';
import { auditEvent, decideNothing, T0, take, windowOf } from './fixtures.ts';

const now = () => T0;
let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-files-'));
  path = join(folder, 'monitor.db');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const open = () => openStore({ path, now, durability: 'off' });
const refused = (kind: StoreErrorKind) => expect.objectContaining({ name: 'StoreError', kind });
const filled = async (): Promise<void> => {
  const store = open();
  const events = Array.from({ length: 200 }, (_, i) => auditEvent(`e${i}`, 1, { padding: 'x'.repeat(500) }));
  await store.collect.commitWindow(await take(store), windowOf(events), decideNothing);
  await store.close();
};

describe('the database file', () => {
  it('is made with its directories, for its owner only', async () => {
    path = join(folder, 'a', 'b', 'monitor.db');
    const store = open();
    await store.status.probe();
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700);
    await store.close();
  });

  it('keeps the mode it was given by somebody', async () => {
    await open().close();
    chmodSync(path, 0o640);
    await open().close();
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('is refused when a directory has its name, or a file the name of its directory', () => {
    mkdirSync(path);
    expect(() => open()).toThrow(refused('missing'));
    expect(() => open()).toThrow('this is a directory, not a file');
    writeFileSync(join(folder, 'file'), '');
    path = join(folder, 'file', 'monitor.db');
    expect(() => open()).toThrow(refused('missing'));
    expect(() => open()).toThrow(path);
  });

  it('is refused when it is garbage, and left as it is', () => {
    const garbage = Buffer.from('no database at all, but long enough for a header. '.repeat(400));
    writeFileSync(path, garbage);
    expect(() => open()).toThrow(refused('corrupt'));
    expect(() => open()).toThrow(/monitor\.db: SQLITE_NOTADB .*restore a backup/);
    expect(readFileSync(path)).toEqual(garbage);
  });

  it('is refused when it is cut off anywhere, and left as it is', async () => {
    await filled();
    const whole = readFileSync(path);
    for (const length of [50, 512, 8_192, 10_000, whole.length - 8_192, whole.length - 1]) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      expect(() => open(), `cut to ${length}`).toThrow(refused('corrupt'));
      expect(readFileSync(path).equals(whole.subarray(0, length)), `cut to ${length}`).toBe(true);
    }
    writeFileSync(path, whole);
    const store = open();
    expect(await store.status.totals()).toMatchObject({ events: 200 });
    await store.close();
  });

  it('says so when a page inside it is damaged, at the latest when that page is read', async () => {
    await filled();
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 8_192, bytes.length);
    writeFileSync(path, bytes);
    const use = async (): Promise<void> => {
      const store = open();
      try {
        await store.collect.commitWindow(await take(store), windowOf([auditEvent('new')]), decideNothing);
      } finally {
        await store.close();
      }
    };
    await expect(use()).rejects.toEqual(refused('corrupt'));
  });

  it('is refused when it is gone or empty but its log is not: the log holds commits', async () => {
    const store = open();
    await store.collect.commitWindow(await take(store), windowOf([auditEvent('a')]), decideNothing);
    const log = readFileSync(`${path}-wal`);
    await store.close();
    const database = readFileSync(path);
    rmSync(path);
    writeFileSync(`${path}-wal`, log);
    expect(() => open()).toThrow(refused('corrupt'));
    expect(() => open()).toThrow('it is gone, but');
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, '');
    expect(() => open()).toThrow('it is empty, but');
    expect(readFileSync(`${path}-wal`).equals(log)).toBe(true);
    writeFileSync(path, database);
    await open().close();
  });

  it('is missed by the probe when it was removed or replaced while in use', async () => {
    const store = open();
    await store.status.probe();
    renameSync(path, `${path}.old`);
    await expect(store.status.probe()).rejects.toEqual(refused('missing'));
    writeFileSync(path, '');
    await expect(store.status.probe()).rejects.toThrow('removed or replaced while in use');
    rmSync(path);
    renameSync(`${path}.old`, path);
    await store.status.probe();
    await store.close();
  });

  it('is busy when another process keeps it locked', async () => {
    const connection = connect({ path, durability: 'off', busyTimeoutMs: 10 });
    const other = new Database(path);
    other.exec('BEGIN EXCLUSIVE');
    try {
      await expect(connection.commit(() => value('SELECT 1'))).rejects.toEqual(refused('busy'));
    } finally {
      other.exec('ROLLBACK');
      other.close();
    }
    expect(await connection.commit(() => value('SELECT 1'))).toBe(1);
    connection.close();
  });

  it('is full when SQLite says so', () => {
    const db = new Database(path);
    db.exec('CREATE TABLE t (x)');
    db.pragma('max_page_count = 2');
    let thrown: unknown;
    try {
      db.prepare('INSERT INTO t VALUES (?)').run('x'.repeat(100_000));
    } catch (error) {
      thrown = error;
    }
    db.close();
    expect(translate(path, thrown)).toEqual(refused('full'));
    expect(String(translate(path, thrown))).toContain('nothing of the operation was stored');
  });
});

describe('translate', () => {
  it('leaves alone what does not come from the store', () => {
    const own = new Error('own');
    const refusal = new StoreError('busy', 'x');
    for (const error of [own, refusal, 'text', undefined]) expect(translate(path, error)).toBe(error);
    const network = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    expect(translate(path, network)).toBe(network);
  });
});
