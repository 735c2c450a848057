import { stat } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { stableId } from '../src/base/hash.ts';
import type { Alert } from '../src/core/alert.ts';
import type { AuditEvent } from '../src/core/event.ts';
import type { Lease } from '../src/core/lease.ts';
import type { Store } from '../src/core/store.ts';
import { createGenerator } from '../src/simulator/generator.ts';
import { openStore } from '../src/store/open-store.ts';

/** Secret of all accounts of the benchmark. */
export const SCALE_SECRET = 'a-secret-of-the-benchmark';
/** API key of an account, by its place. */
export const accountKey = (index: number): string => `k${String(index).padStart(7, '0')}`;
/** Name of an account in the configuration, by its place. */
export const accountName = (index: number): string => `account-${index}`;

/** Over so long a time the stored events are spread, up to now. */
export const STORED_MS = 30 * 86_400_000;
const SINK = 'console';
/** One alert, with a delivery that was sent, for so many events; and one window of the ledger. */
const EVENTS_PER_ALERT = 50;
const EVENTS_PER_WINDOW = 20;
const PARKED = 20;
const BODIES = 500;

type Row = Record<string, unknown>;

/**
 * Makes a store with `events` stored events of `accounts` accounts at `path`, as a monitor leaves it: accounts, one event
 * of each, an alert and its delivery go through the store's own ways; then these rows are multiplied by plain SQL, so that
 * ten million take minutes and whatever columns the schema has are filled. Resolves with the bytes of the file.
 */
export const fillStore = async (path: string, accounts: number, events: number): Promise<number> => {
  const nowMs = Math.floor(Date.now() / 1_000) * 1_000;
  const store = openStore({ path, now: () => nowMs, durability: 'off' });
  const answer = await store.leases.acquire('bench', 'bench', 60_000);
  if (!('lease' in answer)) throw new Error('the lease of a new store is taken');
  for (let index = 0; index < accounts; index += 1) await commitOne(store, answer.lease, index, nowMs);
  await deliverAll(store, nowMs);
  await store.close();
  multiply(path, { accounts, events, nowMs });
  return (await stat(path)).size;
};

const commitOne = async (store: Store, lease: Lease, index: number, nowMs: number): Promise<void> => {
  const account = accountName(index);
  const [wire] = createGenerator({ seed: 'scale', account }).burst(1, nowMs - STORED_MS, 1_000);
  if (!wire) throw new Error('the generator gave no event');
  const event: AuditEvent = {
    id: wire.id,
    account,
    eventType: wire.event_type,
    createdAtMs: nowMs - STORED_MS,
    json: JSON.stringify(wire),
    fields: { ...wire },
  };
  const window = { fromMs: nowMs - STORED_MS, toMs: nowMs, watermarkMs: nowMs, nowMs };
  const alerts = index === 0 ? [{ alert: alertOf(event, nowMs), sinks: [SINK] }] : [];
  await store.collect.commitWindow(
    lease,
    { account, ...window, events: [event], quarantined: [], verified: true },
    () => ({ alerts, state: [] }),
  );
};

const alertOf = (event: AuditEvent, nowMs: number): Alert => ({
  id: stableId('scale', event.id),
  kind: 'rule',
  status: 'firing',
  rule: { id: 'scale-rule', title: 'A rule of the benchmark', level: 'high', tags: [], references: [] },
  account: event.account,
  message: 'Something happened that somebody should look at.',
  fields: [{ name: 'Who', value: 'somebody@example.com' }],
  events: [event.fields],
  eventIds: [event.id],
  eventTypes: [event.eventType],
  createdAtMs: event.createdAtMs,
  decidedAtMs: nowMs,
});

const deliverAll = async (store: Store, nowMs: number): Promise<void> => {
  const claimed = await store.outbox.claim(SINK, 10, 60_000);
  const settlements = claimed.map(({ id, attempt }) => ({
    deliveryId: id,
    attempt,
    startedAtMs: nowMs,
    endedAtMs: nowMs,
    outcome: 'sent' as const,
    detail: 'written',
    next: { state: 'sent' as const },
  }));
  await store.outbox.settle(settlements, []);
};

