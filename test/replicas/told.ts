import type { Receiver } from '../support/receiver.ts';
import type { Remains } from './decided.ts';
import type { Fleet } from './fleet.ts';
import type { Lost } from './inflict.ts';

/* What the receivers of a fleet were told, against what they should have been. */

/** A body of a webhook, as far as it is looked at. */
interface Message {
  readonly id: string;
  readonly delivery_id: string;
  readonly kind: string;
  readonly rule: { readonly id: string; readonly title: string };
  readonly event_ids: readonly string[];
}

type Request = Receiver['requests'][number];

const messages = new WeakMap<Request, Message>();
/** What a request says; read once, since the same are looked at again and again. */
const messageOf = (request: Request): Message => {
  const known = messages.get(request);
  if (known) return known;
  const message = JSON.parse(request.body) as Message;
  messages.set(request, message);
  return message;
};

/** What the receivers were told. */
export interface Told {
  /** Alerts that one of those that are always there was not told of. */
  readonly missing: readonly string[];
  /** Deliveries that came again. */
  readonly repeats: number;
  readonly violations: readonly string[];
}

/** What the receivers were told, against what they should have been; the last one needs not have been told all. */
export const told = (fleet: Fleet): Told => {
  const missing: string[] = [];
  const violations: string[] = [];
  let repeats = 0;
  const all = [...fleet.receivers, ...(fleet.digest ? [fleet.digest] : [])];
  for (const [at, receiver] of all.entries()) {
    const first = new Map<string, string>();
    const owner = new Map<string, string>();
    const events = new Set<string>();
    for (const request of receiver.requests) {
      const { id: alert, rule, event_ids: of, delivery_id: named } = messageOf(request);
      const id = String(request.headers['webhook-id']);
      if (named !== id) violations.push(`delivery ${id} to sink ${at} calls itself ${named}`);
      if (rule.title === 'App') for (const event of of) events.add(event);
      const before = first.get(alert);
      if (before === undefined) first.set(alert, id);
      else {
        repeats += 1;
        if (before !== id)
          violations.push(`alert ${alert} came to sink ${at} as ${before}, and again as ${id}`);
      }
      if ((owner.get(id) ?? alert) !== alert)
        violations.push(`delivery ${id} to sink ${at} was ${owner.get(id)}, then ${alert}`);
      owner.set(id, alert);
    }
    if (at < fleet.receivers.length - 1)
      for (const event of fleet.expected) if (!events.has(event)) missing.push(event);
  }
  return { missing, repeats, violations };
};

/**
 * What receivers were told and the database does not know: what it has lost in a failover may have been told. Findings are decided
 * again in the same way, so that they are known all the same. `arrivedMs`: when a request came.
 */
export const unknown = (
  fleet: Pick<Fleet, 'receivers' | 'digest'>,
  { alerts, deliveries }: Remains,
  lost: readonly Lost[],
  arrivedMs: (request: Request) => number,
): readonly string[] => {
  const wasLost = (request: Request): boolean =>
    lost.some(({ fromMs, toMs }) => arrivedMs(request) >= fromMs && arrivedMs(request) <= toMs + LATE_MS);
  return [...fleet.receivers, ...(fleet.digest ? [fleet.digest] : [])].flatMap(({ requests }) =>
    requests.flatMap((request) => {
      const { id, delivery_id: delivery, kind, rule } = messageOf(request);
      // Told past the store, since that is what is in trouble.
      if (rule.id === 'system.store') return [];
      const mayGo = wasLost(request);
      // Only some configurations have that rule.
      if (kind === 'rule' && !alerts.has(id) && !(mayGo && rule.title === 'Login'))
        return [`alert ${id} of ${rule.title} was told, and was never decided`];
      return deliveries.has(delivery) || mayGo
        ? []
        : [`delivery ${delivery} of ${rule.title} was made by nobody`];
    }),
  );
};

/** A send that was under way may arrive so long after. */
const LATE_MS = 2_000;

/** Whether receivers got all that the database says was sent. */
export const received = (
  fleet: Pick<Fleet, 'receivers' | 'digest'>,
  { deliveries }: Remains,
): readonly string[] => {
  const named = new Map<string, Receiver>([
    ...fleet.receivers.map((receiver, at): [string, Receiver] => [
      at === fleet.receivers.length - 1 ? 'extra' : `hook${at}`,
      receiver,
    ]),
    ...(fleet.digest ? [['digest', fleet.digest] as const] : []),
  ]);
  const got = new Map(
    [...named].map(([name, { requests }]) => [
      name,
      new Set(requests.map(({ headers }) => String(headers['webhook-id']))),
    ]),
  );
  return [...deliveries.values()].flatMap(({ id, sink, state }) =>
    state === 'sent' && !got.get(sink)?.has(id)
      ? [`delivery ${id} is said to be sent, and ${sink} has not got it`]
      : [],
  );
};
