import { setImmediate as turn } from 'node:timers/promises';
import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import { type BackoffPolicy, backoffMs, MAX_RETRY_AFTER_MS } from '../core/backoff.ts';
import type { ConditionChange } from '../core/conditions.ts';
import type { FedEvent, Verdict } from '../core/delivery.ts';
import type { FeedEntry, RefusedEvent } from '../core/feed.ts';
import { LeaseLostError } from '../core/lease.ts';
import { attemptEvents } from './attempt.ts';
import { type FeedBatch, nextBatch } from './feed-batch.ts';
import { createFeedTrouble } from './feed-condition.ts';
import type { FeedLoopOptions } from './feed-loop.ts';
import type { FeedReport } from './feed-report.ts';

/** What to do before the next step. */
export type Next =
  | { readonly kind: 'again' }
  /** Nothing waits. Wait for the bell, at most `ms`. */
  | { readonly kind: 'idle'; readonly ms: number | undefined }
  | {
      readonly kind: 'pause';
      readonly ms: number;
      /** The bell ends it. */
      readonly untilRung?: boolean;
      /** It is the store that refused. */
      readonly store?: boolean;
    };

/** What {@link createFeedSteps} works with beside the options of the loop. */
export interface FeedStepOptions extends FeedLoopOptions {
  readonly report: FeedReport;
  readonly stopping: AbortSignal;
  /** Aborts the attempt in flight. */
  readonly hardStop: AbortSignal;
}

const DEFAULT_BATCH = 100;
/** A feed that takes few events looks at more of them at once. */
const MIN_PAGE = 200;
/** What most receivers take in one request. */
const MAX_BATCH_CHARS = 1_000_000;
/** The longest reason that is kept with an event, in characters. */
const MAX_REASON_LENGTH = 1_000;
/** So many bad events in a row are told from a sink that refuses everything; more need a person. */
const MAX_REACH = 64;
const ADVANCE_BACKOFF = { baseMs: 100, capMs: 10_000 };

interface Refusal {
  readonly event: FedEvent;
  readonly reason: string;
}

/**
 * The decisions of one feed. Invariant: the cursor passes an event only when the sink took it, when the feed does not
 * want it, or when it is recorded as refused in the same transaction.
 *
 * A refused batch is halved until it is taken or is a single event. That one is tried once more; refused again, the next
 * event is tried in its place: if that is taken, and the one refused a last time, it was to blame and is set aside; if
 * not, the sink seems to refuse whatever it is given, and the feed is held. With every time that it is, more of the next
 * events are tried, so that bad ones in a row do not hold it for ever.
 */
