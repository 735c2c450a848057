import { UsageError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { StorePlace } from '../core/store-place.ts';
import { type StatusAnswer, status } from '../server/status-shape.ts';
import { openHistoryAt } from '../store/open.ts';
import type { StoredHistory } from '../store/open-history.ts';
import { monitorAddress, type WishedAddress } from './monitor-address.ts';
import { createMonitorApi, type MonitorApi, NoMonitorError } from './monitor-api.ts';

/** A monitor that answers, and how it is. */
export interface ReachedMonitor {
  readonly api: MonitorApi;
  readonly status: StatusAnswer;
}

/**
 * The monitor that was named, which must answer; else that of a configuration, or why it cannot be asked: whoever can read
 * the store instead does. Rejects with a UsageError, or an Error, for one that was named.
 */
export const reachMonitor = async (
  wished: WishedAddress,
  settings: Settings | undefined,
  nowMs: number,
  signal: AbortSignal,
): Promise<ReachedMonitor | { readonly why: string }> => {
  const address = monitorAddress(wished, settings);
  if (!address) return { why: 'the configuration names no address to ask the monitor at (http.listen)' };
  const api = createMonitorApi(address);
  if (wished.url !== undefined || !settings) return { api, status: await api.get('/status', status, signal) };
  try {
    const answer = await api.get('/status', status, signal);
    const holder = await storedHolder(settings.store.place, nowMs);
    // Another configuration may listen where ours says: what it tells is not about our store.
    if (holder === undefined || answer.lease?.holder === holder) return { api, status: answer };
    return { why: `the monitor at ${api.url} works on another store` };
  } catch (error) {
    if (signal.aborted || !(error instanceof NoMonitorError || error instanceof UsageError)) throw error;
    return { why: error.message };
  }
};

/** Who holds the lease of a store on this machine; undefined: nobody, or there is no such store here. */
const storedHolder = async (place: StorePlace, nowMs: number): Promise<string | undefined> => {
  let stored: StoredHistory;
  try {
    stored = await openHistoryAt(place);
  } catch {
    return undefined;
  }
  try {
    const { lease } = await stored.overview({
      nowMs,
      lease: 'monitor',
      sinks: [],
      latenessSinceMs: nowMs,
      alertsSinceMs: nowMs,
    });
    return lease && lease.holder !== '' && lease.expiresAtMs > nowMs ? lease.holder : undefined;
  } finally {
    await stored.close();
  }
};
