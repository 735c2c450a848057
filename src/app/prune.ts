import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Retention } from '../core/store.ts';

const EVERY_MS = 3_600_000;
/** Small, so that a step takes milliseconds: polls and deliveries share the thread with it. */
const STEP_ROWS = 500;
const BETWEEN_STEPS_MS = 20;

/** Deletes what is older than the retention, soon after start and then hourly, in small steps with pauses between. */
export const pruneForEver = async (
  options: {
    readonly retention: Retention;
    readonly keepMs: () => number;
    readonly now: Clock;
    readonly log: Log;
  },
  signal: AbortSignal,
): Promise<void> => {
  for (await sleep(60_000, signal); !signal.aborted; await sleep(EVERY_MS, signal)) {
    const before = options.now() - options.keepMs();
    try {
      let rows = 0;
      for (
        let step = STEP_ROWS;
        step >= STEP_ROWS && !signal.aborted;
        await sleep(BETWEEN_STEPS_MS, signal)
      ) {
        step = await options.retention.prune(before, STEP_ROWS);
        rows += step;
      }
      if (rows > 0) options.log.info('store.pruned', { rows, before: new Date(before).toISOString() });
    } catch (error) {
      options.log.error('store.error', { operation: 'prune', reason: errorText(error) });
    }
  }
};
