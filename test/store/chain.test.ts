import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChainBreak, ChainHead, PublishedHead } from '../../src/core/chain.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import type { Silence } from '../../src/core/silence.ts';
import type { Store } from '../../src/core/store.ts';
import { type Verification, verifyChains } from '../../src/store/chain-verify.ts';
import { SQLITE_MIGRATIONS } from '../../src/store/migrations/list.ts';
import { openStore } from '../../src/store/open-store.ts';
import { connect } from '../../src/store/sqlite-connection.ts';
import { auditEvent, decideNothing, T0, take, windowOf } from './fixtures.ts';

let folder = '';
let path = '';
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-chain-'));
  path = join(folder, 'monitor.db');
  store = openStore({ path, now: () => T0 + 100_000, durability: 'off' });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const commit = async (events: readonly AuditEvent[], account = 'default', nowMs = T0 + 100_000) =>
  store.collect.commitWindow(await take(store), windowOf(events, { account, nowMs }), decideNothing);
const events = (from: number, to: number, account = 'default'): readonly AuditEvent[] =>
  Array.from({ length: to - from }, (_, i) => auditEvent(`e${from + i}`, from + i, { user: 'ann' }, account));
const verify = (options: Partial<Parameters<typeof verifyChains>[0]> = {}): Promise<Verification> =>
  verifyChains({
    path,
    account: undefined,
    heads: [],
    onProgress() {},
    signal: new AbortController().signal,
    ...options,
  });
const breaks = async (heads: readonly PublishedHead[] = []): Promise<readonly ChainBreak[]> =>
  (await verify({ heads })).reports.map(({ broken }) => broken).filter((broken) => broken !== undefined);
/** What somebody does to the file with another program. */
const tamper = (work: (db: Database.Database) => void): void => {
  const db = new Database(path);
  try {
    work(db);
  } finally {
    db.close();
  }
};
const sql = (text: string): void => tamper((db) => void db.exec(text));

describe('the chain of events', () => {
  it('holds for everything that was committed, over restarts, and whatever the events hold', async () => {
    await commit(events(0, 5));
    await commit([...events(3, 5), ...events(5, 8)]);
    await commit(events(0, 3, 'other'), 'other');
    await store.close();
    store = openStore({ path, now: () => T0, durability: 'off' });
    await commit([
      {
        ...auditEvent('lone \ud800', 20),
        json: '{"text":"\\ud800 \u{1f600} \u2028","n":12345678901234567890}',
      },
      { ...auditEvent('nul\u0000', 21), json: '{"a":1,"a":2}' },
      { ...auditEvent('', 22), json: `{"big":"${'x'.repeat(5_000_000)}"}` },
    ]);
    const { reports, complete } = await verify();
    expect(complete).toBe(true);
    expect(reports).toMatchObject([
      { chain: 'events', account: 'default', position: 11, verified: 11, unchained: 0, broken: undefined },
      { chain: 'events', account: 'other', position: 3, verified: 3, broken: undefined },
    ]);
    expect(await store.chains.heads()).toEqual(
      reports.map(({ chain, account, position, hash }) => ({ chain, account, position, hash })),
    );
    expect((await verify({ account: 'other' })).reports).toHaveLength(1);
  });

  it('has hashes that never change between releases', async () => {
    const [event] = events(0, 1) as [AuditEvent];
    await commit([event]);
    // As docs/integrity.md says it, written down once more.
    const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
    const genesis = sha256('vonage-audit-monitor chain 1\ndefault');
    const digest = sha256(`event 7 2 14\ndefaulte0NUMBER_UPDATED${event.json}`);
    const hash = sha256(`link 1 ${T0} ${T0 + 100_000}\n${genesis}${digest}`);
    expect(await store.chains.heads()).toEqual([{ chain: 'events', account: 'default', position: 1, hash }]);
    expect(hash).toBe('b55207c6705d8af9ef8639db54bc3ff5d690007fd65d94f022902254397dbe92');
  });

  it('does not grow by a window that was rolled back', async () => {
    await commit(events(0, 2));
    const before = await store.chains.heads();
    await expect(
      store.collect.commitWindow(await take(store), windowOf(events(2, 4)), () => {
        throw new Error('planned');
      }),
    ).rejects.toThrow('planned');
    expect(await store.chains.heads()).toEqual(before);
    await commit(events(2, 4));
    expect(await breaks()).toEqual([]);
  });

  it('stops when it is asked to, and then says nothing', async () => {
    await commit(Array.from({ length: 4_001 }, (_, i) => auditEvent(`e${i}`, 1)));
    const stop = new AbortController();
    const found = await verify({ signal: stop.signal, onProgress: () => stop.abort() });
    expect(found).toMatchObject({ complete: false, reports: [] });
  });
});

