import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Tracer } from '../core/tracer.ts';
import { recordAttempt } from './delivery-spans.ts';
import type { Settled } from './settled.ts';

/** Says of committed attempts what came of them: one log line each, and the figures. */
export const createReport = (
  sink: string,
  log: Log,
  telemetry: Telemetry,
  tracer: Tracer,
): ((group: readonly Settled[]) => void) => {
  const labels = { sink };
  return (group) => {
    const outcomes = new Map<string, number>();
    for (const settled of group) {
      const { delivery, settlement } = settled;
      recordAttempt(tracer, settled);
      const durationMs = settlement.endedAtMs - settlement.startedAtMs;
      outcomes.set(settlement.outcome, (outcomes.get(settlement.outcome) ?? 0) + 1);
      // A clock set back during a send would otherwise book a negative duration.
      telemetry.observe('delivery_duration_seconds', Math.max(durationMs, 0) / 1_000, labels);
      const fields = {
        sink,
        delivery_id: delivery.id,
        alert_id: delivery.alert.id,
        account: delivery.alert.account,
        attempt: delivery.attempt,
        duration_ms: durationMs,
      };
      const { next, detail } = settlement;
      switch (next.state) {
        case 'sent':
          log.info('delivery.sent', { ...fields, receipt: detail });
          telemetry.gauge('last_delivery_timestamp_seconds', settlement.endedAtMs / 1_000, labels);
          break;
        case 'pending':
          log.warn('delivery.retry', {
            ...fields,
            reason: detail,
            next_attempt_at: new Date(next.dueAtMs).toISOString(),
          });
          break;
        case 'parked':
          log.error('delivery.parked', {
            ...fields,
            reason: detail,
            rejected: settlement.outcome === 'rejected',
          });
          break;
      }
    }
    for (const [outcome, count] of outcomes)
      telemetry.count('delivery_attempts_total', { sink, outcome }, count);
  };
};
