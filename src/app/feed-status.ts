import type { Settings } from '../config/settings.ts';
import type { Clock } from '../core/clock.ts';
import type { RefusedEvent } from '../core/feed.ts';
import { withStore } from './deliveries.ts';

/** How one feed stands. */
export interface FeedStatus {
  readonly sink: string;
  /** Stored events behind the cursor. */
  readonly waiting: number;
  /** How long the oldest of them has been stored, in ms. */
  readonly lagMs: number;
  /** The newest events that were set aside, newest first. */
  readonly refused: readonly RefusedEvent[];
}

/** How the feeds of a configuration stand, beside a running monitor. Rejects with a StoreError when there is no store. */
export const feedStatus = (
  settings: Settings,
  now: Clock,
  maxRefused: number,
): Promise<readonly FeedStatus[]> =>
  withStore(settings, now, async ({ feeds }) => {
    const sinks = [...new Set(settings.feeds.flatMap(({ to }) => to))];
    const found: FeedStatus[] = [];
    for (const sink of sinks) {
      const { events, oldestSeenAtMs } = await feeds.backlog(sink);
      const lagMs = oldestSeenAtMs === undefined ? 0 : Math.max(now() - oldestSeenAtMs, 0);
      found.push({ sink, waiting: events, lagMs, refused: await feeds.refused(sink, maxRefused) });
    }
    return found;
  });
