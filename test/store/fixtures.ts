import { stableId } from '../../src/base/hash.ts';
import type { Alert } from '../../src/core/alert.ts';
import type { Decision, WindowCommit } from '../../src/core/collect-store.ts';
import type { ConditionChange } from '../../src/core/conditions.ts';
import type { NewAlert } from '../../src/core/decided.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import type { Lease } from '../../src/core/lease.ts';
import type { Settlement } from '../../src/core/outbox.ts';
import type { Store } from '../../src/core/store.ts';

export const T0 = Date.parse('2026-03-01T12:00:00Z');
export const NOTHING: Decision = { alerts: [], state: [] };
export const decideNothing = (): Decision => NOTHING;

/** An event `second` seconds after T0; `more` goes into its JSON. */
export const auditEvent = (
  id: string,
  second = 0,
  more: Readonly<Record<string, string>> = {},
  account = 'default',
): AuditEvent => {
  const createdAtMs = T0 + second * 1_000;
  const fields = {
    id,
    event_type: more.event_type ?? 'NUMBER_UPDATED',
    created_at: new Date(createdAtMs).toISOString(),
    ...more,
  };
  return { id, account, eventType: fields.event_type, createdAtMs, json: JSON.stringify(fields), fields };
};

/** A verified window of the given events that moves the watermark to its end. */
export const windowOf = (events: readonly AuditEvent[], more: Partial<WindowCommit> = {}): WindowCommit => {
  const toMs = more.toMs ?? Math.max(T0 + 60_000, ...events.map((event) => event.createdAtMs + 1_000));
  return {
    account: 'default',
    fromMs: T0,
    toMs,
    events,
    quarantined: [],
    verified: true,
    watermarkMs: toMs,
    nowMs: T0 + 100_000,
    ...more,
  };
};

/** An alert made of a name, with the sinks it goes to. */
export const decided = (
  name: string,
  sinks: readonly string[] = ['hook'],
  more: Partial<Alert> = {},
): NewAlert => ({
  sinks,
  alert: {
    id: stableId('test', name),
    kind: 'rule',
    status: 'firing',
    rule: { id: 'rule-1', title: name, level: 'high', tags: ['attack.t1098'], references: [] },
    account: 'default',
    message: name,
    fields: [{ name: 'user', value: 'somebody' }],
    events: [],
    eventIds: [],
    eventTypes: [],
    createdAtMs: T0,
    decidedAtMs: T0,
    ...more,
  },
});

export const deliveryId = (decision: NewAlert, sink: string): string =>
  stableId('delivery', decision.alert.id, sink);

/** Takes a lease that must be free. */
export const take = async (store: Store, holder = 'tester', ttlMs = 60_000): Promise<Lease> => {
  const answer = await store.leases.acquire('monitor', holder, ttlMs);
  if (!('lease' in answer)) throw new Error(`the lease is held by ${answer.held.holder}`);
  return answer.lease;
};

/** The end of an attempt. */
export const settlement = (
  id: string,
  next: Settlement['next'],
  more: Partial<Settlement> = {},
): Settlement => ({
  deliveryId: id,
  startedAtMs: T0,
  endedAtMs: T0 + 10,
  outcome: next.state === 'sent' ? 'sent' : next.state === 'pending' ? 'retry' : 'rejected',
  detail: 'because',
  next,
  ...more,
});

/** A condition that is to be opened or closed, with the times its alert was asked with. */
export const conditionChange = (key: string, open: boolean, asked: number[] = []): ConditionChange => ({
  key,
  open,
  alert(sinceMs) {
    asked.push(sinceMs);
    return decided(`${key} ${open ? 'opened' : 'closed'} ${sinceMs}`, ['hook'], { kind: 'system' });
  },
});

/** All items of an asynchronous sequence. */
export const allOf = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};
