import type { Json } from '../base/json.ts';
import type { Decision } from './collect-store.ts';
import type { DecidedAlert } from './decided.ts';
import type { FeedEntry } from './feed.ts';
import type { Lease } from './lease.ts';

/**
 * Stands in place of an account for what is of all of them: what rules over all accounts remember, and their alerts. The
 * configuration allows no brackets in the name of an account or a sink, so nothing can be called so.
 */
export const FLEET = '(fleet)';

/** An account behind a title: ` (retail)`, and nothing where there is none. */
export const inBrackets = (account: string): string =>
  account === '' ? '' : account === FLEET ? ` ${FLEET}` : ` (${account})`;

/** An event for rules over all accounts. */
export interface FleetEntry extends FeedEntry {
  /** It was read quietly (a backfill does so unless it is asked to notify): what is told of it is recorded and goes nowhere. */
  readonly quiet: boolean;
}

/** How far the rules over all accounts have read, and what comes next. */
export interface FleetPage {
  /** Everything up to it was judged. */
  readonly cursor: number;
  /** Oldest commit first. */
  readonly entries: readonly FleetEntry[];
  /** How many events the retention has taken before they were judged, ever. */
  readonly pruned: number;
}

/**
 * The durable side of rules over all accounts: they read the events of all accounts in the order of commits, each once, as a feed
 * does, and what they come to is committed together with how far they read.
 */
export interface FleetStore {
  /**
   * Begins with what is stored from now on, unless it has begun before. Where nobody judged for a day since there were no such
   * rules ({@link FleetStore.rest}), it begins anew: what they would tell is long past.
   */
  open(lease: Lease): Promise<void>;
  /** No rule of the configuration that is worked by looks at all accounts. Until somebody opens or commits, nobody judges. */
  rest(): Promise<void>;
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
