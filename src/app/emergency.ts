import { errorText } from '../base/errors.ts';
import { stableId } from '../base/hash.ts';
import { sleep } from '../base/sleep.ts';
import type { Alert } from '../core/alert.ts';
import type { Clock } from '../core/clock.ts';
import type { DecidedAlert } from '../core/decided.ts';
import type { Sink } from '../core/delivery.ts';
import type { Log } from '../core/log.ts';
import type { Outbox } from '../core/outbox.ts';
import type { StoreStatus } from '../core/store.ts';
import { attempt } from '../deliver/attempt.ts';

/** What {@link watchStore} works with. */
export interface EmergencyOptions {
  readonly status: Pick<StoreStatus, 'probe'>;
  readonly outbox: Pick<Outbox, 'enqueue'>;
  /** Those in force. */
  readonly sinks: () => readonly Sink[];
  /** The alert that the store is in trouble, or no longer is, with the sinks that get it. */
  readonly alert: (status: Alert['status'], detail: string, sinceMs: number) => DecidedAlert;
  /** For how long it has to be in trouble before it is told. ms */
  readonly patienceMs?: () => number;
  /** How long one attempt of a sink may take. */
  readonly attemptTimeoutMs: number;
  /** Rung after something was put into the outbox. */
  readonly wake: () => void;
  readonly log: Log;
  readonly now: Clock;
}

const LOOK_EVERY_MS = 5_000;
/** Failing once may be a backup that holds the file for a moment. */
const FAILURES_BEFORE_ALARM = 2;
/** A sink that did not take the alarm is tried again after so many looks, a minute. */
const LOOKS_BETWEEN_TRIES = 12;

/**
 * Looks every few seconds whether the store can be written, and while it cannot, tells the sinks directly: every other
 * alert goes through the outbox, which lies in that very store. Each sink is told once, and once more, through the
 * outbox again, when it is over. Ends when the signal aborts, and within a second whatever a sink is doing.
 */
export const watchStore = async (options: EmergencyOptions, signal: AbortSignal): Promise<void> => {
  let failures = 0;
  let sinceMs = 0;
  const told = new Set<string>();

  const look = async (): Promise<void> => {
    try {
      await options.status.probe();
    } catch (error) {
      if (failures === 0) sinceMs = options.now();
      failures += 1;
      const reason = errorText(error);
      options.log.error('store.error', { operation: 'probe', reason });
      const due = failures - FAILURES_BEFORE_ALARM;
      const isTime = options.now() - sinceMs >= (options.patienceMs?.() ?? 0);
      if (due >= 0 && due % LOOKS_BETWEEN_TRIES === 0 && isTime)
        await tell(options, reason, sinceMs, told, signal);
      return;
    }
    if (told.size > 0) {
      const { alert, sinks } = options.alert('resolved', '', sinceMs);
      await options.outbox.enqueue([{ alert, sinks: sinks.filter((name) => told.has(name)) }]);
      told.clear();
      options.log.info('condition.closed', { condition: 'store', subject: '' });
      options.wake();
    }
    failures = 0;
  };

  for (; !signal.aborted; await sleep(LOOK_EVERY_MS, signal)) {
    try {
      await look();
    } catch (error) {
      options.log.error('store.error', { operation: 'probe', reason: errorText(error) });
    }
  }
};

/** One attempt at every sink that has not been told yet; `told` grows by those that took it. */
const tell = async (
  options: EmergencyOptions,
  reason: string,
  sinceMs: number,
  told: Set<string>,
  signal: AbortSignal,
): Promise<void> => {
  const { alert, sinks } = options.alert('firing', reason, sinceMs);
  if (told.size === 0) {
    options.log.error('condition.opened', { condition: 'store', subject: '', detail: reason });
  }
  await Promise.all(
    options.sinks().map(async (sink) => {
      if (told.has(sink.name) || !sinks.includes(sink.name)) return;
      const id = stableId('delivery', alert.id, sink.name);
      const startedAtMs = options.now();
      const delivery = { id, sink: sink.name, alert, attempt: 1, createdAtMs: startedAtMs };
      const verdict = await attempt(sink, delivery, options.attemptTimeoutMs, signal);
      const fields = {
        sink: sink.name,
        delivery_id: id,
        alert_id: alert.id,
        account: alert.account,
        attempt: 1,
        duration_ms: options.now() - startedAtMs,
      };
      if (verdict.outcome === 'sent') {
        told.add(sink.name);
        options.log.info('delivery.sent', { ...fields, receipt: verdict.receipt });
      } else {
        options.log.warn('delivery.retry', { ...fields, reason: verdict.reason });
      }
    }),
  );
};
