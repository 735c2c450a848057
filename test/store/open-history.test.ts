import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHistory } from '../../src/store/open-history.ts';
import { openStore } from '../../src/store/open-store.ts';
import { auditEvent, decideNothing, T0, windowOf } from './fixtures.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vonage-audit-monitor-test-'));
  path = join(folder, 'monitor.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const fill = async () => {
  const store = openStore({ path, now: () => T0, durability: 'off' });
  const taken = await store.leases.acquire('monitor', 'me', 60_000);
  if (!('lease' in taken)) throw new Error('no lease');
  await store.collect.commitWindow(
    taken.lease,
    windowOf([auditEvent('a', 1), auditEvent('b', 2)]),
    decideNothing,
  );
  return store;
};

describe('the history, opened for reading alone', () => {
  it('shows what another connection keeps writing, and changes nothing', async () => {
    const store = await fill();
    const stored = openHistory(path);
    try {
      expect((await stored.history.events({})).items.map(({ id }) => id)).toEqual(['a', 'b']);
      expect(await stored.history.accounts()).toEqual(['default']);
      expect(await stored.progress('default')).toMatchObject({ startMs: T0, watermarkMs: T0 + 60_000 });
      expect(await stored.progress('nobody')).toBeUndefined();
    } finally {
      await stored.close();
      await store.close();
    }
    const before = readFileSync(path);
    const again = openHistory(path);
    await again.history.events({});
    await again.close();
    expect(readFileSync(path)).toEqual(before);
  });

  it('makes no file where there is none', () => {
    expect(() => openHistory(path)).toThrow(/monitor\.db/);
    expect(existsSync(path)).toBe(false);
  });

  it('refuses what it could only read after a change', async () => {
    await (await fill()).close();
    const db = new Database(path);
    db.pragma('user_version = 0');
    db.close();
    expect(() => openHistory(path)).toThrow(/an older version wrote it/);
  });

  it("refuses what is no database, or another program's", () => {
    writeFileSync(path, 'text '.repeat(1_000));
    expect(() => openHistory(path)).toThrow(/damaged/);
    rmSync(path);
    const db = new Database(path);
    db.exec('CREATE TABLE theirs (a)');
    db.close();
    expect(() => openHistory(path)).toThrow(/belongs to another program/);
  });
});
