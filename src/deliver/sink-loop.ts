import { formatDuration } from '../base/duration.ts';
import { errorText } from '../base/errors.ts';
import type { Latch } from '../base/latch.ts';
import { sleep } from '../base/sleep.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { Delivery, Sink } from '../core/delivery.ts';
import { type Lease, LeaseLostError } from '../core/lease.ts';
import type { Log } from '../core/log.ts';
import type { Outbox } from '../core/outbox.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { noTracer, type Tracer } from '../core/tracer.ts';
import { ABORT_PATIENCE_MS, createAttempts } from './attempt.ts';
import { createClaimSize, MAX_CLAIM } from './claim-size.ts';
import { type CommitRest, createCommitRest } from './commit-rest.ts';
import { type CircuitConditions, createGatekeeper } from './gatekeeper.ts';
import { createParkedCondition, type SinkConditions } from './parked-condition.ts';
import type { DeliveryPolicy } from './policy.ts';
import { createReport } from './report.ts';
import { createSendQueue } from './send-queue.ts';
import type { Settled } from './settled.ts';
import { settlementOf } from './settlement.ts';
import { createSettler } from './settler.ts';

/** Delivers everything in the outbox that is meant for one sink. Sinks share nothing: a dead one delays no other. */
export interface SinkLoop {
  /**
   * Claims, sends and settles until `signal` aborts; then finishes or releases what is in flight and resolves, within
   * `graceMs` plus about two seconds. With `hurry` that time begins only when it aborts. A failing store is logged and
   * tried again; this rejects only with a LeaseLostError.
   */
  run(signal: AbortSignal, hurry?: AbortSignal): Promise<void>;
  /**
   * Delivers what is due now and resolves when nothing more is; what has to be tried again later stays in the outbox.
   * Resolves with whether something due was left since the receiver is down or asked for a pause. Rejects with the
   * store's error when the store keeps failing.
   */
  drain(signal: AbortSignal): Promise<{ readonly blocked: boolean }>;
}

/** What {@link createSinkLoop} works with. */
export interface SinkLoopOptions {
  readonly sink: Sink;
  readonly outbox: Outbox;
  /** Under which the sink is worked. Left out: nothing is guarded. */
  readonly lease?: Lease;
  /** Asked before every attempt: whether the lease may still be relied on. Left out: it may. */
  readonly isHeld?: () => boolean;
  readonly now: Clock;
  readonly random: Random;
  readonly policy: DeliveryPolicy;
  /** Rung by every commit that may have put deliveries for this sink into the outbox. The loop is its only waiter. */
  readonly wake: Latch;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly tracer?: Tracer;
  readonly conditions: SinkConditions & CircuitConditions;
  /** Told the keys of conditions that changed with a settlement: alerts for other sinks wait in the outbox. */
  readonly onConditions: (keys: readonly string[]) => void;
  /** Told that alerts were given to another sink and wait for it in the outbox. */
  readonly onHandedOver: (sink: string) => void;
  /** Shared with the other sinks of the process, so that they commit together; left out: one of its own. */
  readonly rest?: CommitRest;
  /** Takes secrets out of receipts and reasons before they are stored. */
  readonly redact: (text: string) => string;
}

/** Parked at once for their age; more follow in steps, with others in between. */
const MAX_PARKED = 500;
/** Pauses while the store fails. */
const STORE_BACKOFF = { baseMs: 250, capMs: 30_000 };
/** A one-shot run gives up after this many failures of the store in a row. */
const MAX_DRAIN_FAILURES = 5;
/**
 * A due time is looked at again after this, at the latest: timers do not notice a clock that jumped or a machine that
 * slept. Without anything due there is nothing to look at, and the loop waits for the bell alone.
 */
const MAX_WAIT_MS = 60_000;
const MIN_WAIT_MS = 5;

interface Claimed {
  readonly delivery: Delivery;
  readonly leasedUntilMs: number;
}

/** Makes the loop of one sink. Throws a RangeError when the policy's lease is too short for its timeout. */
export const createSinkLoop = (options: SinkLoopOptions): SinkLoop => {
  const { policy } = options;
  if (policy.leaseMs < 2 * policy.attemptTimeoutMs)
    throw new RangeError(
      `leaseMs is ${policy.leaseMs}; allowed is at least twice attemptTimeoutMs, ${2 * policy.attemptTimeoutMs}`,
    );
  return {
    run: async (signal, hurry) => {
      await work(options, signal, false, hurry);
    },
    drain: (signal) => work(options, signal, true),
  };
};

