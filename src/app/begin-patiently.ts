import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { Log } from '../core/log.ts';
import { StoreError } from '../core/store.ts';

const BEGIN_AGAIN_MS = 1_000;

/**
 * Begins work, again and again as long as the store fails: a store that fails at the very moment of a change must not end
 * a monitor that would outlive it otherwise. Other errors, and those that `passes` does not let through, reject. Undefined
 * when the signal aborts first.
 */
export const beginPatiently = async <T>(
  begin: () => Promise<T>,
  log: Log,
  signal: AbortSignal,
  passes: (error: StoreError) => boolean = () => true,
): Promise<T | undefined> => {
  while (!signal.aborted) {
    try {
      return await begin();
    } catch (error) {
      if (!(error instanceof StoreError) || !passes(error)) throw error;
      log.error('store.error', { operation: 'go on with another configuration', reason: errorText(error) });
      await sleep(BEGIN_AGAIN_MS, signal);
    }
  }
  return undefined;
};
