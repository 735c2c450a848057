import type { AuditClient } from '../audit/client.ts';
import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { Log } from '../core/log.ts';

const EVERY_MS = 86_400_000;

/**
 * Reads the API's own list of event types at start and daily. The list changes over time and is the only definitive one;
 * failing to read it is no trouble (the poll notices a blind account by itself).
 */
export const readEventTypes = async (
  account: string,
  client: Pick<AuditClient, 'eventTypes'>,
  log: Log,
  signal: AbortSignal,
): Promise<void> => {
  for (; !signal.aborted; await sleep(EVERY_MS, signal)) {
    try {
      const types = await client.eventTypes(signal);
      log.info('api.types', { account, count: types?.length ?? 0, types: types?.map(({ type }) => type) });
    } catch (error) {
      if (!signal.aborted) log.warn('api.types', { account, reason: errorText(error) });
    }
  }
};
