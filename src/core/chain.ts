/** Name of the chain of what people did; that of an account's events is the account's name. */
export const ACTS_CHAIN = 'acts of people';

/** The end of a chain as it was at some moment: who keeps it outside can tell later whether the history was rewritten. */
export interface ChainHead {
  /** Which chain: `events` of the account, or `acts`, what people did (the account is '' then). */
  readonly chain: 'events' | 'acts';
  readonly account: string;
  /** How many entries the chain has had, pruned ones included. */
  readonly position: number;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

/**
 * How a chain is broken. `changed`: an entry is not what was stored; `removed`: entries are missing; `inserted`: an
 * entry was never committed; `reordered`: an entry stands in another place; `rewritten`: the chain agrees with itself
 * and not with a head that was published; `truncated`: it ends before one; `disagrees`: what it says of a silence is
 * not what the silence says.
 */
export type ChainBreakKind =
  | 'changed'
  | 'removed'
  | 'inserted'
  | 'reordered'
  | 'rewritten'
  | 'truncated'
  | 'disagrees';

/** The first place where a chain does not hold. */
export interface ChainBreak {
  readonly kind: ChainBreakKind;
  /** Where it shows; undefined when the whole chain is meant. */
  readonly position: number | undefined;
  /** Id of the event, subject of the act, or id of the silence, where one is there to be named. */
  readonly id: string | undefined;
  /** For people: what was expected and what is there. */
  readonly detail: string;
}

/** What was found about one chain. */
export interface ChainReport extends ChainHead {
  /** Entries that were read and hold. */
  readonly verified: number;
  /** Entries pruned out of the middle, whose hashes are still on the chain. */
  readonly holes: number;
  /** Where the chain begins: entries up to this position were pruned. */
  readonly prunedTo: number;
  /** When the last of them was pruned, and before which time it had happened; undefined: nothing was pruned. */
  readonly pruned: { readonly atMs: number; readonly beforeMs: number } | undefined;
  /** Entries that an older version stored without a hash, which nothing vouches for. */
  readonly unchained: number;
  readonly broken: ChainBreak | undefined;
}

/** A head that was published, as far as it is known: from a log line, or a hash alone. */
export interface PublishedHead {
  /** Undefined: any chain. */
  readonly chain: ChainHead['chain'] | undefined;
  readonly account: string;
  /** Undefined: any position. */
  readonly position: number | undefined;
  readonly hash: string;
}

/** The chains of a store, as the monitor publishes them. */
export interface Chains {
  /** The heads of all chains, those of events by account name, then that of acts. Chains without entries are left out. */
  heads(): Promise<readonly ChainHead[]>;
}
