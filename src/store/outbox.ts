import type { Clock } from '../core/clock.ts';
import type { Outbox } from '../core/outbox.ts';
import type { InsertAlerts } from './alerts.ts';
import type { ApplyConditions } from './conditions.ts';
import type { Connection } from './connection.ts';
import type { FoldDue } from './fold.ts';
import { putGate, readGate } from './gates.ts';
import { createHandOver } from './hand-over.ts';
import { checkLease, isCurrent } from './leases.ts';
import { createOutboxActs } from './outbox-acts.ts';
import { createClaim } from './outbox-claim.ts';
import { countOverdue, parkOverdue } from './outbox-overdue.ts';
import { settle } from './outbox-settle.ts';
import { many, run, value } from './steps.ts';

/** What the outbox shares with the other parts of the store. */
export interface OutboxDeps {
  readonly insertAlerts: InsertAlerts;
  readonly applyConditions: ApplyConditions;
  readonly foldDue: FoldDue;
  readonly now: Clock;
}

const RELEASE = {
  sqlite: `UPDATE deliveries SET state = 'pending', due_ms = ?, attempts = attempts - 1
    WHERE id = ? AND state = 'sending'`,
  postgres: `UPDATE deliveries SET state = 'pending', due_ms = given.due_ms, attempts = attempts - 1
    FROM unnest(?::bigint[], ?::text[]) AS given (due_ms, id) WHERE deliveries.id = given.id AND state = 'sending'`,
};
// The attempt that a crash cut off counts: it may have reached its receiver. What is sent has a due_ms; saying so lets
// the small index of what is under way answer, at every start, instead of all deliveries that are kept.
const RECLAIM =
  "UPDATE deliveries SET state = 'pending', due_ms = ? WHERE due_ms IS NOT NULL AND state = 'sending'";
const RECLAIM_OF = `${RECLAIM} AND sink = ?`;
const NEXT_DUE =
  'SELECT due_ms FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL ORDER BY due_ms LIMIT 1';
// What was never tried is due when it is due: it may be held on purpose.
const HASTEN =
  "UPDATE deliveries SET due_ms = ? WHERE sink = ? AND due_ms > ? AND state = 'pending' AND attempts > 0";

/** The outbox. */
export const createOutbox = (connection: Connection, deps: OutboxDeps): Outbox => {
  const { now } = deps;
  const claim = createClaim(deps.foldDue);
  const handOver = createHandOver(connection.dialect);
  return {
    claim: (sink, limit, leaseMs, options = {}) =>
      connection.commitLightly(function* () {
        if (options.lease) yield* checkLease(options.lease);
        return yield* claim(sink, limit, leaseMs, options, now());
      }),

    // Of all sinks together: each commit waits for the disk, and nothing else happens meanwhile.
    settle: (settlements, changes, about, lease) =>
      connection.commitTogether(function* () {
        const nowMs = now();
        yield* settle(settlements, nowMs);
        if (lease && !(yield* isCurrent(lease))) return [];
        if (about) {
          yield* putGate(about.sink, about.gate);
          if (about.hasten) yield* run(HASTEN, nowMs, about.sink, nowMs);
        }
        return yield* deps.applyConditions(changes);
      }),

    gate: (sink) => connection.read(() => readGate(sink)),

    async handOver(sink, fallback) {
      const { given, committed } = await connection.commit(() => handOver(sink, fallback, now()));
      committed();
      return given;
    },

    overdue: (sink, beforeMs) => connection.read(() => countOverdue(sink, beforeMs)),

    parkOverdue: (overdue) => connection.commit(() => parkOverdue(overdue, now())),

    release: (deliveryIds, lease) =>
      connection.commitLightly(function* () {
        if (lease) yield* checkLease(lease);
        const nowMs = now();
        yield* many(
          RELEASE,
          deliveryIds.map((id) => [nowMs, id]),
        );
      }),

    reclaim: (sink, lease) =>
      connection.commitLightly(function* () {
        if (lease) yield* checkLease(lease);
        return sink === undefined ? yield* run(RECLAIM, now()) : yield* run(RECLAIM_OF, now(), sink);
      }),

    nextDueMs: (sink) => connection.read(() => value<number>(NEXT_DUE, sink)),

    ...createOutboxActs(connection, now),

    enqueue: (alerts) => connection.commit(() => deps.insertAlerts(alerts, now())),
  };
};
