import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg, { type PoolClient, type QueryConfig } from 'pg';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import type { Store } from '../../src/core/store.ts';
import type { StorePlace } from '../../src/core/store-place.ts';
import { openStoreAt, verifyChainsAt } from '../../src/store/open.ts';
import { connectPostgres } from '../../src/store/postgres-connection.ts';
import { dropMonths } from '../../src/store/postgres-drop.ts';
import { runSteps } from '../../src/store/postgres-run.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { auditEvent, decideNothing, T0, take, windowOf } from './fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'vam-months-'));
let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (text: string): number => Date.parse(`${text}Z`);
const event = (id: string, time: string, account: string) => {
  const createdAtMs = at(time);
  const made = auditEvent(id, (createdAtMs - T0) / 1_000, {}, account);
  return { ...made, createdAtMs };
};

/** Three months and one far away, in the order of their commits: some found late, over the borders of months. */
const fill = async (store: Store): Promise<void> => {
  const lease = await take(store, 'x', 1e12);
  await store.feeds.open('siem', 'start');
  for (const account of ['a', 'b']) {
    const commits = [
      [event('j1', '2026-01-05T00:00:00', account), event('j2', '2026-01-31T23:59:59', account)],
      [event('f1', '2026-02-01T00:00:00', account), event('m1', '2026-03-01T00:00:00', account)],
      // Found late: behind those of younger months.
      [event('j3', '2026-01-20T00:00:00', account), event('f2', '2026-02-20T00:00:00', account)],
      [event('m2', '2026-03-01T10:00:00', account), event('f3', '2026-02-21T00:00:00', account)],
      [event('old', '1999-01-01T00:00:00', account), event('m3', '2026-03-01T11:00:00', account)],
    ];
    for (const events of account === 'b' ? commits.toReversed() : commits)
      await store.collect.commitWindow(lease, windowOf(events, { account, fromMs: 0 }), decideNothing);
  }
  const { entries } = await store.feeds.read('siem', 7);
  await store.feeds.advance('siem', entries.at(-1)?.cursor ?? 0, [], []);
};

const tellOf = async (place: StorePlace, store: Store): Promise<unknown> => {
  const options = { account: undefined, heads: [], onProgress() {}, signal: new AbortController().signal };
  const { reports } = await verifyChainsAt(place, options);
  return {
    events: (await store.history.events({ limit: 100 })).items.map(({ account, id }) => `${account} ${id}`),
    total: (await store.status.totals()).events,
    pruned: (await store.feeds.read('siem', 1)).pruned,
    reports: reports.map(({ account, position, verified, holes, prunedTo, broken }) => ({
      account,
      position,
      verified,
      holes,
      prunedTo,
      broken,
    })),
  };
};

const months = async () =>
  (
    await database.query<{ name: string }>(
      "SELECT relname::text AS name FROM pg_class WHERE relname ~ '^events_[0-9_]+$' AND relkind = 'r' ORDER BY 1",
    )
  ).map(({ name }) => name);

it('drops whole months, and leaves what pruning row by row leaves', async () => {
  const places: readonly StorePlace[] = [
    { kind: 'sqlite', path: join(folder, 'm.db') },
    { kind: 'postgres', url: database.url },
  ];
  const stores = await Promise.all(places.map((place) => openStoreAt(place, { now: () => T0 })));
  for (const store of stores) await fill(store);
  expect(await months()).toEqual(['events_2026_01', 'events_2026_02', 'events_2026_03']);
  for (const [bound, left] of [
    ['2026-01-10T00:00:00', ['events_2026_01', 'events_2026_02', 'events_2026_03']],
    ['2026-02-01T00:00:00', ['events_2026_02', 'events_2026_03']],
    ['2026-02-20T12:00:00', ['events_2026_02', 'events_2026_03']],
    ['2026-03-01T00:00:00', ['events_2026_03']],
  ] as const) {
    for (const store of stores) while ((await store.retention.prune(at(bound), 1_000)) >= 1_000);
    expect(await months()).toEqual(left);
    const [file, server] = await Promise.all(
      stores.map((store, index) => tellOf(places[index] as StorePlace, store)),
    );
    expect(server).toEqual(file);
    expect((server as { reports: { broken: unknown }[] }).reports.map(({ broken }) => broken)).toEqual([
      undefined,
      undefined,
    ]);
  }
  // A month that was dropped comes again with what a backfill brings.
  const [, server] = stores as [Store, Store];
  const lease = await take(server, 'x', 1e12);
  const again = windowOf([event('j9', '2026-01-09T00:00:00', 'a')], { account: 'a', fromMs: 0 });
  await server.collect.commitWindow(lease, again, decideNothing);
  await Promise.all(stores.map((store) => store.close()));
});

