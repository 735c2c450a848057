import { stableId } from '../base/hash.ts';
import type { EndedSpan, Tracer } from '../core/tracer.ts';
import type { Settled } from './settled.ts';

/**
 * The spans of a settled attempt. A delivery is a trace whose id is that of the delivery, so that attempts hours apart, or
 * of processes before and after a restart, are in one; its root is told when it has ended. It refers to the poll that
 * decided the alert, as long as that was in this process.
 */
export const recordAttempt = (tracer: Tracer, settled: Settled): void => {
  tracer.record(() => attemptSpan(settled));
  if (settled.settlement.next.state !== 'pending') tracer.record(() => deliverySpan(settled));
};

const traceOf = (id: string): string => (/^[0-9a-f]{32}$/.test(id) ? id : stableId('trace', id));
const rootOf = (id: string): string => stableId('span', id).slice(0, 16);

const factsOf = ({ delivery: { id, sink, alert } }: Settled) => ({
  sink,
  'delivery.id': id,
  'alert.id': alert.id,
  'alert.kind': alert.kind,
});

const attemptSpan = (settled: Settled): EndedSpan => {
  const { id } = settled.delivery;
  const { attempt, outcome, startedAtMs, endedAtMs, status } = settled.settlement;
  return {
    traceId: traceOf(id),
    spanId: stableId('span', id, String(attempt)).slice(0, 16),
    parentId: rootOf(id),
    name: 'attempt',
    kind: 'client',
    startMs: startedAtMs,
    endMs: endedAtMs,
    attributes: {
      ...factsOf(settled),
      attempt,
      outcome,
      ...(status === undefined ? {} : { 'response.status_code': status }),
    },
    failed: outcome === 'sent' ? undefined : outcome,
  };
};

const deliverySpan = (settled: Settled): EndedSpan => {
  const { id, alert, createdAtMs } = settled.delivery;
  const { attempt, endedAtMs, next } = settled.settlement;
  return {
    traceId: traceOf(id),
    spanId: rootOf(id),
    name: 'delivery',
    kind: 'internal',
    startMs: createdAtMs,
    endMs: endedAtMs,
    attributes: {
      ...factsOf(settled),
      account: alert.account,
      rule: alert.rule.id,
      level: alert.rule.level,
      attempts: attempt,
      state: next.state,
    },
    failed: next.state === 'sent' ? undefined : next.state,
    linkedTo: alert.id,
  };
};
