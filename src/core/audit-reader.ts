import type { AuditEvent, QuarantinedEvent } from './event.ts';

/** One page of `GET /events`, already told apart into events and what could not be understood. */
export interface AuditPage {
  readonly events: readonly AuditEvent[];
  readonly quarantined: readonly QuarantinedEvent[];
  /** Number of elements in the answer, understood or not. */
  readonly count: number;
  /** `page.totalElements`: how many the API says the whole query has; undefined when it did not say. */
  readonly totalElements: number | undefined;
  /** `page.number` as answered, or undefined. A page that is not the one asked for cannot prove completeness. */
  readonly number: number | undefined;
  /** The server's clock (HTTP `Date`) minus ours, in ms; undefined when it sent none. */
  readonly clockSkewMs: number | undefined;
  /** When it sent none: what it must be by the last one it sent and the time that has passed; undefined when unknown. */
  readonly expectedSkewMs?: number | undefined;
}

/** Reads one account's trail. Rejects with {@link AuditError}; retries of reads happen behind this port. */
export interface AuditReader {
  /**
   * Page `page` (from 1) of all events with `fromMs` ≲ created_at ≲ `toMs` (bounds may be inclusive or not), in pages
   * of `size` elements (1 to 100; as configured unless given).
   */
  readPage(
    query: {
      readonly fromMs: number;
      readonly toMs: number;
      readonly page: number;
      readonly size?: number;
    },
    signal: AbortSignal,
  ): Promise<AuditPage>;
}

/**
 * Why a read failed for good. `blind`: 401/403, the account cannot be seen at all. `unavailable`: network, timeouts,
 * 429 and 5xx after all retries. `invalid`: an answer that is not what the contract says (HTML, cut off, other shape).
 */
export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly kind: 'blind' | 'unavailable' | 'invalid';
  /** HTTP status when there was an answer. */
  readonly status: number | undefined;
  /** The answer was larger than is read: a question about fewer events may be answered. Only ever with `invalid`. */
  readonly tooLarge: boolean;
  constructor(
    kind: AuditError['kind'],
    message: string,
    options?: { status?: number; cause?: unknown; tooLarge?: boolean },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.status = options?.status;
    this.tooLarge = options?.tooLarge ?? false;
  }
}
