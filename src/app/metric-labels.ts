import type { Alert } from '../core/alert.ts';
import type { PlannedDelivery } from '../core/decided.ts';

/* Label values of metrics, bounded: text from an event never makes a series. */

/** Names of event types as labels. */
export interface EventTypeLabels {
  /** Takes types up as known, as long as there is room. */
  learn(types: Iterable<string>): void;
  /** The type itself when it is known, else `other`. */
  labelOf(eventType: string): string;
}

/** The API knows some thirty types. */
const MAX_TYPES = 200;
const TYPE = /^[A-Z][A-Z0-9_]{0,63}$/;

/** Makes {@link EventTypeLabels} that know the given types. */
export const createEventTypeLabels = (types: Iterable<string>): EventTypeLabels => {
  const known = new Set<string>();
  const learn = (more: Iterable<string>): void => {
    for (const type of more) if (known.size < MAX_TYPES && TYPE.test(type)) known.add(type);
  };
  learn(types);
  return { learn, labelOf: (eventType) => (known.has(eventType) ? eventType : 'other') };
};

/** The rule of an alert, whose id comes from the operator's files; of other alerts their kind. */
export const ruleLabel = ({ kind, rule }: Alert): string => (kind === 'rule' ? rule.id : kind);

/** How a delivery was planned: what becomes of it before it is sent. */
export const planLabel = ({ state, bundle, dueAtMs }: PlannedDelivery, nowMs: number): string => {
  if (state === 'silenced') return 'silenced';
  if (bundle?.startsWith('suppressed:')) return 'suppressed';
  if (bundle?.startsWith('group:')) return 'grouped';
  return bundle === undefined && dueAtMs <= nowMs ? 'send' : 'held';
};
