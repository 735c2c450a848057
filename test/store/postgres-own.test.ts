import Database from 'better-sqlite3';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/core/store.ts';
import { POSTGRES_MIGRATIONS, SQLITE_MIGRATIONS } from '../../src/store/migrations/list.ts';
import { openPostgresHistory, openPostgresStore } from '../../src/store/open-postgres.ts';
import { PLANNING_IN_TURN } from '../../src/store/planner-memory.ts';
import { clientConfig, workPatience } from '../../src/store/postgres-client.ts';
import { connectPostgres } from '../../src/store/postgres-connection.ts';
import { isLost, translate } from '../../src/store/postgres-errors.ts';
import { type Steps, value } from '../../src/store/steps.ts';
import { createFaultProxy } from '../support/fault-proxy.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { auditEvent, decided, decideNothing, T0, take, windowOf } from './fixtures.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(() => database.clear());

const opened: Store[] = [];
const open = async (url = database.url, poolSize = 4): Promise<Store> => {
  const store = await openPostgresStore({
    place: { kind: 'postgres', url, poolSize },
    now: () => T0 + 100_000,
  });
  opened.push(store);
  return store;
};
const closeAll = async (): Promise<void> => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
};
const SCHEMA = 'vonage_audit_monitor';

describe('the schema', () => {
  it('is made by one of several that start at once, and the same as that of SQLite', async () => {
    await Promise.all([open(), open(), open()]);
    await closeAll();
    expect(POSTGRES_MIGRATIONS).toHaveLength(SQLITE_MIGRATIONS.length);
    const rows = await database.query<{ name: string; columns: string[] }>(
      `SELECT table_name AS name, array_agg(column_name::text ORDER BY column_name) AS columns
       FROM information_schema.columns WHERE table_schema = $1 AND table_name !~ '^events_' OR table_name = 'event_types'
       GROUP BY table_name`,
      [SCHEMA],
    );
    // By these several processes divide their work: there is one at a time on a file.
    const onlyHere = ['events_other', 'replicas', 'share_sets'];
    expect(rows.filter(({ name }) => onlyHere.includes(name))).toHaveLength(2);
    const sqlite = new Database(':memory:');
    for (const sql of SQLITE_MIGRATIONS) sqlite.exec(sql);
    const tables = sqlite
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .pluck()
      .all();
    const expected = tables.map((name) => ({
      name,
      columns: sqlite
        .prepare<[string], string>('SELECT name FROM pragma_table_info(?) ORDER BY name')
        .pluck()
        .all(name),
    }));
    const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
    expect(rows.filter(({ name }) => !onlyHere.includes(name)).toSorted(byName)).toEqual(
      expected.toSorted(byName),
    );
    sqlite.close();
  });

  it('refuses one that is not ours, one of a newer version, and none to be read', async () => {
    const other = await createDatabase();
    try {
      await expect(openPostgresHistory({ kind: 'postgres', url: other.url })).rejects.toMatchObject({
        kind: 'missing',
      });
      await other.query(`CREATE SCHEMA ${SCHEMA}; CREATE TABLE ${SCHEMA}.theirs (x int)`);
      await expect(open(other.url)).rejects.toMatchObject({ kind: 'foreign' });
      await other.query(`DROP SCHEMA ${SCHEMA} CASCADE`);
      await (await open(other.url)).close();
      await other.query(`UPDATE ${SCHEMA}.meta SET value = '999' WHERE name = 'schema_version'`);
      await expect(open(other.url)).rejects.toMatchObject({ kind: 'newer' });
      await other.query(`UPDATE ${SCHEMA}.meta SET value = '4' WHERE name = 'schema_version'`);
      await expect(openPostgresHistory({ kind: 'postgres', url: other.url })).rejects.toThrow(
        /an older version wrote it/,
      );
    } finally {
      await closeAll();
      await other.drop();
    }
  });

  it('tells where it is without the password, and that nobody answers', async () => {
    const url = 'postgres://somebody:very-secret@127.0.0.1:1/monitor';
    const error: unknown = await open(url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'unreachable' });
    expect(String(error)).toContain('postgres://somebody@127.0.0.1:1/monitor');
    expect(String(error)).not.toContain('very-secret');
  });

  it('refuses a wrong password as what it is', async () => {
    await expect(open(database.url.replace('a-password', 'wrong'))).rejects.toMatchObject({
      kind: 'missing',
    });
  });
});

