import { createHash } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { Lease } from '../core/lease.ts';
import type { BeatAnswer, ReplicaFacts, ReplicaState, Replicas, ShareName } from '../core/replicas.ts';
import type { Connection } from './connection.ts';
import { CLEAR_ALL, REMOVE, SERVER_LIFE, timeOf, WHOLE } from './leases.ts';
import type { Others } from './postgres-others.ts';
import type { PoolWatch } from './postgres-watch.ts';
import { unsureUntil } from './server-life.ts';
import { all, get, run, type Steps, value, values } from './steps.ts';

/** Rows of the dead are kept for so long, for people who look what has become of them. */
const FORGET_MS = 86_400_000;
/** How often a set of shares that stays the same is told anew. */
const TELL_SET_MS = 3_600_000;

/*
 * Locks: a beat and a claim touch rows of their own replica, or free ones that nobody is just taking (SKIP LOCKED), in the order of
 * names. A commit under a lease holds its row FOR KEY SHARE, which a renewal does not wait for, but a claim passes over.
 */
const PUT = `INSERT INTO replicas (id, version, config_hash, refusal, started_ms, wants, seen_ms, ttl_ms)
  VALUES (@id, @version, @hash, @refusal, @started, @wants, @now, @ttl)
  ON CONFLICT (id) DO UPDATE SET config_hash = excluded.config_hash, refusal = excluded.refusal, wants = excluded.wants,
    seen_ms = excluded.seen_ms, ttl_ms = excluded.ttl_ms`;
// Told anew now and then: who removes old ones waits for it, and finds it young.
const PUT_SET = `INSERT INTO share_sets (hash, names, told_ms) VALUES (?, ?::text::jsonb, ?)
  ON CONFLICT (hash) DO UPDATE SET told_ms = excluded.told_ms`;
const SET = `SELECT jsonb_array_elements_text(names) FROM share_sets WHERE hash = ?`;
const RENEW = `UPDATE leases SET renewed_ms = ?, ttl_ms = ? WHERE holder = ? RETURNING name, holder, token, ${SERVER_LIFE} AS server`;
// A beat is made by the clock of its moment: one that lies further ahead than a lease lasts is from before that clock was set back. Less
// may be the beat of another replica that overtook this one, and keeps what nobody holds for one lease more at most.
const FORGET = 'DELETE FROM replicas WHERE seen_ms < ? OR seen_ms > ? + ttl_ms';
const FORGET_SETS =
  'DELETE FROM share_sets WHERE told_ms < ? AND NOT EXISTS (SELECT 1 FROM replicas WHERE wants = hash)';
const REBASE = "UPDATE leases SET renewed_ms = ? WHERE renewed_ms > ? + ttl_ms AND holder <> ''";
const ALIVE = `SELECT id, version, config_hash AS "configHash", refusal, started_ms AS "startedAtMs", wants,
  seen_ms AS "seenAtMs", seen_ms + ttl_ms AS "expiresAtMs" FROM replicas WHERE seen_ms + ttl_ms > ? ORDER BY id`;
const IS_ALIVE = 'SELECT 1 FROM replicas WHERE id = ? AND seen_ms + ttl_ms > ?';
const HELD = `SELECT name, holder, token FROM leases WHERE holder <> '' AND renewed_ms + ttl_ms > ? ORDER BY name`;
const MAKE = `INSERT INTO leases (name, holder, token, renewed_ms, ttl_ms)
  SELECT name, '', 0, 0, 0 FROM unnest(?::text[]) AS given (name) WHERE NOT EXISTS (SELECT 1 FROM leases AS l WHERE l.name = given.name)
  ORDER BY name ON CONFLICT (name) DO NOTHING`;
const FREE = `SELECT name FROM leases WHERE name = ANY(?::text[]) AND (holder = '' OR renewed_ms + ttl_ms <= ?)
  ORDER BY name FOR UPDATE SKIP LOCKED`;
const TAKE = `UPDATE leases SET holder = ?, token = token + 1, renewed_ms = ?, ttl_ms = ? WHERE name = ANY(?::text[])
  RETURNING name, holder, token, ${SERVER_LIFE} AS server`;
const CLEAR = `UPDATE leases SET holder = '', ttl_ms = 0 FROM unnest(?::text[], ?::bigint[]) AS given (name, token)
  WHERE leases.name = given.name AND leases.token = given.token AND leases.holder = ?`;
// Who takes that lease holds its row until it is committed, and looks for living replicas meanwhile.
const WHOLE_HELD =
  'SELECT holder, renewed_ms + ttl_ms AS "expiresAtMs" FROM leases WHERE name = ? FOR KEY SHARE';

type ReplicaRow = Omit<ReplicaState, 'wants' | 'refusal'> & {
  readonly wants: string;
  readonly refusal: string | null;
};

