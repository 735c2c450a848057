import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Store } from '../../src/core/store.ts';
import type { StorePlace } from '../../src/core/store-place.ts';
import { copyPlaces } from '../../src/store/copy-place.ts';
import { COPIED_TABLES } from '../../src/store/copy-tables.ts';
import { SQLITE_MIGRATIONS } from '../../src/store/migrations/list.ts';
import { isStoreAt, openStoreAt, verifyChainsAt } from '../../src/store/open.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import {
  auditEvent,
  conditionChange,
  decided,
  decideNothing,
  settlement,
  T0,
  take,
  windowOf,
} from './fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'vam-copy-'));
let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

let nowMs = T0 + 100_000;
const now = (): number => nowMs;
const file = (name: string): StorePlace => ({ kind: 'sqlite', path: join(folder, name) });
const copy = (from: StorePlace, to: StorePlace, signal = new AbortController().signal) =>
  copyPlaces({ from, to, now, signal, onProgress() {} });

/** Something of everything, with holes, hostile texts, and numbers that are no longer there. */
const fill = async (store: Store): Promise<void> => {
  const lease = await take(store, 'somebody', 60_000);
  const odd = { ...auditEvent('nul\u0000id', 3), eventType: 'TYPE\u0001' };
  for (const account of ['default', 'zweites „Konto“']) {
    const events = Array.from({ length: 700 }, (_, i) => auditEvent(`e${i}`, i % 50, {}, account));
    const window = windowOf([...events, { ...odd, account }], {
      account,
      quarantined: [{ account, key: 'k', json: '{', reason: 'cut off\u0000' }],
    });
    await store.collect.commitWindow(lease, window, () => ({
      alerts: [decided(`of ${account}`, ['hook', 'mail'], { account, eventIds: ['e1', 'e2'] })],
      state: [{ key: 'counter', value: { n: 3 } }],
      drift: [{ kind: 'type', name: 'X', atMs: T0, told: false, gone: false }],
    }));
    const last = Array.from({ length: 5 }, (_, i) => auditEvent(`late${i}`, -86_400 + i, {}, account));
    await store.collect.commitWindow(
      lease,
      windowOf(last, { account, fromMs: T0 - 90_000_000, toMs: T0 }),
      decideNothing,
    );
  }
  // Leaves holes in the chains, and takes the numbers of the newest rows away.
  await store.retention.prune(T0 - 1_000, 1_000);
  await store.feeds.open('siem', 'start');
  await store.feeds.advance(
    'siem',
    5,
    [{ account: 'default', id: 'e1', eventType: 'X', createdAtMs: T0, refusedAtMs: T0, reason: 'no' }],
    [],
  );
  const [claimed] = await store.outbox.claim('hook', 1, 60_000);
  await store.outbox.settle(
    [settlement(claimed?.id ?? '', { state: 'parked' }, { ref: 'msg' })],
    [conditionChange('parked', true)],
  );
  await store.silences.add({
    id: 's1',
    author: 'alice',
    reason: 'work',
    match: {},
    createdAtMs: T0,
    startsAtMs: T0,
    endsAtMs: T0 + 1e9,
    expired: undefined,
    schedule: undefined,
  });
  await store.silences.expire('s1', 'bob', nowMs);
  await store.backfills.request({
    id: 'b1',
    account: 'default',
    fromMs: 0,
    toMs: 1,
    notify: true,
    requestedAtMs: T0,
    by: 'alice',
    unreadMs: 1,
  });
  await store.ledger.saveSweeps(lease, 'default', [
    { lastMs: 1, startedAtMs: 1, fromMs: 1, toMs: 2, nextMs: 1, endedAtMs: undefined },
  ]);
  await store.linkKey();
};

/** Everything that a store can tell, and its key. */
const contentOf = async (place: StorePlace): Promise<unknown> => {
  const store = await openStoreAt(place, { now });
  try {
    const { history } = store;
    return {
      events: (await history.events({ limit: 5_000 })).items,
      alerts: (await history.alerts({})).items,
      deliveries: (await history.deliveries({})).items,
      acts: (await history.acts({})).items,
      windows: (await history.windows({})).items,
      quarantine: (await history.quarantine({})).items,
      feed: (await store.feeds.read('siem', 3)).entries,
      refused: await store.feeds.refused('siem', 10),
      silences: await store.silences.list({ nowMs, ended: true }),
      conditions: await store.conditions.open(),
      progress: await store.collect.progress('default'),
      state: await store.collect.ruleState('default'),
      ranges: await store.ledger.ranges('default'),
      lateness: await store.ledger.lateness('default', 0),
      sweeps: await store.ledger.sweeps('default'),
      drift: await store.drift.known('default'),
      backfill: await store.backfills.find('b1'),
      heads: await store.chains.heads(),
      counts: await store.status.deliveryCounts(),
      key: (await store.linkKey()).toString('hex'),
    };
  } finally {
    await store.close();
  }
};
const reports = async (place: StorePlace) =>
  (
    await verifyChainsAt(place, {
      account: undefined,
      heads: [],
      onProgress() {},
      signal: new AbortController().signal,
    })
  ).reports;

