import { hash } from 'node:crypto';
import type { WindowCommit } from '../core/collect-store.ts';
import type { AuditEvent, QuarantinedEvent } from '../core/event.ts';
import { eventDigest } from './chain.ts';
import { openChain } from './chain-append.ts';
import { conflictWith } from './conflict.ts';
import type { Found } from './insert-events.ts';
import type { Names } from './names.ts';
import { encodeText } from './postgres-text.ts';
import { all, many, run, type Steps, type Value, value } from './steps.ts';

const postgres = (sql: string) => ({ sqlite: '', postgres: sql });

/** The upper sixteen bits of the numbers of our locks; the others are a `seq`. */
const ANNOUNCED = 0x56_4d;

const KNOWN = postgres(
  'SELECT id, md5(json) AS digest FROM events WHERE account = ? AND id = ANY(?::text[])',
);
const JSON_OF = 'SELECT json FROM events WHERE account = ? AND id = ?';
// See {@link committedUpTo}.
const ANNOUNCE = postgres(`SELECT pg_advisory_xact_lock_shared(
  ${ANNOUNCED} * 281474976710656 + last_value - CASE WHEN is_called THEN 0 ELSE 1 END) FROM events_seq`);
const INSERT = postgres(`INSERT INTO events (account, type, created_ms, seen_ms, id, json, position, hash)
  SELECT account, type, created_ms, seen_ms, id, json, position, hash
  FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::bigint[], ?::bytea[])
    AS new (account, type, created_ms, seen_ms, id, json, position, hash)
  ORDER BY position`);

/**
 * Inserts what is new with a few statements, however many events there are. The chain of the account is held from the look
 * at what is known to the end of the transaction, so nobody can store the same events meanwhile.
 */
export function* insertTogether(account: number, commit: WindowCommit, eventTypes: Names): Steps<Found> {
  const conflicts: QuarantinedEvent[] = [];
  if (commit.events.length === 0) return { fresh: [], conflicts };
  const chain = yield* openChain(account, commit.account);
  const ids = commit.events.map(({ id }) => id);
  const known = new Map<string, string>();
  for (const row of yield* all<{ id: string; digest: string }>(KNOWN, account, ids))
    known.set(row.id, row.digest);
  const fresh: AuditEvent[] = [];
  const again: AuditEvent[] = [];
  for (const event of commit.events) {
    // As it is read back.
    const id = event.id.toWellFormed();
    const digest = known.get(id);
    if (digest === undefined) {
      known.set(id, digestOf(event));
      fresh.push(event);
    } else if (digest !== digestOf(event)) again.push(event);
  }
  if (fresh.length > 0) {
    const types = yield* eventTypes.keys(fresh.map(({ eventType }) => eventType));
    const rows: Value[][] = [];
    for (const { id, json, createdAtMs, eventType } of fresh) {
      const link = chain.next(createdAtMs, commit.nowMs, eventDigest(commit.account, id, eventType, json));
      chain.took(link);
      const type = types.get(eventType) ?? 0;
      rows.push([account, type, createdAtMs, commit.nowMs, id, json, link.position, link.bytes]);
    }
    yield* run(ANNOUNCE);
    yield* many(INSERT, rows);
    yield* chain.save();
  }
  for (const event of again) {
    const stored = yield* value<string>(JSON_OF, account, event.id);
    const conflict = stored === undefined ? undefined : conflictWith(stored, event);
    if (conflict) conflicts.push(conflict);
  }
  return { fresh, conflicts };
}

/** What the server says of the stored text. */
const digestOf = ({ json }: AuditEvent): string => hash('md5', encodeText(json.toWellFormed()));

const LAST_GIVEN = postgres('SELECT last_value FROM events_seq');
const OLDEST_ANNOUNCED = postgres(`SELECT min(((classid::bigint & 65535) << 32) + objid::bigint) FROM pg_locks
  WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = ${ANNOUNCED}
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);

/**
 * The `seq` up to which every event is committed or never will be. Several transactions insert at a time, and one that began
 * later may be committed sooner: whoever reads by `seq` and remembers the last one would pass over the events of the other.
 *
 * Whoever inserts announces, by a lock that hinders nobody and ends with the transaction, a number below all that it will be
 * given, and only then takes its numbers. So, asked in this order: what was given before the first question is announced
 * still, or its transaction has ended, and the next statement sees what it left.
 */
export function* committedUpTo(): Steps<number> {
  const given = (yield* value<number>(LAST_GIVEN)) ?? 0;
  const announced = yield* value<number | null>(OLDEST_ANNOUNCED);
  return Math.min(given, announced ?? given);
}
