import type { DecidedAlert, NewAlert } from './decided.ts';
import type { Lease } from './lease.ts';

/**
 * What the API is known to give: `type` an event type, `field` a top-level member of events, `context` a member of the
 * context of a type (`TYPE key`), `listed` a type that the API itself lists. `since` has no name: when watching began.
 */
export type DriftKind = 'since' | 'type' | 'field' | 'context' | 'listed';

/** One thing the API is known to give. */
export interface DriftEntry {
  readonly kind: DriftKind;
  readonly name: string;
  /** When it was first met. Epoch ms. */
  readonly atMs: number;
  /** It was told when it was met; else it was learnt. */
  readonly told: boolean;
}

/** A change of what is known: an entry that is new, or one that is gone. */
export interface DriftChange extends DriftEntry {
  readonly gone: boolean;
}

/** What is known of the form of each account's trail. New entries of events are stored with the events themselves. */
export interface DriftStore {
  known(account: string): Promise<readonly DriftEntry[]>;
  /** The names of all types that the API lists for any account, in one question. */
  listed(): Promise<readonly string[]>;
  /** Applies changes, with the alerts that tell of them, in one transaction. Rejects with LeaseLostError. */
  change(
    lease: Lease,
    account: string,
    changes: readonly DriftChange[],
    alerts: readonly NewAlert[],
    nowMs: number,
  ): Promise<readonly DecidedAlert[]>;
}
