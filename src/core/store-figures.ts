import type { SinkGate } from './gate.ts';
import type { Sweep } from './ledger-store.ts';
import type { Window } from './window.ts';

/** What waits for one sink. */
export interface Waiting {
  readonly sink: string;
  /**
   * Since when the oldest of its deliveries has been waiting that are due, being sent or to be tried again (of the
   * hundred thousand longest due); undefined: there is none. What is held on purpose does not count. Epoch ms.
   */
  readonly sinceMs: number | undefined;
  /** The earliest time at which one is due; a running lease counts with its expiry. Epoch ms. */
  readonly dueMs: number | undefined;
}

/** Figures of the store, for metrics. Cheap however much is stored: nothing here reads all events or all deliveries. */
export interface StoreFigures {
  /** Of every sink with something under way. */
  waiting(nowMs: number): Promise<readonly Waiting[]>;
  /** Gates of sinks as last kept. */
  gates(): Promise<ReadonlyMap<string, SinkGate>>;
  sizes(): Promise<{
    readonly events: number;
    /** Elements in quarantine, at most 100,000 counted. */
    readonly quarantined: number;
    readonly bytes: number;
  }>;
  /** The latest sweeps of all accounts, one for each window of the configuration. */
  sweeps(): Promise<readonly (Sweep & { readonly account: string })[]>;
  /** Of every account with backfills that wait: how many, and what the oldest asks for. */
  backfills(): Promise<readonly (Window & { readonly account: string; readonly waiting: number })[]>;
  /** How many silences hide alerts at this moment. */
  silencesInForce(nowMs: number): Promise<number>;
}