/** Replicas on PostgreSQL. Beats and all that belongs to them goes over `connection`; people are answered by `work`. */
export const createReplicas = (
  connection: Connection,
  work: Pick<Connection, 'read' | 'onChangedServer'>,
  now: Clock | undefined,
  others: Pick<Others, 'tell' | 'told'>,
  watch: PoolWatch,
): Replicas => {
  /** What sets of shares hold, by their hashes: a set never changes, and is as long as a configuration. */
  const sets = new Map<string, readonly ShareName[]>();
  let toldSet: { readonly hash: string; readonly atMs: number } | undefined;
  const forget = (): void => {
    sets.clear();
    toldSet = undefined;
  };
  connection.onChangedServer?.(forget);
  work.onChangedServer?.(forget);

  function* setOf(hash: string): Steps<readonly ShareName[]> {
    const known = sets.get(hash);
    if (known) return known;
    const names = yield* values<ShareName>(SET, hash);
    if (names.length > 0) sets.set(hash, names);
    return names;
  }

  function* standing(nowMs: number): Steps<Pick<BeatAnswer, 'nowMs' | 'replicas' | 'shares'>> {
    const replicas: ReplicaState[] = [];
    for (const { wants, refusal, ...row } of yield* all<ReplicaRow>(ALIVE, nowMs))
      replicas.push({ ...row, refusal: refusal ?? undefined, wants: yield* setOf(wants) });
    for (const hash of sets.keys())
      if (!replicas.some(({ wants }) => wants === sets.get(hash))) sets.delete(hash);
    const held = new Map((yield* all<Lease>(HELD, nowMs)).map((lease) => [lease.name, lease]));
    const names = [...new Set(replicas.flatMap(({ wants }) => wants))].toSorted();
    return { nowMs, replicas, shares: names.map((name) => ({ name, lease: held.get(name) })) };
  }

  /** It may wait for what somebody has locked who is no longer there: the next one shall not. */
  const beaten = async <T>(work: () => Steps<T>): Promise<T> => {
    try {
      return await connection.commitLightly(work);
    } catch (error) {
      void watch.free();
      throw error;
    }
  };

  return {
    async beat(facts, ttlMs) {
      const wants = JSON.stringify([...facts.wants].toSorted());
      const hash = createHash('sha256').update(wants).digest('hex');
      try {
        watch.check();
      } catch (error) {
        void watch.look();
        throw error;
      }
      const answer = await beaten(function* () {
        const nowMs = yield* timeOf(now);
        yield* run(FORGET, nowMs - FORGET_MS, nowMs);
        yield* run(REBASE, nowMs, nowMs);
        const isNews = toldSet?.hash !== hash || Math.abs(nowMs - toldSet.atMs) >= TELL_SET_MS;
        if (isNews) {
          yield* run(PUT_SET, hash, wants, nowMs);
          yield* run(FORGET_SETS, nowMs - FORGET_MS);
        }
        const unsureUntilMs = yield* unsureUntil(facts.id, nowMs);
        yield* run(PUT, { ...bound(facts), wants: hash, now: nowMs, ttl: ttlMs });
        const leases = yield* all<Lease>(RENEW, nowMs, ttlMs, facts.id);
        return { ...(yield* standing(nowMs)), leases, unsureUntilMs, isNews };
      });
      const { isNews, ...said } = answer;
      if (isNews) toldSet = { hash, atMs: said.nowMs };
      void watch.look();
      return said;
    },

    claim: (id, shares, ttlMs) =>
      connection.commitLightly(function* () {
        const nowMs = yield* timeOf(now);
        if (shares.length === 0 || (yield* value<number>(IS_ALIVE, id, nowMs)) === undefined) return [];
        yield* run(MAKE, [...shares, WHOLE]);
        const whole = yield* get<{ holder: string; expiresAtMs: number }>(WHOLE_HELD, WHOLE);
        if (whole && whole.holder !== '' && whole.expiresAtMs > nowMs) return [];
        const free = yield* values<string>(FREE, shares, nowMs);
        return free.length === 0 ? [] : yield* all<Lease>(TAKE, id, nowMs, ttlMs, free);
      }),

    async release(leases) {
      if (leases.length === 0) return;
      await connection.commit(function* () {
        for (const holder of new Set(leases.map((lease) => lease.holder))) {
          const own = leases.filter((lease) => lease.holder === holder);
          const [of, tokens] = [own.map(({ name }) => name), own.map(({ token }) => token)];
          yield* run(CLEAR, of, tokens, holder);
        }
      });
      others.tell('shares');
    },

    async leave(id) {
      await connection.commit(function* () {
        yield* run(CLEAR_ALL, id);
        yield* run(REMOVE, id);
      });
      others.tell('shares');
    },

    list: () =>
      work.read(function* () {
        return yield* standing(yield* timeOf(now));
      }),

    told: (signal) => others.told('shares', signal),

    toldOfWork: (signal) => others.told('work', signal),
  };
};

const bound = ({ id, version, configHash, refusal, startedAtMs }: ReplicaFacts) => ({
  id,
  version,
  hash: configHash,
  refusal: refusal ?? null,
  started: startedAtMs,
});