const work = async (
  options: SinkLoopOptions,
  signal: AbortSignal,
  untilIdle: boolean,
  hurry = signal,
): Promise<{ readonly blocked: boolean }> => {
  const { sink, outbox, lease, now, random, policy, wake, log } = options;
  const claimSize = createClaimSize(sink.concurrency, now);
  /**
   * Claimed and not yet settled or released, with the attempt of the latest claim. What is held is never started a
   * second time: when a clock jump lets its lease expire, the send in flight takes the new claim over.
   */
  const held = new Map<string, number>();
  const hardStop = new AbortController();
  const giveUp = new AbortController();
  const condition = createParkedCondition(sink.name, options.conditions, policy.recoverAfterMs, now);
  const gatekeeper = createGatekeeper({ ...options, sink: sink.name });
  let loaded = false;
  let blocked = false;
  const report = createReport(sink.name, log, options.telemetry, options.tracer ?? noTracer);
  /** A delivery was parked for its age while the receiver is down: the others of that age would only take its place. */
  let isOverdue = false;

  const storeFailed = (operation: string, error: unknown, failures: number): number => {
    const pauseMs = backoffMs(failures, STORE_BACKOFF, random);
    log.error('store.error', { sink: sink.name, operation, reason: errorText(error), retry_in_ms: pauseMs });
    return pauseMs;
  };

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
      isOverdue ||= more > 0;
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
    // Cut off by the stop: that is no failure of the receiver, and it is released below.
    if (hardStop.signal.aborted && verdict.outcome === 'retry') return;
    const ended = { delivery, verdict, startedAtMs, endedAtMs: now() };
    settler.add({ delivery, verdict, settlement: settlementOf(ended, policy, random, options.redact) });
  };
  const queue = createSendQueue<Claimed>(sink.concurrency, send);

  const waitUntil = (dueMs: number): number | undefined =>
    dueMs === Number.POSITIVE_INFINITY
      ? undefined
      : Math.min(Math.max(dueMs - now(), MIN_WAIT_MS), MAX_WAIT_MS);

  /** While the receiver is down, its fallback gets the alerts as well. */
  const handOver = async (): Promise<void> => {
    if (policy.fallback === undefined || !gatekeeper.isOpen) return;
    let count = 0;
    // In steps, until nothing is left: the loop may not look again before the next probe.
    for (let step = 1; step > 0 && !signal.aborted; count += step)
      step = await outbox.handOver(sink.name, policy.fallback);
    if (count === 0) return;
    log.warn('delivery.handed_over', { sink: sink.name, fallback: policy.fallback, deliveries: count });
    options.onHandedOver(policy.fallback);
    // It takes a bounded number at once: there may be more.
    wake.ring();
  };

  const parkOverdue = async (): Promise<void> => {
    const { fallback, maxAgeMs } = policy;
    const detail = `older than ${formatDuration(maxAgeMs)}`;
    let count = 0;
    for (let step = MAX_PARKED; step === MAX_PARKED && !signal.aborted; count += step)
      step = await outbox.parkOverdue({
        sink: sink.name,
        beforeMs: now() - maxAgeMs,
        limit: MAX_PARKED,
        detail,
        fallback,
      });
    isOverdue = false;
    if (count === 0) return;
    log.error('delivery.overdue', { sink: sink.name, deliveries: count, reason: detail });
    if (fallback !== undefined) options.onHandedOver(fallback);
  };

  /** One look at the outbox. Answers how long to wait for the bell (undefined: until it rings), or 'idle'. */
  const look = async (): Promise<number | undefined | 'idle'> => {
    if (!loaded) await gatekeeper.load();
    loaded = true;
    if (isOverdue) await parkOverdue();
    const room = claimSize.most() - held.size;
    // Enough waits: we look again when it runs low, or after the next settlement.
    if (room <= 0 || queue.waiting > claimSize.low) return undefined;
    // A claim of a few costs as much as one of many; as long as nobody has to wait for it, it can grow.
    if (queue.waiting >= sink.concurrency && room * 4 < claimSize.most()) return undefined;
    const admitted = gatekeeper.admit(held.size > 0);
    if (admitted.most < 1) {
      await handOver();
      blocked = admitted.because !== 'pace';
      if (untilIdle && blocked && held.size === 0) return 'idle';
      return waitUntil(admitted.retryAtMs);
    }
    blocked = false;
    const wanted = Math.min(room, MAX_CLAIM);
    const limit = Math.min(wanted, admitted.most);
    const leasedUntilMs = now() + policy.leaseMs;
    const claimed = await outbox.claim(sink.name, limit, policy.leaseMs, {
      ...(lease && { lease }),
      ...(policy.foldAbove === undefined ? {} : { foldAbove: policy.foldAbove }),
      early: admitted.probe,
      ...(policy.pace && { gate: (count) => gatekeeper.claimed(admitted.taken(count)) }),
    });
    const fresh = claimed.filter((delivery) => !held.has(delivery.id));
    for (const { id, attempt } of claimed) held.set(id, attempt);
    // Asked to stop while the claim was made: nothing is started any more, all of it is released below.
    if (signal.aborted) return undefined;
    queue.add(fresh.map((delivery) => ({ delivery, leasedUntilMs })));
    if (claimed.length >= wanted) return undefined;
    // The bucket is empty: the next token, or the end of a send, is what comes next.
    if (claimed.length >= limit) return waitUntil(gatekeeper.admit(held.size > 0).retryAtMs);
    if (untilIdle) return held.size === 0 ? 'idle' : undefined;
    const dueMs = await outbox.nextDueMs(sink.name);
    return dueMs === undefined ? undefined : Math.min(Math.max(dueMs - now(), MIN_WAIT_MS), MAX_WAIT_MS);
  };

  let failures = 0;
  let fatal: unknown;
  while (!signal.aborted) {
    try {
      const waitMs = await look();
      failures = 0;
      if (waitMs === 'idle') break;
      await wake.wait(waitMs, signal);
    } catch (error) {
      if (error instanceof LeaseLostError) {
        fatal = error;
        break;
      }
      failures += 1;
      const pauseMs = storeFailed('claim', error, failures);
      if (untilIdle && failures >= MAX_DRAIN_FAILURES) {
        fatal = error;
        break;
      }
      await sleep(pauseMs, signal);
    }
  }

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
  if (fatal !== undefined) throw fatal;
  return { blocked };
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