describe('what somebody did to the file', () => {
  beforeEach(async () => {
    await commit(events(0, 10));
    await commit(events(0, 4, 'other'), 'other');
  });

  const cases: readonly (readonly [string, string, Partial<ChainBreak>])[] = [
    [
      'changed what an event says',
      "UPDATE events SET json = replace(json, 'ann', 'eve') WHERE id = 'e4' AND account = 1",
      { kind: 'changed', position: 5, id: 'e4', detail: expect.stringContaining('what follows still fits') },
    ],
    [
      'changed the last event',
      "UPDATE events SET json = replace(json, 'ann', 'eve') WHERE id = 'e9'",
      { kind: 'changed', position: 10, id: 'e9', detail: expect.stringContaining('still fits') },
    ],
    [
      'moved an event to another time',
      "UPDATE events SET created_ms = created_ms - 86400000 WHERE id = 'e6'",
      {
        kind: 'changed',
        position: 7,
        id: 'e6',
        detail: expect.stringContaining('time beside the JSON and in it differ'),
      },
    ],
    [
      'changed when it was seen',
      "UPDATE events SET seen_ms = seen_ms + 1 WHERE id = 'e6'",
      { kind: 'changed', position: 7, id: 'e6' },
    ],
    [
      'gave an event another type',
      "INSERT INTO event_types (name) VALUES ('HARMLESS'); UPDATE events SET type = 2 WHERE id = 'e7'",
      {
        kind: 'changed',
        position: 8,
        id: 'e7',
        detail: expect.stringContaining('event type beside the JSON'),
      },
    ],
    [
      'gave an event another id',
      "UPDATE events SET id = 'x' WHERE id = 'e7'",
      { kind: 'changed', position: 8, id: 'x', detail: expect.stringContaining('id beside the JSON') },
    ],
    [
      'removed an event',
      "DELETE FROM events WHERE id = 'e5'",
      {
        kind: 'removed',
        position: 6,
        id: undefined,
        detail: 'an entry is missing (position 6), behind "e4" and before "e6"',
      },
    ],
    [
      'removed several',
      "DELETE FROM events WHERE id IN ('e5', 'e6', 'e7')",
      {
        kind: 'removed',
        position: 6,
        detail: '3 entries are missing (positions 6 to 8), behind "e4" and before "e8"',
      },
    ],
    [
      'removed the first ones',
      "DELETE FROM events WHERE id IN ('e0', 'e1') AND account = 1",
      {
        kind: 'removed',
        position: 1,
        detail: expect.stringContaining('behind the beginning and before "e2"'),
      },
    ],
    [
      'removed the last ones',
      "DELETE FROM events WHERE id IN ('e8', 'e9')",
      { kind: 'removed', position: 9, detail: 'the end is missing (positions 9 to 10), behind "e7"' },
    ],
    [
      'removed all',
      'DELETE FROM events WHERE account = 1',
      { kind: 'removed', position: 1, detail: expect.stringContaining('positions 1 to 10') },
    ],
    [
      'added one',
      "INSERT INTO events (account, type, created_ms, seen_ms, id, json) VALUES (1, 1, 0, 0, 'forged', '{}')",
      { kind: 'inserted', id: 'forged', detail: expect.stringContaining('carries no hash') },
    ],
    [
      'added one with the place and hash of another',
      `INSERT INTO events (account, type, created_ms, seen_ms, id, json, position, hash)
       SELECT account, type, created_ms, seen_ms, 'forged', json, position, hash FROM events WHERE id = 'e9'`,
      { kind: 'inserted', position: 10, id: 'forged', detail: expect.stringContaining('as "e9" does') },
    ],
    [
      'swapped two',
      `UPDATE events SET seq = -1 WHERE seq = 4; UPDATE events SET seq = 4 WHERE seq = 8;
       UPDATE events SET seq = 8 WHERE seq = -1`,
      {
        kind: 'reordered',
        position: 4,
        id: 'e7',
        detail: 'it was committed as number 8 and stands before "e3", which was committed as number 4',
      },
    ],
    [
      'gave it to another account',
      "UPDATE events SET account = 2 WHERE id = 'e9'",
      { kind: 'removed', position: 10 },
    ],
    [
      'changed a hash',
      "UPDATE events SET hash = zeroblob(32) WHERE id = 'e3' AND account = 1",
      { kind: 'changed', position: 4, id: 'e3', detail: expect.stringContaining('does not fit it either') },
    ],
    [
      'changed the head',
      'UPDATE chains SET head_hash = zeroblob(32) WHERE account = 1',
      { kind: 'changed', position: 10, detail: expect.stringContaining('committed as the head') },
    ],
    [
      'removed the record of the chain',
      'DELETE FROM chains WHERE account = 1',
      { kind: 'changed', detail: 'the record of the chain itself is gone' },
    ],
    [
      'pretended that one was pruned',
      `INSERT INTO chain_holes SELECT account, position, created_ms, seen_ms, zeroblob(32) FROM events WHERE id = 'e5';
       DELETE FROM events WHERE id = 'e5'`,
      { kind: 'removed', position: 6, detail: expect.stringContaining('nothing so young was ever pruned') },
    ],
    [
      'gave an event to an account that does not exist',
      "INSERT INTO events (account, type, created_ms, seen_ms, id, json) VALUES (77, 1, 0, 0, 'forged', '{}')",
      { kind: 'inserted', id: 'forged', detail: 'it belongs to no account' },
    ],
  ];
  it.each(cases)('%s', async (_, statement, expected) => {
    expect(await breaks()).toEqual([]);
    sql(statement);
    const [first] = await breaks();
    expect(first).toMatchObject(expected);
  });

  it('is found only where it is: the other account is whole', async () => {
    sql("DELETE FROM events WHERE id = 'e5'");
    expect((await verify()).reports.map(({ account, broken }) => [account, broken?.kind])).toEqual([
      ['default', 'removed'],
      ['other', undefined],
    ]);
    // What comes after the break is appended to what was committed, and the break stays where it is.
    await commit(events(10, 12));
    expect(await breaks()).toMatchObject([{ kind: 'removed', position: 6 }]);
  });
});

