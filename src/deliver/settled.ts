import type { Delivery, Verdict } from '../core/delivery.ts';
import type { Settlement } from '../core/outbox.ts';

/** An attempt with what was decided after it. */
export interface Settled {
  readonly delivery: Delivery;
  readonly verdict: Verdict;
  readonly settlement: Settlement & { readonly attempt: number };
}
