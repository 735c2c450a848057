import type { Json } from '../base/json.ts';
import type { Decision } from './collect-store.ts';
import type { DecidedAlert } from './decided.ts';
import type { FeedEntry } from './feed.ts';
import type { Lease } from './lease.ts';

/** The owner, in place of an account, of what rules over all accounts remember. No account can be called so. */
export const FLEET = '(fleet)';

/** How far the rules over all accounts have read, and what comes next. */
export interface FleetPage {
  /** Everything up to it was judged. */
  readonly cursor: number;
  /** Oldest commit first. */
  readonly entries: readonly FeedEntry[];
}

/**
 * The durable side of rules over all accounts: they read the events of all accounts in the order of commits, each once, as a feed
 * does, and what they come to is committed together with how far they read.
 */
export interface FleetStore {
  /** Begins with what is stored from now on, unless it has begun before. */
  open(lease: Lease): Promise<void>;
  /** Up to `limit` events that were not judged yet. */
  read(limit: number): Promise<FleetPage>;
  /** All that the rules remember, as last committed. */
  ruleState(): Promise<ReadonlyMap<string, Json>>;
  /**
   * Moves the cursor from `from` to `to`, with what the rules made of the events between, in ONE transaction. Rejects with
   * a LeaseLostError once `lease` has passed on, and with a StoreError if the cursor is elsewhere; then nothing is written.
   */
  commit(
    lease: Lease,
    from: number,
    to: number,
    decision: Pick<Decision, 'alerts' | 'state'>,
    nowMs: number,
  ): Promise<readonly DecidedAlert[]>;
}
