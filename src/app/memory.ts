import type { PollerMemory } from '../collect/poller.ts';
import type { TroubleMemory } from './trouble.ts';

/** What is remembered of an account. */
export interface AccountMemory extends PollerMemory {
  apiKey?: string;
  /** What `poll.overlap: auto` has come to. */
  overlapMs?: number;
  /** When the API's list of event types was read. Epoch ms. */
  typesReadMs?: number;
}

/**
 * What the work under one configuration hands on to the work under the next, while the same process holds the lease. All of
 * it may be forgotten by a restart: what may not be is in the store.
 */
export interface Memory {
  readonly trouble: TroubleMemory;
  /** Titles of rules that have failed, with the time of the last failure. Epoch ms. */
  readonly ruleFailures: Map<string, number>;
  readonly accounts: Map<string, AccountMemory>;
  /** What was warned of and need not be said again as long as it is so. */
  readonly warned: Set<string>;
}

/** Remembers nothing. */
export const createMemory = (): Memory => ({
  trouble: { endedMs: new Map(), raisedMs: new Map(), wavering: new Set() },
  ruleFailures: new Map(),
  accounts: new Map(),
  warned: new Set(),
});

/** What is remembered of an account, nothing at first. */
export const accountMemory = ({ accounts }: Memory, name: string): AccountMemory => {
  const known = accounts.get(name) ?? {};
  accounts.set(name, known);
  return known;
};
