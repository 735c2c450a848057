import type { Alert } from './alert.ts';

/** An alert on its way into the store. */
export interface NewAlert {
  readonly alert: Alert;
  /** Exactly these sinks, whatever routes, silences and suppression say; empty: recorded, told to nobody. */
  readonly sinks?: readonly string[];
  /** Sinks that must not carry it, such as the one that it says is in trouble. */
  readonly except?: readonly string[];
}

/** Why a delivery is what it is. Names are part of the product's interface; texts are for people. */
export const WHY_REASONS = {
  named: 'The monitor itself chose the sink.',
  rule: 'The rule names the sink (`monitor.to`).',
  route: 'A route took the alert.',
  others: 'Told through the other sinks, since it is about the one that should have had it.',
  suppressed: 'The rule suppresses alerts of this key for a time; told in a summary at its end.',
  grouped: 'The route groups alerts; they travel together.',
  held: 'The route is closed at this time; the delivery waits until it opens.',
  silenced: 'A silence hides the alert; told in a summary at its end.',
  fallback: 'Another sink could not take it.',
  overdue:
    'It waited for longer than `max_age` while the receiver did not answer; parked without another try.',
  summary: 'It stands for alerts that were folded.',
} as const satisfies Record<string, string>;
export type WhyReason = keyof typeof WHY_REASONS;

/** One step of the decision about a delivery. */
export interface Why {
  readonly reason: WhyReason;
  /** Which route, rule, silence or window; until when. For people; '' when the reason says all. */
  readonly detail: string;
}

/** One delivery as decided. */
export interface PlannedDelivery {
  readonly sink: string;
  readonly state: 'pending' | 'silenced';
  /** When it may be sent, epoch ms. Later than now: it is held. */
  readonly dueAtMs: number;
  /**
   * Deliveries of a sink with the same bundle that are due together travel as one summary. `suppressed:…` always as a
   * summary, `group:…` and `held:…` only when there are several.
   */
  readonly bundle?: string;
  /** The conversation it belongs to at its sink. */
  readonly thread: string;
  /** Id of the silence that hides it. */
  readonly silence?: string;
  /** In the order of deciding. */
  readonly why: readonly Why[];
}

/** An alert as decided: what one transaction writes together. */
export interface DecidedAlert {
  readonly alert: Alert;
  /** Sinks of {@link deliveries} that are not silenced, each once. Empty: recorded, sent nowhere. */
  readonly sinks: readonly string[];
  readonly deliveries: readonly PlannedDelivery[];
}