describe('a head that was published', () => {
  /** Stores events as the monitor does, in a new file in place of the old one. */
  const rewrite = async (count: number, user: string): Promise<void> => {
    await store.close();
    rmSync(path);
    store = openStore({ path, now: () => T0 + 100_000, durability: 'off' });
    await commit(Array.from({ length: count }, (_, i) => auditEvent(`e${i}`, i, { user })));
  };
  const bare = ({ hash }: ChainHead): PublishedHead => ({
    chain: undefined,
    account: '',
    position: undefined,
    hash,
  });

  it('is still on the chain when the chain has grown', async () => {
    await commit(events(0, 10));
    const [head] = (await store.chains.heads()) as [ChainHead];
    await commit(events(10, 20));
    expect(await breaks([head])).toEqual([]);
    expect((await verify({ heads: [head, bare(head)] })).heads).toEqual({ found: 2, pruned: 0, missing: [] });
  });

  it('shows that everything was written anew, hashes included', async () => {
    await commit(events(0, 10));
    const [head] = (await store.chains.heads()) as [ChainHead];
    await rewrite(12, 'eve');
    expect(await breaks()).toEqual([]);
    expect(await breaks([head])).toMatchObject([{ kind: 'rewritten', position: 10, id: 'e9' }]);
    expect((await verify({ heads: [bare(head)] })).heads.missing).toEqual([head.hash]);
  });

  it('shows that the end was cut off, the head with it', async () => {
    await commit(events(0, 10));
    const [head] = (await store.chains.heads()) as [ChainHead];
    await rewrite(6, 'ann');
    expect(await breaks()).toEqual([]);
    expect(await breaks([head])).toMatchObject([
      { kind: 'truncated', position: 7, detail: expect.stringContaining('the chain ends at 6') },
    ]);
  });

  it('shows that a whole account is gone', async () => {
    await commit(events(0, 3, 'other'), 'other');
    const [head] = (await store.chains.heads()) as [ChainHead];
    await rewrite(3, 'ann');
    expect(await breaks([head])).toMatchObject([{ kind: 'truncated' }]);
  });

  it('says nothing once what it stands for was pruned', async () => {
    await commit(events(0, 5));
    const [head] = (await store.chains.heads()) as [ChainHead];
    await commit(events(5, 10));
    await store.retention.prune(T0 + 7_000, 100);
    expect(await breaks([head])).toEqual([]);
    expect((await verify({ heads: [head] })).heads).toEqual({ found: 0, pruned: 1, missing: [] });
  });
});

