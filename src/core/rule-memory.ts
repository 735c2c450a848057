import type { Json } from '../base/json.ts';
import type { Act } from './acts.ts';
import type { Lease } from './lease.ts';

/** One entry of what rules remember, as it is kept. */
export interface MemoryEntry {
  readonly key: string;
  readonly value: Json;
}

/** What is to be forgotten. */
export interface MemoryReset {
  /** Names of accounts. */
  readonly accounts: readonly string[];
  /** Only what lies under these keys (the key itself, and all that begins with it and `/`); undefined: everything. */
  readonly prefixes: readonly string[] | undefined;
}

/** What rules remember between events, for people who look into it. Rules themselves get it by `CollectStore.ruleState`. */
export interface RuleMemory {
  /**
   * Forgets it in ONE transaction with the act that says so, and resolves with the number of entries. A monitor that runs
   * has its memory loaded and would write it back, so it takes the lease under which it commits: rejects with
   * LeaseLostError when `lease` is no longer held.
   */
  reset(lease: Lease, what: MemoryReset, act: Pick<Act, 'by' | 'subject' | 'detail'>): Promise<number>;
}

/** Reads the entries of an account, in order of their keys. */
export type ReadMemory = (account: string) => Promise<readonly MemoryEntry[]>;
