import type { Clock } from '../core/clock.ts';
import type { FedEvent, Verdict } from '../core/delivery.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';

/** Says what becomes of a feed: log lines and figures. */
export interface FeedReport {
  /** An attempt ended. `reason` is redacted. */
  attempt(verdict: Verdict): void;
  sent(batch: readonly FedEvent[], durationMs: number, receipt: string): void;
  /** `retryInMs` 0: at once, in smaller parts. */
  retry(batch: readonly FedEvent[], reason: string, retryInMs: number): void;
  refused(event: FedEvent, reason: string): void;
  held(event: FedEvent, reason: string, retryInMs: number): void;
  /** Given the store's sum at every read; tells what was added since the first one. */
  pruned(total: number): void;
}

/** Makes the {@link FeedReport} of one sink. */
export const createFeedReport = (
  sink: string,
  { log, telemetry, now }: { readonly log: Log; readonly telemetry: Telemetry; readonly now: Clock },
): FeedReport => {
  let prunedBefore: number | undefined;
  const about = ({ account, id, eventType }: FedEvent) => ({
    sink,
    account,
    event_id: id,
    event_type: eventType,
  });
  const next = (inMs: number): string => new Date(now() + inMs).toISOString();
  return {
    attempt: ({ outcome }) => telemetry.count('feed_attempts_total', { sink, outcome }),
    sent(batch, durationMs, receipt) {
      telemetry.count('feed_events_total', { sink, outcome: 'sent' }, batch.length);
      log.debug('feed.sent', {
        sink,
        events: batch.length,
        last_event_id: batch.at(-1)?.id,
        duration_ms: durationMs,
        receipt,
      });
    },
    retry: (batch, reason, retryInMs) =>
      log.warn('feed.retry', {
        sink,
        events: batch.length,
        first_event_id: batch[0]?.id,
        reason,
        next_attempt_at: next(retryInMs),
      }),
    refused(event, reason) {
      telemetry.count('feed_events_total', { sink, outcome: 'refused' });
      log.error('feed.refused', { ...about(event), reason });
    },
    held: (event, reason, retryInMs) =>
      log.error('feed.held', { ...about(event), reason, next_attempt_at: next(retryInMs) }),
    pruned(total) {
      const events = total - (prunedBefore ?? total);
      prunedBefore = total;
      if (events <= 0) return;
      telemetry.count('feed_events_total', { sink, outcome: 'pruned' }, events);
      log.error('feed.pruned', { sink, events });
    },
  };
};
