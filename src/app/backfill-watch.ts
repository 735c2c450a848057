import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { Backfills } from '../core/backfill.ts';
import type { Log } from '../core/log.ts';

/** Looks for requests for backfills on behalf of all accounts: ten thousand must not ask the store every second each. */
export interface BackfillWatch {
  /** Resolves when a request of the account waits, as a look says that is made every second, or when the signal aborts. */
  asked(account: string, signal: AbortSignal): Promise<void>;
}

const LOOK_EVERY_MS = 1_000;
/** Between two looks while the store fails. */
const MAX_PAUSE_MS = 15_000;

/** Makes a {@link BackfillWatch}. It looks as long as anybody waits. */
export const createBackfillWatch = (
  backfills: Pick<Backfills, 'waitingAccounts'>,
  log: Log,
): BackfillWatch => {
  const waiting = new Map<string, () => void>();
  let looking: AbortController | undefined;

  const look = async (until: AbortSignal): Promise<void> => {
    for (let pauseMs = LOOK_EVERY_MS; !until.aborted; await sleep(pauseMs, until)) {
      try {
        for (const account of await backfills.waitingAccounts()) waiting.get(account)?.();
        pauseMs = LOOK_EVERY_MS;
      } catch (error) {
        pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
        if (!until.aborted)
          log.error('store.error', { operation: 'look for backfills', reason: errorText(error) });
      }
    }
  };

  return {
    async asked(account, signal) {
      if (signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const end = (): void => resolve();
      waiting.set(account, end);
      signal.addEventListener('abort', end, { once: true });
      if (!looking) {
        looking = new AbortController();
        void look(looking.signal);
      }
      await promise;
      signal.removeEventListener('abort', end);
      // Under another configuration the account may be waited for anew already.
      if (waiting.get(account) === end) waiting.delete(account);
      if (waiting.size > 0) return;
      looking?.abort();
      looking = undefined;
    },
  };
};
