import type { FaultSetting } from '../../src/simulator/faults.ts';
import type { LinkFault } from '../support/fault-proxy.ts';

/** Sinks that people or machines receive from. */
export const SINKS = ['hook', 'pager', 'mail', 'chat'] as const;
export type SinkName = (typeof SINKS)[number];

/** How a receiver treats what arrives. `slow` takes it after so many ms; the others are statuses, or none. */
export type Treatment =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterS?: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'slow'; readonly ms: number };

/** Something that begins and ends. */
export type Trouble =
  /** The API answers, but wrongly: nothing of it may last longer than the overlap can mend. */
  | { readonly kind: 'api lies'; readonly fault: FaultSetting }
  | { readonly kind: 'api fails'; readonly fault: FaultSetting }
  | { readonly kind: 'api link'; readonly link: LinkTrouble }
  | { readonly kind: 'sink'; readonly sink: SinkName; readonly treatment: Treatment }
  | { readonly kind: 'sink link'; readonly sink: SinkName; readonly link: LinkTrouble }
  /** The monitor's clock is off. */
  | { readonly kind: 'clock'; readonly skewMs: number }
  /** The process is stopped, or killed after so many movements of traffic, and is away. */
  | { readonly kind: 'restart' }
  | { readonly kind: 'kill'; readonly afterTraffic: number }
  /** A second process works on the same database: it stands by, or on a server shares the work. */
  | { readonly kind: 'rival' }
  /** On a server: it is away in the meantime, or in the end another one takes its place. */
  | { readonly kind: 'database'; readonly fault: DatabaseFault }
  /** On a server: the way of the first process to it. */
  | { readonly kind: 'database link'; readonly link: LinkTrouble }
  /** The API's answers have no date. */
  | { readonly kind: 'api undated' }
  /** The place of the database is full; a server takes no writes. */
  | { readonly kind: 'store' }
  /** A secret is changed where it is used; its file follows at the end. `to` is what comes after it. */
  | { readonly kind: 'rotation'; readonly of: 'api' | 'hook' | 'heartbeat'; readonly to: string };

/**
 * What becomes of a server: it is ended in order, or crashes, and is away until the end; or at the end it is replaced by one that
 * has nothing of what was committed since the beginning.
 */
export type DatabaseFault = 'restart' | 'crash' | 'failover';

/** The port is closed, or connections get faults: each of them with a probability. */
export type LinkTrouble = 'down' | { readonly faults: readonly LinkFault[]; readonly probability: number };

/** Epoch ms; half-open. */
export interface Episode {
  readonly fromMs: number;
  readonly toMs: number;
  readonly trouble: Trouble;
}

/** When the day is. */
export interface Times {
  readonly startMs: number;
  readonly endMs: number;
}

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const OVERLAP_MS = 40 * MINUTE_MS;