it('changes nothing when a month holds too many late entries, of whichever account', async () => {
  const place = { kind: 'postgres', url: database.url } as const;
  const store = await openStoreAt(place, { now: () => T0 });
  const connection = connectPostgres(place);
  await fill(store);
  const before = await tellOf(place, store);
  // One of "a" and more of "b": "a" alone would pass.
  expect(await connection.commit(() => dropMonths(at('2026-02-01T00:00:00'), T0, 2))).toEqual({
    events: 0,
    held: false,
  });
  expect(await tellOf(place, store)).toEqual(before);
  // With fewer than the limit it goes, and the counts stay right.
  expect(await connection.commit(() => dropMonths(at('2026-02-01T00:00:00'), T0, 10))).toEqual({
    events: 6,
    held: false,
  });
  const after = (await tellOf(place, store)) as { total: number; reports: { broken: unknown }[] };
  expect(after.total).toBe((before as { total: number }).total - 6);
  expect(after.reports.map(({ broken }) => broken)).toEqual([undefined, undefined]);
  await connection.close();
  await store.close();
});

it('leaves a month to a later time into which the first events of an account come just then', async () => {
  const place = { kind: 'postgres', url: database.url } as const;
  const store = await openStoreAt(place, { now: () => T0 });
  await fill(store);
  const lease = await take(store, 'x', 1e12);
  const before = await store.status.totals();
  const connection = connectPostgres(place);
  const bound = at('2026-02-01T00:00:00');
  const dropped = await connection.withClient(async (client) => {
    // What is asked of the server next is that nobody writes into the month any more.
    const late = Object.create(client, {
      query: {
        async value(config: QueryConfig) {
          if (config.text.includes('hold_events_month'))
            await store.collect.commitWindow(
              lease,
              windowOf([event('n1', '2026-01-10T00:00:00', 'new')], { account: 'new', fromMs: 0 }),
              decideNothing,
            );
          return client.query(config);
        },
      },
    }) as PoolClient;
    await client.query('BEGIN');
    const answer = await runSteps(late, dropMonths(bound, T0), () => undefined);
    await client.query('COMMIT');
    return answer;
  });
  expect(dropped).toEqual({ events: 0, held: true });
  while ((await store.retention.prune(bound, 1_000)) >= 1_000);
  expect(await months()).toEqual(['events_2026_02', 'events_2026_03']);
  const { total, reports } = (await tellOf(place, store)) as {
    total: number;
    reports: { broken: unknown }[];
  };
  // With it went those of January, and the two that are older still.
  expect(total).toBe(before.events - 8);
  expect(reports.map(({ broken }) => broken)).toEqual([undefined, undefined, undefined]);
  await connection.close();
  await store.close();
});

it('waits for nobody who reads for long: months are made and dropped once they have ended', async () => {
  const place = { kind: 'postgres', url: database.url } as const;
  let nowMs = T0;
  const store = await openStoreAt(place, { now: () => nowMs });
  await fill(store);
  const lease = await take(store, 'x', 1e12);
  const reader = new pg.Client(database.url);
  await reader.connect();
  await reader.query(
    'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM vonage_audit_monitor.events',
  );
  const commit = (id: string) =>
    store.collect.commitWindow(
      lease,
      windowOf([event(id, '2025-12-01T00:00:00', 'a')], { account: 'a', fromMs: 0 }),
      decideNothing,
    );
  await commit('d1');
  const three = ['events_2026_01', 'events_2026_02', 'events_2026_03'];
  expect(await months()).toEqual(three);
  const full = await store.status.totals();
  // Nothing is taken away row by row either: the whole month goes later.
  await store.retention.prune(at('2026-02-01T00:00:00'), 1_000);
  expect((await store.status.totals()).events).toBe(full.events);
  await reader.query('COMMIT');
  await reader.end();
  // Not at every commit: somebody may read on.
  await commit('d2');
  expect(await months()).toEqual(three);
  nowMs += 60_000;
  await commit('d3');
  expect(await months()).toEqual(['events_2025_12', ...three]);
  const where = `SELECT tableoid::regclass::text AS name, count(*)::int AS n FROM vonage_audit_monitor.events
    WHERE id LIKE 'd%' GROUP BY 1`;
  expect(await database.query(where)).toEqual([{ name: 'vonage_audit_monitor.events_2025_12', n: 3 }]);
  while ((await store.retention.prune(at('2026-02-01T00:00:00'), 1_000)) >= 1_000);
  expect(await months()).toEqual(['events_2026_02', 'events_2026_03']);
  const { reports } = (await tellOf(place, store)) as { reports: { broken: unknown }[] };
  expect(reports.map(({ broken }) => broken)).toEqual([undefined, undefined]);
  await store.close();
}, 30_000);