describe('the functions of the owner', () => {
  it('take no temporary table of whoever calls them for theirs', async () => {
    const other = await createDatabase();
    const role = `app_${other.name}`;
    try {
      await (await open(other.url)).close();
      await other.query(
        `CREATE ROLE ${role} LOGIN PASSWORD 'low'; GRANT USAGE ON SCHEMA ${SCHEMA} TO ${role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${SCHEMA} TO ${role};
         GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${SCHEMA} TO ${role}`,
      );
      const url = new URL(other.url);
      url.username = role;
      url.password = 'low';
      const low = new pg.Client(url.href);
      await low.connect();
      // A table that the functions name, with a trigger that runs as whoever touches it.
      await low.query(
        `CREATE TEMP TABLE seen (who text); GRANT ALL ON seen TO PUBLIC;
         CREATE FUNCTION pg_temp.trap() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN INSERT INTO pg_temp.seen VALUES (current_user); RETURN NULL; END $$;
         CREATE TEMP TABLE events_other (LIKE ${SCHEMA}.events);
         CREATE TRIGGER trap AFTER DELETE ON pg_temp.events_other EXECUTE FUNCTION pg_temp.trap();
         GRANT ALL ON pg_temp.events_other TO PUBLIC`,
      );
      const from = Date.UTC(2026, 0, 1);
      const to = Date.UTC(2026, 1, 1);
      const call = `SELECT ${SCHEMA}.add_events_month(${from}, ${to}, 'events_2026_01')`;
      await low.query(call).catch((error: unknown) => error);
      expect((await low.query('SELECT who FROM pg_temp.seen')).rows).toEqual([]);
      const ours = "to_regclass('vonage_audit_monitor.events_2026_01') IS NOT NULL AS there";
      expect(await other.query(`SELECT ${ours}`)).toEqual([{ there: true }]);
      await low.query(
        `CREATE TEMP TABLE events_2026_01 (x int); SELECT ${SCHEMA}.drop_events_month('events_2026_01')`,
      );
      expect(await other.query(`SELECT ${ours}`)).toEqual([{ there: false }]);
      await low.end();
    } finally {
      await closeAll();
      await other.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await other.drop();
    }
  });
});

