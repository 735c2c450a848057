import type { LatenessCount } from './lateness.ts';
import type { Lease } from './lease.ts';
import type { LedgerRange } from './ledger.ts';
import type { Window } from './window.ts';

/** One reading again of the latest `lastMs` of a trail: how far it is, or when it ended. */
export interface Sweep extends Window {
  /** Its window in the configuration; an account has one sweep for each. */
  readonly lastMs: number;
  readonly startedAtMs: number;
  /** Up to here it has been read. */
  readonly nextMs: number;
  readonly endedAtMs: number | undefined;
}

/** What has been read, and what the second reader is doing about it. Written by commits of windows. */
export interface LedgerStore {
  /** All ranges of an account, in order; empty when it was never read. */
  ranges(account: string): Promise<readonly LedgerRange[]>;
  /** The same of every account that was read, in one question. */
  everyRange(): Promise<ReadonlyMap<string, readonly LedgerRange[]>>;
  /** How late events were found, over the days since `sinceMs`. */
  lateness(account: string, sinceMs: number): Promise<readonly LatenessCount[]>;
  /** The same of every account of which an event was found late, in one question. */
  everyLateness(sinceMs: number): Promise<ReadonlyMap<string, readonly LatenessCount[]>>;
  /** Where the sweeps of an account stand, by their `lastMs`. */
  sweeps(account: string): Promise<ReadonlyMap<number, Sweep>>;
  /** Keeps where sweeps stand. A crash may lose it: some windows are then read once more. Rejects with LeaseLostError. */
  saveSweeps(lease: Lease, account: string, sweeps: readonly Sweep[]): Promise<void>;
}
