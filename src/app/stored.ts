import type { Settings } from '../config/settings.ts';
import type { Alert } from '../core/alert.ts';
import type { Silence } from '../core/silence.ts';
import { isStoreAt } from '../store/open.ts';
import { withHistory, withStore } from './deliveries.ts';

/** The alert with an id in the local store; undefined when it, or the store, is not there. */
export const storedAlert = async (settings: Settings, id: string): Promise<Alert | undefined> => {
  if (!isStoreAt(settings.store.place)) return undefined;
  return withHistory(settings, async (history) => (await history.alerts({ id, limit: 1 })).items[0]);
};

/** Silences of the local store that have not ended; none when there is no store. */
export const storedSilences = async (settings: Settings, nowMs: number): Promise<readonly Silence[]> => {
  if (!isStoreAt(settings.store.place)) return [];
  return withStore(
    settings,
    () => nowMs,
    (store) => store.silences.list({ nowMs, ended: false }),
  );
};
