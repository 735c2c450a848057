import type { AuditError } from '../core/audit-reader.ts';

/** One attempt of a read that failed; never leaves this folder (callers get an AuditError). */
export class ReadFailure extends Error {
  override readonly name = 'ReadFailure';
  readonly kind: AuditError['kind'];
  /** Whether another attempt may help. */
  readonly retry: boolean;
  readonly status: number | undefined;
  /** How long the server asked us to stay away, in ms. */
  readonly afterMs: number | undefined;
  /** The answer was larger than is read. */
  readonly tooLarge: boolean;
  constructor(
    kind: AuditError['kind'],
    message: string,
    facts: Pick<ReadFailure, 'retry'> & Partial<Pick<ReadFailure, 'status' | 'afterMs' | 'tooLarge'>>,
  ) {
    super(message);
    this.kind = kind;
    this.retry = facts.retry;
    this.status = facts.status;
    this.afterMs = facts.afterMs;
    this.tooLarge = facts.tooLarge ?? false;
  }
}
