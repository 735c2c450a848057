import type { Delivery } from '../core/delivery.ts';
import type { Settlement } from '../core/outbox.ts';

/** An attempt with what was decided after it. */
export interface Settled {
  readonly delivery: Delivery;
  readonly settlement: Settlement & { readonly attempt: number };
}
