import { sleep } from '../base/sleep.ts';
import type { Delivery } from '../core/delivery.ts';
import { LeaseLostError } from '../core/lease.ts';
import { noTracer } from '../core/tracer.ts';
import { ABORT_PATIENCE_MS, createAttempts } from './attempt.ts';
import type { ClaimSize } from './claim-size.ts';
import { createCommitRest } from './commit-rest.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import type { Overdue } from './hand-over.ts';
import { createParkedCondition } from './parked-condition.ts';
import { createReport } from './report.ts';
import { createSendQueue } from './send-queue.ts';
import type { Settled } from './settled.ts';
import { settlementOf } from './settlement.ts';
import { createSettler } from './settler.ts';
import type { SinkLoopOptions } from './sink-loop-options.ts';

/** What a sink has claimed: each is sent and settled, or given back. */
export interface Flight {
  /** How many are claimed, and neither settled nor given back. */
  readonly size: number;
  /** How many of them wait for a place to be sent. */
  readonly waiting: number;
  /** Sends what was claimed until `leasedUntilMs`. What is under way already goes on under the new claim. */
  add(claimed: readonly Delivery[], leasedUntilMs: number): void;
  /**
   * Gives back what is not begun, and settles what is: within `graceMs` of the policy once `hurry` aborts, and about two
   * seconds. What is left then is given back too.
   */
  finish(hurry: AbortSignal): Promise<void>;
}

/** What a {@link Flight} shares with the rest of the loop. */
export interface FlightParts {
  readonly gatekeeper: Gatekeeper;
  readonly claimSize: ClaimSize;
  readonly overdue: Overdue;
  /** Told of every failure of the store; answers how long to wait before the next try, in ms. */
  readonly storeFailed: (operation: string, error: unknown, failures: number) => number;
}

interface Claimed {
  readonly delivery: Delivery;
  readonly leasedUntilMs: number;
}

/** Makes a {@link Flight}. Once `signal` has aborted, nothing is begun any more. */
export const createFlight = (
  options: SinkLoopOptions,
  { gatekeeper, claimSize, overdue, storeFailed }: FlightParts,
  signal: AbortSignal,
): Flight => {
  const { sink, outbox, lease, now, random, policy, wake, log } = options;
  /**
   * Claimed and not yet settled or released, with the attempt of the latest claim. What is held is never started a
   * second time: when a clock jump lets its lease expire, the send in flight takes the new claim over.
   */
  const held = new Map<string, number>();
  const hardStop = new AbortController();
  const giveUp = new AbortController();
  const condition = createParkedCondition(sink.name, options.conditions, policy.recoverAfterMs, now);
  const report = createReport(sink.name, log, options.telemetry, options.tracer ?? noTracer);

  const settler = createSettler<Settled>({
    async commit(group) {
      const turn = gatekeeper.after(group.map(({ verdict }) => verdict));
      const isAged = turn.gate.opens > 0 && group.some(isParkedByAge);
      const more = isAged ? await outbox.overdue(sink.name, now() - policy.maxAgeMs) : 0;
      const parkedChanges = condition.changes(group, more);
      const changes = [...parkedChanges, ...turn.changes];
      const keys = await outbox.settle(
        group.map(({ settlement }) => ({
          ...settlement,
          attempt: held.get(settlement.deliveryId) ?? settlement.attempt,
        })),
        changes,
        turn.about,
        lease,
      );
      condition.committed(group, parkedChanges);
      gatekeeper.committed(turn);
      if (more > 0) overdue.found();
      for (const { delivery } of group) held.delete(delivery.id);
      // What was claimed in advance goes back: its fallback may have it, and no dead receiver is asked by it.
      if (gatekeeper.isShut) void release(queue.clear().map(({ delivery }) => delivery.id));
      report(group);
      wake.ring();
      if (policy.fallback !== undefined && group.some(({ settlement }) => settlement.next.state === 'parked'))
        options.onHandedOver(policy.fallback);
      if (keys.length > 0) options.onConditions(keys);
    },
    onError: (error, failures) => storeFailed('settle', error, failures),
    hurry: signal,
    giveUp: giveUp.signal,
    rest: options.rest ?? createCommitRest(now),
    now,
  });

  const release = async (ids: readonly string[]): Promise<void> => {
    if (ids.length === 0) return;
    try {
      await outbox.release(ids, lease);
    } catch (error) {
      // Their lease gives them back a little later, or whoever works the sink now has them already.
      if (!(error instanceof LeaseLostError)) storeFailed('release', error, 1);
    }
    for (const id of ids) held.delete(id);
    wake.ring();
  };

  const attempt = createAttempts(sink, policy.attemptTimeoutMs, hardStop.signal);
  const send = async ({ delivery, leasedUntilMs }: Claimed): Promise<void> => {
    const startedAtMs = now();
    const endsMs = startedAtMs + policy.attemptTimeoutMs + ABORT_PATIENCE_MS;
    if (endsMs > leasedUntilMs || options.isHeld?.() === false) {
      // It waited too long behind slow ones (or the clock jumped, or the process slept): this send might outlive its lease.
      await release([delivery.id]);
      return;
    }
    const verdict = await attempt(delivery);
    claimSize.ended();
    // What is claimed runs out before the next settlement: claim more now, so that no place stands empty meanwhile.
    if (queue.waiting === claimSize.low) wake.ring();
    // Cut off by the stop: that is no failure of the receiver, and it is released by the end.
    if (hardStop.signal.aborted && verdict.outcome === 'retry') return;
    const ended = { delivery, verdict, startedAtMs, endedAtMs: now() };
    settler.add({ delivery, verdict, settlement: settlementOf(ended, policy, random, options.redact) });
  };
  const queue = createSendQueue<Claimed>(sink.concurrency, send);

  return {
    get size() {
      return held.size;
    },
    get waiting() {
      return queue.waiting;
    },
    add(claimed, leasedUntilMs) {
      const fresh = claimed.filter((delivery) => !held.has(delivery.id));
      for (const { id, attempt } of claimed) held.set(id, attempt);
      // Asked to stop while the claim was made: nothing is started any more, all of it is released by the end.
      if (!signal.aborted) queue.add(fresh.map((delivery) => ({ delivery, leasedUntilMs })));
    },
    async finish(hurry) {
      await release(queue.clear().map(({ delivery }) => delivery.id));
      const idle = queue.idle();
      await endOr(idle, hurry);
      await withinGrace(idle, policy.graceMs);
      hardStop.abort();
      await queue.idle();
      await withinGrace(settler.finish(), ABORT_PATIENCE_MS);
      giveUp.abort();
      await settler.finish();
      await release([...held.keys()]);
    },
  };
};

/** Resolves with `end`, or when the signal aborts. */
const endOr = async (end: Promise<void>, signal: AbortSignal): Promise<void> => {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) resolve();
  await Promise.race([end, aborted]);
  signal.removeEventListener('abort', onAbort);
};

const isParkedByAge = ({ verdict, settlement }: Settled): boolean =>
  verdict.outcome === 'retry' && settlement.next.state === 'parked';

/** Resolves with `end`, or after `graceMs`, leaving no timer behind. */
const withinGrace = async (end: Promise<void>, graceMs: number): Promise<void> => {
  const ended = new AbortController();
  await Promise.race([end.then(() => ended.abort()), sleep(graceMs, ended.signal)]);
};
