/*
 * What commitWindow costs beside the bare inserts of the same bodies, in one run and alternating, so that both see the
 * same machine: `node bench/store.ts [EVENTS]`. And what the durable outbox can do: enqueue, claim, settle.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { stableId } from '../src/base/hash.ts';
import type { NewAlert } from '../src/core/decided.ts';
import { type AuditEvent, byTime } from '../src/core/event.ts';
import type { Store } from '../src/core/store.ts';
import { openStore } from '../src/store/open-store.ts';

const EVENTS = Number(process.argv[2] ?? 200_000);
const WINDOW = 5_000;
const BODY_BYTES = 700;
const ROUNDS = 3;
const DELIVERIES = 10_000;
const BATCH = 50;
const T0 = Date.parse('2026-01-01T00:00:00Z');
const ACCOUNT = 'bench';

/** A UUID out of a number: as random as real ids to an index, the same in every run. */
const uuid = (n: number): string => {
  const hex = stableId('bench', String(n));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
};

const event = (n: number): AuditEvent => {
  const id = uuid(n);
  const createdAtMs = T0 + Math.floor(n / 3) * 1_000;
  const fields = {
    id,
    event_type: n % 4 === 0 ? 'NUMBER_UPDATED' : 'USER_LOGIN',
    created_at: new Date(createdAtMs).toISOString(),
    context: stableId('context', String(n)).repeat(32),
  };
  const json = JSON.stringify(fields)
    .slice(0, BODY_BYTES - 2)
    .concat('"}');
  return { id, account: ACCOUNT, eventType: fields.event_type, createdAtMs, json, fields };
};

const inFolder = async <T>(work: (path: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'vam-bench-'));
  try {
    return await work(join(folder, 'bench.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const print = (name: string, value: string): void => console.log(`${name.padEnd(44)} ${value}`);
const perSecond = (count: number, ms: number): number => Math.round((count / ms) * 1_000);

const bareInserts = (windows: readonly (readonly AuditEvent[])[]): Promise<number> =>
  inFolder(async (path) => {
    const db = new Database(path);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.exec('CREATE TABLE events (id TEXT PRIMARY KEY, body TEXT)');
    const insert = db.prepare('INSERT INTO events VALUES (?, ?)');
    const started = performance.now();
    for (const window of windows) {
      db.exec('BEGIN IMMEDIATE');
      for (const { id, json } of window) insert.run(id, json);
      db.exec('COMMIT');
    }
    const ms = performance.now() - started;
    db.close();
    return ms;
  });

const commits = (windows: readonly (readonly AuditEvent[])[]): Promise<{ ms: number; bytes: number }> =>
  inFolder(async (path) => {
    const store = openStore({ path, now: Date.now });
    const lease = await take(store);
    const started = performance.now();
    for (const events of windows) {
      const fromMs = events[0]?.createdAtMs ?? T0;
      const toMs = (events.at(-1)?.createdAtMs ?? T0) + 1_000;
      await store.collect.commitWindow(
        lease,
        {
          account: ACCOUNT,
          fromMs,
          toMs,
          events,
          quarantined: [],
          verified: true,
          watermarkMs: toMs,
          nowMs: Date.now(),
        },
        () => ({ alerts: [], state: [] }),
      );
    }
    const ms = performance.now() - started;
    const { bytes } = await store.status.totals();
    await store.close();
    return { ms, bytes };
  });

const take = async (store: Store) => {
  const answer = await store.leases.acquire('bench', 'bench', 3_600_000);
  if (!('lease' in answer)) throw new Error('the lease of a new store is taken');
  return answer.lease;
};

const alert = (n: number): NewAlert => ({
  sinks: ['hook'],
  alert: {
    id: stableId('alert', String(n)),
    kind: 'rule',
    status: 'firing',
    rule: { id: 'rule', title: 'A rule', level: 'high', tags: [], references: [] },
    account: ACCOUNT,
    message: 'Something happened',
    fields: [{ name: 'user', value: 'somebody' }],
    events: [event(n).fields],
    eventIds: [uuid(n)],
    eventTypes: ['USER_LOGIN'],
    createdAtMs: T0,
    decidedAtMs: T0,
  },
});

const outbox = (): Promise<void> =>
  inFolder(async (path) => {
    const store = openStore({ path, now: Date.now });
    const alerts = Array.from({ length: DELIVERIES }, (_, n) => alert(n));
    let started = performance.now();
    for (let i = 0; i < DELIVERIES; i += 1_000) await store.outbox.enqueue(alerts.slice(i, i + 1_000));
    print('outbox: enqueued per second', String(perSecond(DELIVERIES, performance.now() - started)));
    started = performance.now();
    for (;;) {
      const claimed = await store.outbox.claim('hook', BATCH, 60_000);
      if (claimed.length === 0) break;
      const now = Date.now();
      const settlements = claimed.map(({ id, attempt }) => ({
        deliveryId: id,
        attempt,
        startedAtMs: now,
        endedAtMs: now,
        outcome: 'sent' as const,
        detail: '200',
        next: { state: 'sent' as const },
      }));
      await store.outbox.settle(settlements, []);
    }
    const rate = perSecond(DELIVERIES, performance.now() - started);
    print(`outbox: claimed and settled per second by ${BATCH}`, String(rate));
    await store.close();
  });

const all = Array.from({ length: EVENTS }, (_, n) => event(n)).sort(byTime);
const windows = Array.from({ length: Math.ceil(EVENTS / WINDOW) }, (_, i) =>
  all.slice(i * WINDOW, (i + 1) * WINDOW),
);
print('events, bytes of a body', `${EVENTS}, ${all[0]?.json.length}`);
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
const bare: number[] = [];
const stored: number[] = [];
let bytes = 0;
for (let round = 0; round < ROUNDS; round += 1) {
  bare.push(perSecond(EVENTS, await bareInserts(windows)));
  const result = await commits(windows);
  stored.push(perSecond(EVENTS, result.ms));
  bytes = result.bytes;
}
print('bare inserts per second', `${median(bare)}  (${bare.join(', ')})`);
print('commitWindow events per second', `${median(stored)}  (${stored.join(', ')})`);
print('ratio of the medians', (median(stored) / median(bare)).toFixed(2));
print('bytes per event on disk, log included', String(Math.round(bytes / EVENTS)));
await outbox();
