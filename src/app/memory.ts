import type { PollerMemory } from '../collect/poller.ts';
import type { Lease } from '../core/lease.ts';
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

/** Under which lease each account was worked when something was remembered of it. */
export type Holdings = Map<string, Lease>;

/**
 * To be called when an account is begun. Under another lease others may have worked it since, and under another life of the server what was
 * committed may be gone: nothing is remembered of it then. Within one holding, such as over a reload, everything is.
 */
export const forgetUnlessHeldSince = (
  { accounts }: Memory,
  holdings: Holdings,
  account: string,
  lease: Lease,
): void => {
  const before = holdings.get(account);
  if (before?.token !== lease.token || before.server !== lease.server) accounts.delete(account);
  holdings.set(account, lease);
};

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
