import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import { backoffMs } from '../core/backoff.ts';
import type { ConditionChange } from '../core/conditions.ts';
import type { RefusedEvent } from '../core/feed.ts';
import { LeaseLostError } from '../core/lease.ts';
import type { FeedLoopOptions } from './feed-loop.ts';

/** Moves the cursor of a feed to a place, and records what was refused on the way. Resolves with the keys of conditions that changed. */
export type Advance = (
  cursor: number,
  refused?: readonly RefusedEvent[],
  changes?: readonly ConditionChange[],
) => Promise<readonly string[]>;

const BACKOFF = { baseMs: 100, capMs: 10_000 };

/**
 * Makes an {@link Advance}. It is tried again until `stopping` aborts, since sending once more would repeat what was taken; rejects
 * with the store's error when that comes first.
 */
export const createAdvance =
  ({
    sink,
    feeds,
    lease,
    random,
    log,
    stopping,
  }: Pick<FeedLoopOptions, 'sink' | 'feeds' | 'lease' | 'random' | 'log'> & {
    readonly stopping: AbortSignal;
  }): Advance =>
  async (cursor, refused = [], changes = []) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await feeds.advance(sink.name, cursor, refused, changes, lease);
      } catch (error) {
        if (stopping.aborted || error instanceof LeaseLostError) throw error;
        const ms = backoffMs(tries, BACKOFF, random);
        const reason = errorText(error);
        log.error('store.error', { sink: sink.name, operation: 'advance feed', reason, retry_in_ms: ms });
        await sleep(ms, stopping);
      }
    }
  };
