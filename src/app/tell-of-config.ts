import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { Trouble } from '../core/conditions.ts';
import type { Monitor } from './parts.ts';

const LOOK_EVERY_MS = 1_000;

/**
 * Keeps the condition `config` in step with whether the latest configuration is in force, until the signal aborts: again
 * and again, so that neither a store that fails for a while nor a restart leaves it open, or untold.
 */
export const tellOfConfig = async (
  { parts, refusal }: Pick<Monitor, 'parts' | 'refusal'>,
  trouble: Trouble,
  signal: AbortSignal,
): Promise<void> => {
  for (; !signal.aborted; await sleep(LOOK_EVERY_MS, signal)) {
    const reason = refusal();
    try {
      if (reason === undefined) await trouble.clear('config', '');
      else await trouble.raise('config', '', reason);
    } catch (error) {
      parts.log.error('store.error', { operation: 'tell of the configuration', reason: errorText(error) });
    }
  }
};
