import type { WindowCommit } from '../core/collect-store.ts';
import type { AuditEvent, QuarantinedEvent } from '../core/event.ts';
import { eventDigest } from './chain.ts';
import { type Link, openChain } from './chain-append.ts';
import { conflictWith } from './conflict.ts';
import type { Names } from './names.ts';
import { each, type Steps, value } from './steps.ts';

/** What of a window was new, and what contradicts what is stored. */
export interface Found {
  readonly fresh: readonly AuditEvent[];
  readonly conflicts: readonly QuarantinedEvent[];
}

/** Inserts the events of a window that are new, inside the caller's transaction. */
export type InsertEvents = (account: number, commit: WindowCommit, eventTypes: Names) => Steps<Found>;

const INSERT = `INSERT INTO events (account, type, created_ms, seen_ms, id, json, position, hash)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, id) DO NOTHING`;
const JSON_OF = 'SELECT json FROM events WHERE account = ? AND id = ?';

/**
 * One statement after the other, which is the quickest where no statement travels. This loop is the hot path of a catch-up:
 * no JSON is looked at but for a known id.
 */
export function* insertEach(account: number, commit: WindowCommit, eventTypes: Names): Steps<Found> {
  const fresh: AuditEvent[] = [];
  const conflicts: QuarantinedEvent[] = [];
  if (commit.events.length === 0) return { fresh, conflicts };
  const chain = yield* openChain(account, commit.account);
  const types = yield* eventTypes.keys(commit.events.map(({ eventType }) => eventType));
  const known: AuditEvent[] = [];
  let index = -1;
  let link: Link | undefined;
  yield* each(INSERT, (changes) => {
    const before = commit.events[index];
    if (link && before) {
      if (changes === 1) {
        chain.took(link);
        fresh.push(before);
      } else known.push(before);
    }
    index += 1;
    const event = commit.events[index];
    if (!event) return undefined;
    const { id, json, createdAtMs, eventType } = event;
    link = chain.next(createdAtMs, commit.nowMs, eventDigest(commit.account, id, eventType, json));
    return [
      account,
      types.get(eventType) ?? 0,
      createdAtMs,
      commit.nowMs,
      id,
      json,
      link.position,
      link.bytes,
    ];
  });
  for (const event of known) {
    const stored = yield* value<string>(JSON_OF, account, event.id);
    const conflict = stored === undefined || stored === event.json ? undefined : conflictWith(stored, event);
    if (conflict) conflicts.push(conflict);
  }
  yield* chain.save();
  return { fresh, conflicts };
}