/** Copies the first row of a table, with some columns replaced; answers a function that inserts one such row. */
const copier = (db: Database.Database, table: string): ((replaced: Row) => number | bigint) => {
  const model = db.prepare<[], Row>(`SELECT * FROM ${table} LIMIT 1`).get();
  if (!model) throw new Error(`${table} is empty`);
  const { seq: _, ...rest } = model;
  const names = Object.keys(rest);
  const insert = db.prepare(
    `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map((name) => `@${name}`).join(', ')})`,
  );
  return (replaced) => insert.run({ ...rest, ...replaced }).lastInsertRowid;
};

const multiply = (
  path: string,
  { accounts, events, nowMs }: { readonly accounts: number; readonly events: number; readonly nowMs: number },
): void => {
  const db = new Database(path);
  // A write-ahead log would hold all of it a second time. Pages that are added need no place in a journal, and random ids
  // want their index in memory; the file is thrown away when this fails.
  db.pragma('journal_mode = MEMORY');
  db.pragma('synchronous = OFF');
  db.pragma('cache_size = -1500000');
  const types = db.prepare<[], number>('SELECT key FROM event_types').pluck().all();
  const bodies = createGenerator({ seed: 'scale', account: 'bodies' }).burst(
    BODIES,
    nowMs - 86_400_000,
    1_000,
  );
  const texts = bodies.map((body) => JSON.stringify(body));
  const copy = {
    event: copier(db, 'events'),
    window: copier(db, 'windows'),
    alert: copier(db, 'alerts'),
    delivery: copier(db, 'deliveries'),
    attempt: copier(db, 'attempts'),
  };
  const alert = JSON.parse(
    db.prepare<[], string>('SELECT json FROM alerts LIMIT 1').pluck().get() ?? '',
  ) as Alert;
  const stepMs = STORED_MS / events;
  db.exec('BEGIN');
  for (let n = accounts; n < events; n += 1) {
    const atMs = Math.floor((nowMs - STORED_MS + n * stepMs) / 1_000) * 1_000;
    const id = uuid(n);
    const json = (texts[n % BODIES] ?? '').replace(bodies[n % BODIES]?.id ?? '', id);
    const account = (n % accounts) + 1;
    copy.event({
      account,
      type: types[n % types.length],
      created_ms: atMs,
      seen_ms: atMs + 30_000,
      id,
      json,
    });
    if (n % EVENTS_PER_WINDOW === 0)
      copy.window({ account, from_ms: atMs - 30_000, to_ms: atMs, committed_ms: atMs });
    if (n % EVENTS_PER_ALERT !== 0) continue;
    const alertId = stableId('scale-alert', id);
    const text = JSON.stringify({ ...alert, id: alertId, createdAtMs: atMs, decidedAtMs: atMs });
    const seq = copy.alert({ id: alertId, decided_ms: atMs, json: text });
    const state = n > events - PARKED * EVENTS_PER_ALERT ? 'parked' : 'sent';
    const times = { created_ms: atMs, ended_ms: atMs, since_ms: atMs };
    const delivery = copy.delivery({ id: stableId('scale-delivery', id), alert: seq, state, ...times });
    copy.attempt({ delivery, started_ms: atMs, ended_ms: atMs });
  }
  db.prepare('UPDATE progress SET events = ?').run(Math.floor(events / accounts));
  db.exec('COMMIT');
  db.close();
};

/** A UUID out of a number, as random as real ids to an index: multiplying by an odd number permutes 64 bits. */
const uuid = (n: number): string => {
  const mixed = BigInt.asUintN(64, BigInt(n + 1) * 0x9e_37_79_b9_7f_4a_7c_15n);
  const hex = mixed.toString(16).padStart(16, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13)}-8000-${n.toString(16).padStart(12, '0')}`;
};