it('names every table of a store but what keeps itself', () => {
  const db = new Database(':memory:');
  for (const sql of SQLITE_MIGRATIONS) db.exec(sql);
  const tables = db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all()
    .filter((name) => name !== 'meta' && name !== 'delivery_counts');
  db.close();
  expect(COPIED_TABLES.map(({ name }) => name).toSorted()).toEqual(tables.toSorted());
});

it('moves everything to PostgreSQL and back, and the order of commits goes on where it was', async () => {
  const [before, there, back] = [
    file('a.db'),
    { kind: 'postgres', url: database.url } as const,
    file('b.db'),
  ];
  const source = await openStoreAt(before, { now });
  await fill(source);
  await source.close();

  await expect(copy(before, there)).rejects.toThrow(/somebody works on it; stop the monitor first/);
  nowMs += 120_000;
  const { rows } = await copy(before, there);
  expect(rows.get('events')).toBe(1_402);
  const content = await contentOf(before);
  expect(await contentOf(there)).toEqual(content);
  expect((await reports(there)).every(({ broken }) => broken === undefined)).toBe(true);
  expect(await reports(there)).toEqual(await reports(before));
  await expect(copy(before, there)).rejects.toThrow(/there is something in it already/);

  await copy(there, back);
  expect(await contentOf(back)).toEqual(content);
  expect(await reports(back)).toEqual(await reports(before));

  // What is committed next lies behind everything that ever was.
  for (const place of [before, there, back]) {
    const store = await openStoreAt(place, { now });
    const lease = await take(store, 'next', 60_000);
    expect(lease.token).toBe(2);
    await store.collect.commitWindow(
      lease,
      windowOf([auditEvent('e1', 1), auditEvent('new', 70)]),
      decideNothing,
    );
    const cursors = (await store.feeds.read('siem', 5_000)).entries.map(({ cursor }) => cursor);
    expect(cursors.at(-1)).toBeGreaterThan(1_412);
    await store.close();
  }
});

it('asks the database, and not this machine, who works on it: leases, and replicas that hold nothing', async () => {
  const own = await createDatabase();
  try {
    const from = { kind: 'postgres', url: own.url } as const;
    const store = await openStoreAt(from, { now });
    await store.collect.commitWindow(
      await take(store, 'somebody', 60_000),
      windowOf([auditEvent('e1', 1)]),
      decideNothing,
    );
    // By the clock of this machine, which is years behind, every lease lasts for years.
    const expire = 'UPDATE vonage_audit_monitor.leases SET renewed_ms = renewed_ms - 60000';
    const to = file('g.db');
    await expect(copy(from, to)).rejects.toThrow(/somebody works on it; stop the monitor first/);
    await own.query(expire);
    const facts = { version: '1', configHash: '', refusal: undefined, startedAtMs: 0, wants: [] };
    await store.replicas?.beat({ ...facts, id: 'idle' }, 60_000);
    await expect(copy(from, to)).rejects.toThrow(/idle works on it; stop the monitor first/);
    await store.replicas?.leave('idle');
    await store.close();
    expect((await copy(from, to)).rows.get('events')).toBe(1);
  } finally {
    await own.drop();
  }
});

it('leaves nothing behind when it is stopped or refused', async () => {
  const stop = new AbortController();
  const to = file('c.db');
  const from = file('d.db');
  const source = await openStoreAt(from, { now });
  await fill(source);
  await source.close();
  nowMs += 120_000;
  await expect(
    copyPlaces({ from, to, now, signal: stop.signal, onProgress: () => stop.abort() }),
  ).rejects.toThrow(/stopped early: nothing was copied/);
  expect(isStoreAt(to)).toBe(false);
  expect(existsSync(join(folder, 'c.db-wal'))).toBe(false);
});

it('refuses a target that holds anything, if only what a first start without an answer from the API leaves', async () => {
  const [from, to] = [file('from-empty.db'), file('begun.db')];
  await (await openStoreAt(from, { now })).close();
  const begun = await openStoreAt(to, { now });
  await begun.conditions.change([conditionChange('blind', true)]);
  await begun.close();
  await expect(copy(from, to)).rejects.toThrow(/there is something in it already \(alerts\)/);
});

it('refuses a copy whose chains do not hold, and takes one over that was broken before', async () => {
  const from = file('e.db');
  const source = await openStoreAt(from, { now });
  await fill(source);
  await source.close();
  nowMs += 120_000;
  const db = new Database(join(folder, 'e.db'));
  db.prepare("UPDATE events SET json = '{}' WHERE id = 'e7'").run();
  db.close();
  const { verification } = await copy(from, file('f.db'));
  expect(verification.reports.filter(({ broken }) => broken).length).toBe(2);
  expect(await reports(file('f.db'))).toEqual(await reports(from));
});
