import type { Alert } from './alert.ts';

/**
 * States of a delivery in the outbox. `pending` (also: held until its due time) and `sending` are under way; `sent` was
 * taken by the sink; `parked` waits for a person; `folded` travels inside a summary; `silenced` was hidden by a silence
 * and told in its summary; `dropped` was given up by a person.
 */
export const DELIVERY_STATES = [
  'pending',
  'sending',
  'sent',
  'parked',
  'folded',
  'silenced',
  'dropped',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

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
  /** What belongs into one conversation at this sink: the group of its route, else rule and account. */
  readonly thread?: string;
  /** {@link Verdict} `ref` of the first message that this sink took in the same thread, if it gave one. */
  readonly threadRef?: string;
  /** For a resolved alert: the `ref` of the message that told the beginning, if this sink took it and gave one. */
  readonly firingRef?: string;
}

/** What one attempt came to. A sink never throws for anything a receiver or network did: it answers this. */
export type Verdict = Measured &
  (
    | {
        readonly outcome: 'sent';
        readonly receipt: string;
        /** The receiver's own name for the message, by which the same sink can answer to it or change it later. */
        readonly ref?: string;
      }
    | {
        readonly outcome: 'retry';
        readonly reason: string;
        /** The receiver's wish, such as `Retry-After`. It is taken as a wish for all deliveries of the sink. */
        readonly afterMs?: number;
      }
    | { readonly outcome: 'rejected'; readonly reason: string }
  );

/** Facts that are kept with an attempt, as far as the sink knows them. */
export interface Measured {
  /** The receiver's status: HTTP, or the SMTP reply code. */
  readonly status?: number;
  /** Bytes of the message that was sent. */
  readonly bytes?: number;
}

/** An audit event on its way to a sink that is fed with all of them. */
export interface FedEvent {
  readonly account: string;
  readonly id: string;
  readonly eventType: string;
  /** Epoch ms. */
  readonly createdAtMs: number;
  /** When the monitor stored it. Epoch ms. */
  readonly seenAtMs: number;
  /** Byte for byte as the API gave it. */
  readonly json: string;
}

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
  /**
   * For sinks that can take the audit events themselves (a SIEM): tries once to hand over a batch, in order, as a whole.
   * Resolves as {@link send}. `rejected` for a batch of more than one may be about a single event in it.
   */
  readonly sendEvents?: (batch: readonly FedEvent[], signal: AbortSignal) => Promise<Verdict>;
  /** Most events in one batch. Default 100. */
  readonly eventBatch?: number;
  /** Ends pooled connections. */
  close(): Promise<void>;
}

/** A sink that takes events. */
export type FedSink = Sink & Required<Pick<Sink, 'sendEvents'>>;

/** Whether a sink takes events. */
export const isFedSink = (sink: Sink): sink is FedSink => sink.sendEvents !== undefined;