describe('several that commit at once', () => {
  it('never let a feed or a stream pass over an event that is committed later than its successors', async () => {
    const store = await open();
    const lease = await take(store);
    await store.feeds.open('siem', 'start');
    await store.collect.commitWindow(lease, windowOf([auditEvent('first', 1)]), decideNothing);
    // A transaction as the store makes one: it announces itself, takes a number, and takes its time.
    const slow = new pg.Client(database.url);
    await slow.connect();
    await slow.query(`SET search_path TO ${SCHEMA}; BEGIN`);
    await slow.query(
      `SELECT pg_advisory_xact_lock_shared(22093 * 281474976710656 + last_value) FROM events_seq`,
    );
    await slow.query(
      `INSERT INTO events (account, type, created_ms, seen_ms, id, json) VALUES (1, 1, ${T0}, ${T0}, 'slow', '{}')`,
    );
    await store.collect.commitWindow(
      lease,
      windowOf([auditEvent('quick', 1, {}, 'other')], { account: 'other' }),
      decideNothing,
    );
    const ids = async (): Promise<readonly string[]> =>
      (await store.feeds.read('siem', 100)).entries.map(({ event }) => event.id);
    const looked = async (): Promise<readonly string[]> =>
      (await store.browse.eventsSince(0, 100)).map(({ id }) => id);
    const begun = (await store.browse.newest()).event;
    // The quick one is there, and has a higher number than the slow one, which nobody can see yet.
    expect((await store.history.events({})).items.map(({ id }) => id)).toEqual(['first', 'quick']);
    expect(await ids()).toEqual(['first']);
    expect(await looked()).toEqual(['first']);
    await slow.query('COMMIT');
    await slow.end();
    expect(await ids()).toEqual(['first', 'slow', 'quick']);
    expect(await looked()).toEqual(['first', 'slow', 'quick']);
    // Who begins to look while one is under way is told of it.
    expect((await store.browse.eventsSince(begun, 100)).map(({ id }) => id)).toEqual(['slow', 'quick']);
    await closeAll();
  });

  it('keep every event once, with whole chains and right sums, whoever reads a feed meanwhile', async () => {
    const stores = [await open(), await open()];
    const [one, two] = stores as [Store, Store];
    const lease = await take(one);
    await one.feeds.open('siem', 'start');
    const seen: string[] = [];
    let done = false;
    const follow = async (): Promise<void> => {
      for (let after = 0; ; ) {
        const ended = done;
        const { entries } = await two.feeds.read('siem', 7, after);
        for (const { event, cursor } of entries) {
          seen.push(`${event.account} ${event.id}`);
          after = cursor;
        }
        if (ended && entries.length === 0) return;
      }
    };
    const following = follow();
    const expected: string[] = [];
    await Promise.all(
      Array.from({ length: 12 }, async (_, account) => {
        for (let i = 0; i < 6; i += 1) {
          const name = `account ${account}`;
          const events = [0, 1, 2].map((n) =>
            auditEvent(`${i}-${n}`, i * 3 + n, { event_type: `TYPE_${(account + n) % 5}` }, name),
          );
          expected.push(...events.map(({ id }) => `${name} ${id}`));
          await stores[account % 2]?.collect.commitWindow(lease, windowOf(events, { account: name }), () => ({
            alerts: [decided(`${name} ${i}`, ['a', 'b'])],
            state: [{ key: 'k', value: i }],
          }));
        }
      }),
    );
    done = true;
    await following;
    expect(seen.toSorted()).toEqual(expected.toSorted());
    expect((await one.status.totals()).events).toBe(expected.length);
    expect(await two.status.deliveryCounts()).toEqual([
      { sink: 'a', state: 'pending', count: 72 },
      { sink: 'b', state: 'pending', count: 72 },
    ]);
    const heads = await one.chains.heads();
    expect(heads.filter(({ chain }) => chain === 'events').map(({ position }) => position)).toEqual(
      Array(12).fill(18),
    );
    await closeAll();
  });

  it('on one account are one after the other, and give no event to the decider twice', async () => {
    const stores = [await open(), await open()];
    const lease = await take(stores[0] as Store);
    const events = Array.from({ length: 40 }, (_, i) => auditEvent(`e${i}`, i));
    const given: string[] = [];
    const ends = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        (stores[i % 2] as Store).collect.commitWindow(
          lease,
          windowOf(events.slice(i * 3, i * 3 + 13)),
          (fresh) => {
            given.push(...fresh.map(({ id }) => id));
            return { alerts: [], state: [] };
          },
        ),
      ),
    );
    const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
    expect(refused).toEqual(refused.map(() => expect.objectContaining({ kind: 'busy' }) as unknown));
    const stored = (await (stores[0] as Store).history.events({ limit: 100 })).items.map(({ id }) => id);
    expect(new Set(stored).size).toBe(stored.length);
    expect(new Set(given).size).toBe(given.length);
    expect(given.toSorted()).toEqual(stored.toSorted());
    await closeAll();
  });

  it('claim each delivery once', async () => {
    const stores = [await open(), await open()];
    await (stores[0] as Store).outbox.enqueue(Array.from({ length: 60 }, (_, i) => decided(`a${i}`)));
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_, i) => (stores[i % 2] as Store).outbox.claim('hook', 7, 60_000)),
    );
    const ids = claims.flat().map(({ id }) => id);
    expect(ids).toHaveLength(60);
    expect(new Set(ids).size).toBe(60);
    await closeAll();
  });

  it.each([
    ['dropped', "state = 'dropped', due_ms = NULL", 0],
    ['put off', `due_ms = ${T0 + 900_000}`, 0],
    // One of its own: it goes as what the bundle has come to.
    ['put into a bundle', "bundle = 'group:x'", 1],
  ])('never claim a delivery that is just being %s', async (_, change, later) => {
    const store = await open();
    await store.outbox.enqueue([decided('goes'), decided('stays')]);
    const other = new pg.Client(database.url);
    await other.connect();
    await other.query(`SET search_path TO ${SCHEMA}; BEGIN`);
    await other.query(
      `UPDATE deliveries SET ${change} WHERE alert = (SELECT seq FROM alerts WHERE id = $1)`,
      [decided('goes').alert.id],
    );
    const goOn = async (): Promise<readonly string[]> =>
      (await store.outbox.claim('hook', 7, 60_000)).map(({ alert }) => alert.id);
    // It waits for nobody: what somebody is just changing is looked at next time.
    expect(await goOn()).toEqual([decided('stays').alert.id]);
    await other.query('COMMIT');
    await other.end();
    expect(await goOn()).toHaveLength(later);
    expect(await database.query(`SELECT seq FROM ${SCHEMA}.deliveries WHERE state = 'sending'`)).toHaveLength(
      1 + later,
    );
    await closeAll();
  });
});

