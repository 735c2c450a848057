import type { ConditionChange } from './conditions.ts';
import type { FedEvent } from './delivery.ts';
import type { Lease } from './lease.ts';
import type { Route } from './route.ts';

/** Where a feed that is new begins: with what is stored from then on, or with the oldest event that is kept. */
export const FEED_STARTS = ['now', 'start'] as const;
export type FeedStart = (typeof FEED_STARTS)[number];

/** A route with `kind: event`: it feeds its sinks with audit events, and takes no alerts. */
export interface FeedRoute {
  /** What an event must have, without `kind`; undefined: every event. */
  readonly match: Route['match'];
  /** Names of sinks. */
  readonly to: readonly string[];
  readonly from: FeedStart;
}

/** An event with its place in the order of commits. */
export interface FeedEntry {
  /** Grows from one event to the next, with gaps. Good only for the same store. */
  readonly cursor: number;
  readonly event: FedEvent;
}

/** Part of what a feed has still to send, oldest commit first. */
export interface FeedPage {
  readonly entries: readonly FeedEntry[];
  /** How many events the retention has taken from this feed before they were sent, since the feed was opened. */
  readonly pruned: number;
}

/** An event that a sink refused while it took the next one. */
export interface RefusedEvent {
  readonly account: string;
  readonly id: string;
  readonly eventType: string;
  /** Epoch ms. */
  readonly createdAtMs: number;
  /** Epoch ms. */
  readonly refusedAtMs: number;
  /** The sink's reason, redacted. */
  readonly reason: string;
}

/**
 * The durable side of feeds. A feed is named after its sink and has a cursor: everything up to it was taken, was set
 * aside, or is not meant for the sink. The events themselves are those that collecting stored; nothing is copied.
 */
export interface Feeds {
  /** Makes the feed if there is none of that name. One that exists goes on where it ended, whatever `from` says. */
  open(feed: string, from: FeedStart): Promise<void>;
  /**
   * Up to `limit` events behind the feed's cursor, or behind `after`; fewer, but at least one, when they are large. None
   * for a feed that was never opened.
   */
  read(feed: string, limit: number, after?: number): Promise<FeedPage>;
  /**
   * Moves the cursor to `cursor` (never backward), and records the events that were set aside on the way and the
   * conditions that this opens or closes, in ONE transaction. Without those two a power cut may undo it, which costs a
   * repetition. Resolves with the keys of the conditions that changed. Rejects with a LeaseLostError, and does nothing, once
   * `lease` has passed on.
   */
  advance(
    feed: string,
    cursor: number,
    refused: readonly RefusedEvent[],
    changes: readonly ConditionChange[],
    lease?: Lease,
  ): Promise<readonly string[]>;
  /** How many events lie behind the cursor, and when the oldest of them was stored (epoch ms). */
  backlog(feed: string): Promise<{ readonly events: number; readonly oldestSeenAtMs: number | undefined }>;
  /** The newest events that were set aside, newest first, at most `limit`. */
  refused(feed: string, limit: number): Promise<readonly RefusedEvent[]>;
}
