import type { Alert } from './alert.ts';

/** States of a delivery in the outbox. `folded` and `silenced` are reserved for grouping and silences. */
export type DeliveryState = 'pending' | 'sending' | 'sent' | 'parked' | 'folded' | 'silenced';

/** One alert on its way to one sink. */
export interface Delivery {
  /** Stable hash of (alert id, sink): the same on every attempt, so that a receiver can drop a repetition. */
  readonly id: string;
  readonly sink: string;
  readonly alert: Alert;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** When the delivery was put into the outbox. Epoch ms. */
  readonly createdAtMs: number;
}

/** What one attempt came to. A sink never throws for anything a receiver or network did: it answers this. */
export type Verdict =
  | { readonly outcome: 'sent'; readonly receipt: string }
  | { readonly outcome: 'retry'; readonly reason: string; readonly afterMs?: number }
  | { readonly outcome: 'rejected'; readonly reason: string };

/** Where alerts go. One attempt, one verdict: never loops, never sleeps, never logs. */
export interface Sink {
  /** The operator's name for it, such as `oncall-slack`. */
  readonly name: string;
  readonly type: string;
  /** How many `send` calls may run at once. */
  readonly concurrency: number;
  /**
   * Tries once to hand the delivery over. Resolves with a verdict for every answer, refusal, timeout and abort
   * (an abort is a `retry`); reasons name status and cause and hold no secret.
   */
  send(delivery: Delivery, signal: AbortSignal): Promise<Verdict>;
  /** Ends pooled connections. */
  close(): Promise<void>;
}