describe('pruning', () => {
  it('moves the beginning of the chain, and the chain holds', async () => {
    await commit(events(0, 10));
    expect(await store.retention.prune(T0 + 6_000, 4)).toBe(4);
    expect(await store.retention.prune(T0 + 6_000, 4)).toBe(2);
    expect((await verify()).reports).toMatchObject([
      {
        position: 10,
        verified: 4,
        holes: 0,
        prunedTo: 6,
        pruned: { atMs: T0 + 100_000, beforeMs: T0 + 6_000 },
        broken: undefined,
      },
    ]);
    sql("DELETE FROM events WHERE id = 'e6'");
    expect(await breaks()).toMatchObject([{ kind: 'removed', position: 7 }]);
  });

  it('prunes all of an account, and the next event follows', async () => {
    await commit(events(0, 3));
    await store.retention.prune(T0 + 50_000, 100);
    expect((await verify()).reports).toMatchObject([{ position: 3, verified: 0, broken: undefined }]);
    await commit(events(90, 92));
    expect((await verify()).reports).toMatchObject([{ position: 5, verified: 2, broken: undefined }]);
  });

  it('leaves a hole for what was committed behind younger events, until those go as well', async () => {
    await commit(events(50, 53));
    await commit(events(0, 3));
    await commit(events(53, 55));
    expect(await store.retention.prune(T0 + 10_000, 100)).toBe(3);
    expect((await verify()).reports).toMatchObject([
      { position: 8, verified: 5, holes: 3, prunedTo: 0, broken: undefined },
    ]);
    expect(await store.retention.prune(T0 + 53_000, 100)).toBe(3);
    expect((await verify()).reports).toMatchObject([
      { verified: 2, holes: 0, prunedTo: 6, broken: undefined },
    ]);
    tamper((db) => expect(db.prepare('SELECT count(*) AS n FROM chain_holes').get()).toEqual({ n: 0 }));
  });

  it('a hole proves that what was there was old', async () => {
    await commit(events(50, 53));
    await commit(events(0, 3));
    await store.retention.prune(T0 + 10_000, 100);
    sql('UPDATE chain_holes SET created_ms = created_ms - 1 WHERE position = 5');
    expect(await breaks()).toMatchObject([{ kind: 'changed', position: 6 }]);
  });

  it('goes on although positions were tampered with', async () => {
    await commit(events(50, 53));
    await commit(events(0, 3));
    sql('UPDATE events SET position = 5; DELETE FROM chain_holes');
    expect(await store.retention.prune(T0 + 90_000, 100)).toBe(6);
    expect(await breaks()).not.toEqual([]);
  });
});

