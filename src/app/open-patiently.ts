import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { Planner } from '../core/planner.ts';
import { mayPass, type Store, StoreError } from '../core/store.ts';
import { openStoreAt } from '../store/open.ts';
import type { MonitorParts } from './parts.ts';

/** A server that starts together with this process may take longer than it; one that never comes is told to whoever started us. */
const OPEN_TRIES = 10;
const OPEN_PAUSE_MS = 3_000;

/**
 * Opens the store of a monitor. With `waits`, a server that does not answer is asked again for half a minute, unless the signal aborts.
 * What a configuration says wrongly, and a file that cannot be used, rejects at once with its StoreError.
 */
export const openPatiently = async (
  { settings, now, log, leaseClock }: Pick<MonitorParts, 'settings' | 'now' | 'log' | 'leaseClock'>,
  waits: boolean,
  planner: Planner,
  signal: AbortSignal,
): Promise<Store> => {
  const { place, leaseMs } = settings.store;
  for (let tries = 1; ; tries += 1) {
    try {
      return await openStoreAt(place, {
        now,
        planner,
        leaseMs,
        onMigrationWaits: (reason) => log.error('store.error', { operation: 'migrate', reason }),
        ...(leaseClock && { leaseClock }),
      });
    } catch (error) {
      const passes =
        place.kind === 'postgres' &&
        mayPass(error) &&
        !(error instanceof StoreError && error.kind === 'missing');
      if (!passes || !waits || tries >= OPEN_TRIES || signal.aborted) throw error;
      log.error('store.error', { operation: 'open', reason: errorText(error) });
      await sleep(OPEN_PAUSE_MS, signal);
    }
  }
};