export const createFeedSteps = (options: FeedStepOptions): { next(): Promise<Next> } => {
  const { sink, feeds, now, random, policy, report, stopping, hardStop } = options;
  const most = Math.max(1, sink.eventBatch ?? DEFAULT_BATCH);
  const pageSize = options.wants === undefined ? most : Math.max(most, MIN_PAGE);
  const trouble = createFeedTrouble(options.conditions, policy, now);
  const wants = ({ event }: FeedEntry): boolean => options.wants?.(event) ?? true;
  let size = most;
  let failures = 0;
  /** Cursor of a single event that was refused once. */
  let suspected: number | undefined;
  /** How many events behind a refused one are tried before the feed is held. */
  let reach = 1;

  const reasonOf = (verdict: Exclude<Verdict, { outcome: 'sent' }>): string =>
    options.redact(verdict.reason).slice(0, MAX_REASON_LENGTH).toWellFormed();

  const attempt = async (batch: readonly FedEvent[]): Promise<Verdict> => {
    // Who woke up after the lease had passed on learns it here: asking aborts.
    if (options.isHeld?.() === false || hardStop.aborted)
      return { outcome: 'retry', reason: 'aborted: the feed is given up' };
    const startedAtMs = now();
    const verdict = await attemptEvents(sink, batch, policy.attemptTimeoutMs, hardStop);
    // Cut off by our own stop: that says nothing about the sink.
    if (hardStop.aborted && verdict.outcome !== 'sent') return verdict;
    report.attempt(verdict);
    if (verdict.outcome === 'sent') {
      report.sent(batch, Math.max(now() - startedAtMs, 0), options.redact(verdict.receipt));
    }
    return verdict;
  };

  /**
   * Writes down what was taken. Tried again as long as the monitor runs, since sending once more would repeat the batch;
   * rejects with the store's error when the monitor stops first.
   */
  const advance = async (
    cursor: number,
    refused: readonly RefusedEvent[] = [],
    changes: readonly ConditionChange[] = [],
  ): Promise<readonly string[]> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await feeds.advance(sink.name, cursor, refused, changes, options.lease);
      } catch (error) {
        if (stopping.aborted || error instanceof LeaseLostError) throw error;
        const ms = backoffMs(tries, ADVANCE_BACKOFF, random);
        const reason = errorText(error);
        const operation = 'advance feed';
        options.log.error('store.error', { sink: sink.name, operation, reason, retry_in_ms: ms });
        await sleep(ms, stopping);
      }
    }
  };

  const pauseMs = (backoff: BackoffPolicy, afterMs?: number): number => {
    failures += 1;
    if (afterMs === undefined || !Number.isFinite(afterMs)) return backoffMs(failures, backoff, random);
    return Math.min(Math.max(afterMs, backoff.baseMs), MAX_RETRY_AFTER_MS);
  };

  const taken = async (): Promise<Next> => {
    failures = 0;
    suspected = undefined;
    reach = 1;
    size = Math.min(size * 2, most);
    await trouble.fine(true);
    return { kind: 'again' };
  };

  const notNow = async (
    batch: readonly FedEvent[],
    verdict: Verdict & { readonly outcome: 'retry' },
  ): Promise<Next> => {
    // It ends now, or is told so in a moment: nothing is said about the sink.
    if (hardStop.aborted || options.isHeld?.() === false) return { kind: 'pause', ms: policy.retry.baseMs };
    const reason = reasonOf(verdict);
    const ms = pauseMs(policy.retry, verdict.afterMs);
    report.retry(batch, reason, ms);
    await trouble.failed(reason, false);
    return { kind: 'pause', ms };
  };

  const hold = async (event: FedEvent, reason: string, untilRung: boolean): Promise<Next> => {
    const ms = pauseMs(policy.held);
    reach = Math.min(reach * 2, MAX_REACH);
    report.held(event, reason, ms);
    await trouble.failed(reason, true);
    return { kind: 'pause', ms, untilRung };
  };

  /** The first wanted event behind a place. */
  const successorOf = async (cursor: number): Promise<FeedEntry | undefined> => {
    for (let after = cursor; ; ) {
      const { entries } = await feeds.read(sink.name, pageSize, after);
      const found = entries.find(wants);
      const last = entries.at(-1);
      if (found !== undefined || last === undefined) return found;
      after = last.cursor;
      await turn();
    }
  };

  const refusalOf = ({ event }: FeedEntry, reason: string): Refusal => ({ event, reason });

  const setAside = async (refusals: readonly Refusal[], cursor: number): Promise<Next> => {
    const records = refusals.map(({ event: { account, id, eventType, createdAtMs }, reason }) => ({
      account,
      id,
      eventType,
      createdAtMs,
      refusedAtMs: now(),
      reason,
    }));
    const [first] = records;
    const others = records.length > 1 ? ` and ${records.length - 1} more` : '';
    const detail = `event ${first?.id}${others} refused and set aside: ${first?.reason}`;
    const keys = await advance(cursor, records, [options.conditions.opening(detail)]);
    for (const { event, reason } of refusals) report.refused(event, reason);
    trouble.setAside();
    options.conditions.changed(keys);
    return taken();
  };

  /**
   * The sink takes events, so those it refused before may be to blame, or it has only just got well: each is tried once
   * more. One that is taken now arrives behind the one by which it was judged; that is better than not at all.
   */
  const confirm = async (refusals: readonly Refusal[], cursor: number): Promise<Next> => {
    const guilty: Refusal[] = [];
    for (const { event } of refusals) {
      const verdict = await attempt([event]);
      if (verdict.outcome === 'retry') return notNow([event], verdict);
      if (verdict.outcome === 'rejected') guilty.push({ event, reason: reasonOf(verdict) });
    }
    if (guilty.length > 0) return setAside(guilty, cursor);
    await advance(cursor);
    return taken();
  };

  const judge = async (entry: FeedEntry, reason: string): Promise<Next> => {
    if (suspected !== entry.cursor) {
      suspected = entry.cursor;
      const ms = pauseMs(policy.retry);
      report.retry([entry.event], reason, ms);
      return { kind: 'pause', ms };
    }
    const refused = [refusalOf(entry, reason)];
    let last = entry;
    for (let probed = 0; probed < reach; probed += 1) {
      const successor = await successorOf(last.cursor);
      if (successor === undefined) return hold(entry.event, reason, true);
      const verdict = await attempt([successor.event]);
      if (verdict.outcome === 'retry') return notNow([successor.event], verdict);
      if (verdict.outcome === 'sent') return confirm(refused, successor.cursor);
      refused.push(refusalOf(successor, reasonOf(verdict)));
      last = successor;
    }
    return hold(entry.event, reason, false);
  };

  const send = async ({ entries, upTo }: FeedBatch): Promise<Next> => {
    const batch = entries.map(({ event }) => event);
    const verdict = await attempt(batch);
    if (verdict.outcome === 'retry') return notNow(batch, verdict);
    if (verdict.outcome === 'sent') {
      await advance(upTo);
      return taken();
    }
    const reason = reasonOf(verdict);
    const [only] = entries;
    if (entries.length === 1 && only !== undefined) return judge(only, reason);
    size = Math.floor(entries.length / 2);
    report.retry(batch, reason, 0);
    return { kind: 'again' };
  };

  return {
    async next() {
      const page = await feeds.read(sink.name, pageSize);
      report.pruned(page.pruned);
      const batch = nextBatch(page.entries, wants, { events: size, chars: MAX_BATCH_CHARS });
      if (batch.entries.length > 0) return send(batch);
      if (page.entries.length > 0) {
        await advance(batch.upTo);
        return { kind: 'again' };
      }
      return { kind: 'idle', ms: await trouble.fine(false) };
    },
  };
};