describe('what an older version stored', () => {
  it('is not covered, and named; what comes after it is', async () => {
    await store.close();
    rmSync(path);
    const old = connect({ path, durability: 'off', migrations: SQLITE_MIGRATIONS.slice(0, 2) });
    old.db.exec(`
      INSERT INTO accounts VALUES (1, 'default'); INSERT INTO event_types VALUES (1, 'NUMBER_UPDATED');
      INSERT INTO progress VALUES (1, ${T0}, ${T0}, ${T0}, 3);
      INSERT INTO events (account, type, created_ms, seen_ms, id, json)
        VALUES (1, 1, ${T0}, ${T0}, 'a', '{}'), (1, 1, ${T0}, ${T0}, 'b', '{}'), (1, 1, ${T0 + 1}, ${T0}, 'c', '{}');
      INSERT INTO acts (at_ms, act, by, subject, detail) VALUES (${T0}, 'silence.added', 'ann', 's', 'old');`);
    old.close();
    store = openStore({ path, now: () => T0, durability: 'off' });
    expect((await verify()).reports).toMatchObject([
      { position: 0, unchained: 3, broken: undefined },
      { chain: 'acts', position: 0, unchained: 1, broken: undefined },
    ]);
    await commit(events(5, 9));
    await store.acts.record({ act: 'delivery.retried', atMs: T0, by: 'bob', subject: 'd', detail: '' });
    expect((await verify()).reports).toMatchObject([
      { position: 4, verified: 4, unchained: 3, broken: undefined },
      { chain: 'acts', position: 1, verified: 1, unchained: 1, broken: undefined },
    ]);
    await store.retention.prune(T0 + 1, 100);
    expect((await verify()).reports).toMatchObject([
      { unchained: 1, broken: undefined },
      { broken: undefined },
    ]);
    sql("DELETE FROM events WHERE id = 'c'");
    expect(await breaks()).toMatchObject([
      { kind: 'removed', detail: 'older versions stored 1 entries without a hash, and there are 0' },
    ]);
  });
});

describe('the chain of acts', () => {
  const silence: Silence = {
    id: 's1',
    match: { rule: ['x'] },
    author: 'ann',
    reason: 'tests',
    createdAtMs: T0,
    startsAtMs: T0,
    endsAtMs: T0 + 1_000_000,
    schedule: undefined,
    expired: undefined,
  };
  beforeEach(async () => {
    await store.silences.add(silence);
    await store.acts.record({ act: 'alert.acknowledged', atMs: T0, by: 'bob', subject: 'a', detail: 'seen' });
    await store.silences.add({ ...silence, id: 's2', startsAtMs: T0 + 5, schedule: { days: ['mon'] } });
  });

  it('holds, also when acts are pruned', async () => {
    await store.silences.expire('s1', 'carol', T0 + 200_000);
    expect((await verify()).reports).toMatchObject([
      { chain: 'acts', position: 4, verified: 4, broken: undefined },
    ]);
    expect((await store.chains.heads()).at(-1)).toMatchObject({ chain: 'acts', account: '', position: 4 });
    await store.retention.prune(T0 + 150_000, 100);
    expect((await verify()).reports).toMatchObject([{ verified: 1, prunedTo: 3, broken: undefined }]);
  });

  it.each([
    [
      'who did it',
      "UPDATE acts SET by = 'eve' WHERE subject = 'a'",
      { kind: 'changed', position: 2, id: 'alert.acknowledged a' },
    ],
    ['that it was done', "DELETE FROM acts WHERE subject = 'a'", { kind: 'removed', position: 2 }],
    [
      'that there was a silence',
      "DELETE FROM acts WHERE subject = 's2'",
      { kind: 'removed', position: 3, detail: expect.stringContaining('the end is missing') },
    ],
    [
      'how long a silence lasts',
      `UPDATE silences SET json = replace(json, '"endsAtMs":${T0 + 1_000_000}', '"endsAtMs":${T0 + 9_000_000}'), ends_ms = ${T0 + 9_000_000} WHERE id = 's1'`,
      { kind: 'disagrees', id: 's1', detail: expect.stringContaining('and now says') },
    ],
    [
      'what a silence hides',
      `UPDATE silences SET json = replace(json, '"rule":["x"]', '"level":["high"]') WHERE id = 's2'`,
      { kind: 'disagrees', id: 's2' },
    ],
    [
      'whose silence it is',
      `UPDATE silences SET json = replace(json, '"ann"', '"bob"') WHERE id = 's2'`,
      { kind: 'disagrees', id: 's2', detail: 'added by ann, and now says by bob' },
    ],
    [
      'that a silence was put there by nobody',
      `INSERT INTO silences (id, ends_ms, json) SELECT 'forged', ends_ms, replace(json, '"s1"', '"forged"') FROM silences WHERE id = 's1'`,
      { kind: 'disagrees', id: 'forged', detail: 'nobody added it: there is no act' },
    ],
    [
      'that a silence is over',
      `UPDATE silences SET expired_ms = ${T0}, expired_by = 'ann' WHERE id = 's1'`,
      { kind: 'disagrees', id: 's1', detail: 'it says that it was ended early, and there is no such act' },
    ],
  ])('shows when somebody changes %s', async (_, statement, expected) => {
    expect(await breaks()).toEqual([]);
    sql(statement);
    expect(await breaks()).toMatchObject([expected]);
  });

  it('shows that an ended silence was put into force again', async () => {
    await store.silences.expire('s1', 'carol', T0);
    sql("UPDATE silences SET expired_ms = NULL WHERE id = 's1'");
    expect(await breaks()).toMatchObject([
      { kind: 'disagrees', detail: 'carol ended it, and it is in force again' },
    ]);
  });
});