it('who folds a group waits for who is just putting something into it: nothing of it comes behind its sending', async () => {
  const store = await open();
  await store.outbox.enqueue([decided('one'), decided('two'), decided('three')]);
  const other = new pg.Client(database.url);
  await other.connect();
  const bundled = `UPDATE deliveries SET bundle = 'group:x' WHERE alert IN (SELECT seq FROM alerts WHERE id = ANY($1))`;
  await other.query(`SET search_path TO ${SCHEMA}`);
  await other.query(bundled, [[decided('one').alert.id, decided('two').alert.id]]);
  await other.query('BEGIN');
  await other.query(PLANNING_IN_TURN.postgres);
  await other.query(bundled, [[decided('three').alert.id]]);
  const claimed = store.outbox.claim('hook', 7, 60_000);
  const waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
  while ((await database.query(waits)).length === 0);
  await other.query('COMMIT');
  await other.end();
  expect((await claimed).map(({ alert }) => alert.summary?.total)).toEqual([3]);
  await closeAll();
});

describe('a connection', () => {
  it('that breaks leaves nothing half-written, says so, and is made anew', async () => {
    const proxy = await createFaultProxy(Number(new URL(database.url).port));
    try {
      const url = new URL(database.url);
      url.port = String(proxy.port);
      const store = await open(url.href);
      const lease = await take(store);
      const cut = store.collect.commitWindow(lease, windowOf([auditEvent('a', 1)]), () => {
        proxy.cut();
        return { alerts: [decided('x')], state: [{ key: 'k', value: 1 }] };
      });
      await expect(cut).rejects.toMatchObject({ kind: 'unreachable' });
      // The pool is full of broken connections: nobody notices.
      expect(await store.collect.ruleState('default')).toEqual(new Map());
      expect((await store.history.alerts({})).items).toEqual([]);
      const again = await store.collect.commitWindow(lease, windowOf([auditEvent('a', 1)]), decideNothing);
      expect(again.fresh.map(({ id }) => id)).toEqual(['a']);
      proxy.cut();
      await store.collect.commitWindow(lease, windowOf([auditEvent('b', 2)]), decideNothing);
      await proxy.down();
      await expect(store.status.probe()).rejects.toMatchObject({ kind: 'unreachable' });
      await proxy.up();
      await store.status.probe();
    } finally {
      await closeAll();
      await proxy.close();
    }
  });

  it('that breaks takes with it what is remembered: the next server may lack the last commits', async () => {
    const proxy = await createFaultProxy(Number(new URL(database.url).port));
    try {
      const url = new URL(database.url);
      url.port = String(proxy.port);
      const store = await open(url.href, 1);
      const commit = async (id: string, account: string): Promise<void> => {
        const event = auditEvent(id, 1, { event_type: `TYPE_${account}` }, account);
        const lease = await take(store);
        await store.collect.commitWindow(lease, windowOf([event], { account }), decideNothing);
      };
      await commit('a', 'lost');
      // Only now is it remembered: a name that is given just now is not.
      await commit('b', 'lost');
      const [key] = await database.query<{ key: number }>(
        `SELECT key FROM ${SCHEMA}.accounts WHERE name = 'lost'`,
      );
      // The other server never heard of this account; it gives its key to another one.
      await database.clear();
      await database.query(
        `INSERT INTO ${SCHEMA}.accounts (key, name) OVERRIDING SYSTEM VALUE VALUES ($1, 'theirs')`,
        [key?.key],
      );
      proxy.cut();
      await commit('c', 'lost');
      expect(
        await database.query(
          `SELECT a.name, t.name AS type FROM ${SCHEMA}.events AS e JOIN ${SCHEMA}.accounts AS a ON a.key = e.account
           JOIN ${SCHEMA}.event_types AS t ON t.key = e.type`,
        ),
      ).toEqual([{ name: 'lost', type: 'TYPE_lost' }]);
    } finally {
      await closeAll();
      await proxy.close();
    }
  });

  it('tells other processes that there is something to do, and not itself', async () => {
    const [one, two] = [await open(), await open()];
    // What was told before anybody could hear it counts as told.
    const heard = async (store: Store): Promise<void> => {
      while (!(await store.status.changedByOthers())) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await heard(one);
    await heard(two);
    await one.outbox.enqueue([decided('x')]);
    await heard(two);
    expect(await one.status.changedByOthers()).toBe(false);
    await closeAll();
  });

  it('tells them as well what a fallback gets, and what a silence hid: another one may work those sinks', async () => {
    const [one, two] = [await open(), await open()];
    const heard = async (): Promise<void> => {
      while (!(await two.status.changedByOthers())) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await heard();
    await one.outbox.enqueue([decided('given', ['hook'])]);
    await heard();
    expect(await one.outbox.handOver('hook', 'other')).toBe(1);
    await heard();
    const overdue = { sink: 'hook', beforeMs: T0 * 2, limit: 10, detail: 'too old', fallback: 'third' };
    expect(await one.outbox.parkOverdue(overdue)).toBe(1);
    await heard();
    await one.outbox.enqueue([decided('hidden', ['quiet'])]);
    await heard();
    await one.silences.add({
      id: 's1',
      author: 'alice',
      reason: 'work',
      match: {},
      createdAtMs: T0 - 2_000,
      startsAtMs: T0 - 2_000,
      endsAtMs: T0 - 1_000,
      expired: undefined,
      schedule: undefined,
    });
    await heard();
    await database.query(
      `SET search_path TO ${SCHEMA}; UPDATE deliveries SET state = 'silenced', silence = 's1', due_ms = NULL WHERE sink = 'quiet'`,
    );
    expect(await one.silences.tellEnded()).toMatchObject([{ hidden: 1, sinks: ['quiet'] }]);
    await heard();
    await closeAll();
  });

  it('has as much time as it takes for migrations, copies and long reads, and not for others', async () => {
    const other = await createDatabase();
    const limits = 'statement_timeout=800&query_timeout=900&idle_in_transaction_session_timeout=800';
    const url = `${other.url}?${limits}`;
    const holder = new pg.Client(other.url);
    await holder.connect();
    try {
      await holder.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('${SCHEMA} migration', 0))`);
      const migrating = open(url);
      await holder.query('SELECT pg_sleep(1.1); COMMIT');
      await migrating;
      const connection = connectPostgres({ kind: 'postgres', url });
      function* slow(): Steps<unknown> {
        yield* value('SELECT pg_sleep(1.1)');
        return yield* value("SELECT current_setting('idle_in_transaction_session_timeout')");
      }
      expect(await connection.snapshot((run) => run(slow))).toBe('0');
      expect(await connection.transaction((run) => run(slow))).toBe('0');
      await expect(connection.commit(slow)).rejects.toMatchObject({ kind: 'busy' });
      expect(
        await connection.commit(() => value("SELECT current_setting('idle_in_transaction_session_timeout')")),
      ).toBe('800ms');
      await connection.close();
    } finally {
      await holder.end();
      await closeAll();
      await other.drop();
    }
  });

  it('that is not to be had, since all are in use, is busy and not unreachable', async () => {
    const pool = new pg.Pool({ connectionString: database.url, max: 1 });
    const client = await pool.connect();
    pool.options.connectionTimeoutMillis = 1;
    const error: unknown = await pool.connect().catch((thrown: unknown) => thrown);
    client.release();
    await pool.end();
    expect(translate('here', error)).toMatchObject({ kind: 'busy' });
    expect(String(translate('here', error))).toContain('here: (timeout exceeded when trying to connect): ');
    expect(isLost(error)).toBe(false);
  });

  it('is checked as store.tls says, whatever the URL says', () => {
    const url = 'postgres://u:p@h/d?sslmode=no-verify&connect_timeout=3&sslrootcert=%2Fnowhere';
    const config = clientConfig({ kind: 'postgres', url, tls: {} }, workPatience(10_000));
    expect(config.connectionString).toBe('postgres://u:p@h/d?connect_timeout=3');
    expect(config.ssl).toMatchObject({ rejectUnauthorized: true });
    expect(clientConfig({ kind: 'postgres', url }, workPatience(10_000)).connectionString).toBe(url);
  });

  it('is refused after the end', async () => {
    const store = await open();
    await store.close();
    await expect(store.status.probe()).rejects.toMatchObject({ kind: 'closed' });
    await closeAll();
  });
});
