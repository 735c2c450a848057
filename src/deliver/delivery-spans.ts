import { stableId } from '../base/hash.ts';
import type { Tracer } from '../core/tracer.ts';
import type { Settled } from './settled.ts';

/**
 * The spans of a settled attempt. A delivery is a trace whose id is that of the delivery, so that attempts hours apart, or
 * of processes before and after a restart, are in one; its root is told when it has ended. It refers to the poll that
 * decided the alert, as long as that was in this process.
 */
export const recordAttempt = (tracer: Tracer, { delivery, settlement }: Settled): void => {
  const { id, sink, alert, createdAtMs } = delivery;
  const { attempt, outcome, startedAtMs, endedAtMs, status, next } = settlement;
  const traceId = /^[0-9a-f]{32}$/.test(id) ? id : stableId('trace', id);
  const rootId = stableId('span', id).slice(0, 16);
  const facts = { sink, 'delivery.id': id, 'alert.id': alert.id, 'alert.kind': alert.kind };
  tracer.record({
    traceId,
    spanId: stableId('span', id, String(attempt)).slice(0, 16),
    parentId: rootId,
    name: 'attempt',
    kind: 'client',
    startMs: startedAtMs,
    endMs: endedAtMs,
    attributes: {
      ...facts,
      attempt,
      outcome,
      ...(status === undefined ? {} : { 'response.status_code': status }),
    },
    failed: outcome === 'sent' ? undefined : outcome,
  });
  if (next.state === 'pending') return;
  tracer.record({
    traceId,
    spanId: rootId,
    name: 'delivery',
    kind: 'internal',
    startMs: createdAtMs,
    endMs: endedAtMs,
    attributes: {
      ...facts,
      account: alert.account,
      rule: alert.rule.id,
      level: alert.rule.level,
      attempts: attempt,
      state: next.state,
    },
    failed: next.state === 'sent' ? undefined : next.state,
    linkedTo: alert.id,
  });
};