describe('any history', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('commit' as const),
      ids: fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 8 }),
      account: fc.constantFrom('one', 'two'),
    }),
    fc.record({
      kind: fc.constant('prune' as const),
      second: fc.integer({ min: 0, max: 40 }),
      limit: fc.integer({ min: 1, max: 6 }),
    }),
  );
  const tampering = fc.constantFrom(
    "UPDATE events SET json = json || ' ' WHERE seq = ?",
    'UPDATE events SET created_ms = created_ms + 1 WHERE seq = ?',
    'UPDATE events SET seen_ms = seen_ms + 1 WHERE seq = ?',
    "UPDATE events SET id = id || 'x' WHERE seq = ?",
    'UPDATE OR REPLACE events SET account = 3 - account WHERE seq = ?',
    'UPDATE events SET hash = randomblob(32) WHERE seq = ?',
    'UPDATE events SET position = position + 1 WHERE seq = ?',
    'UPDATE events SET position = NULL, hash = NULL WHERE seq = ?',
    'DELETE FROM events WHERE seq = ?',
  );

  it('is whole whatever is committed and pruned in whatever order, and broken by any change', async () => {
    let files = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 14 }),
        tampering,
        fc.nat(),
        async (steps, statement, which) => {
          await store.close();
          files += 1;
          path = join(folder, `${files}.db`);
          store = openStore({ path, now: () => T0, durability: 'off' });
          // Both accounts exist, with one event each that is never pruned.
          await commit([auditEvent('last', 50, {}, 'one')], 'one');
          await commit([auditEvent('last', 50, {}, 'two')], 'two');
          for (const one of steps) {
            if (one.kind === 'prune') await store.retention.prune(T0 + one.second * 1_000, one.limit);
            else
              await commit(
                one.ids.map((n) => auditEvent(`e${n}`, n, {}, one.account)),
                one.account,
              );
          }
          const published = await store.chains.heads();
          expect(await breaks(published)).toEqual([]);
          tamper((db) => {
            const seqs = db.prepare<[], number>('SELECT seq FROM events ORDER BY seq').pluck().all();
            db.prepare<[number | undefined]>(statement).run(seqs[which % seqs.length]);
          });
          expect(await breaks(published)).not.toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
