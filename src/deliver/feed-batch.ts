import type { FeedEntry } from '../core/feed.ts';

/** Which part of a page to send, and where the cursor stands once that was taken. */
export interface FeedBatch {
  readonly entries: readonly FeedEntry[];
  /** The cursor after the batch: events on the way that the feed does not want are done with it. */
  readonly upTo: number;
}

/** What bounds a batch. */
export interface BatchLimits {
  /** Most events, at least 1. */
  readonly events: number;
  /** Most characters of JSON together. The first event goes in whatever its size. */
  readonly chars: number;
}

/**
 * The next batch out of a page: the first wanted events in order, as many as the limits allow. A page without any comes
 * to an empty batch that reaches to its end; `upTo` never passes a wanted event that is not in the batch.
 */
export const nextBatch = (
  page: readonly FeedEntry[],
  wants: (entry: FeedEntry) => boolean,
  limits: BatchLimits,
): FeedBatch => {
  const entries: FeedEntry[] = [];
  let chars = 0;
  let upTo = 0;
  for (const entry of page) {
    if (wants(entry)) {
      chars += entry.event.json.length;
      const full = entries.length >= limits.events || (entries.length > 0 && chars > limits.chars);
      if (full) break;
      entries.push(entry);
    }
    upTo = entry.cursor;
  }
  return { entries, upTo };
};
