import { UsageError } from '../base/errors.ts';
import { type StatusAnswer, status } from '../server/status-shape.ts';
import { openHistory } from '../store/open-history.ts';
import { refuseMissing } from './deliveries.ts';
import type { Loaded } from './load.ts';
import { monitorAddress, type WishedAddress } from './monitor-address.ts';
import { createMonitorApi, NoMonitorError } from './monitor-api.ts';
import { statusReport } from './status-report.ts';

/** How a monitor is, and who said so. */
export interface AnsweredStatus {
  readonly status: StatusAnswer;
  /** The URL of the monitor that was asked; undefined: the store was read. */
  readonly url: string | undefined;
  /** Why no monitor was asked. */
  readonly why: string | undefined;
}

/** A configuration that is right. */
export type ReadyConfiguration = NonNullable<Loaded['ready']>;

/**
 * How a monitor is: asked of it where it answers, else read from the store. With `wished.url` only that one is asked, and
 * `load` is not called. Rejects with a UsageError when neither can be had.
 */
export const askStatus = async (
  wished: WishedAddress,
  load: () => Promise<ReadyConfiguration>,
  nowMs: number,
  signal: AbortSignal,
): Promise<AnsweredStatus> => {
  if (wished.url !== undefined) return { ...(await askAt(wished, undefined, signal)), why: undefined };
  const { settings, rules } = await load();
  let why: string;
  try {
    const asked = await askAt(wished, settings, signal);
    const holder = await storedHolder(settings.store.path, nowMs);
    // Another configuration may listen where ours says: what it tells is not about our store.
    if (holder === undefined || asked.status.lease?.holder === holder) return { ...asked, why: undefined };
    why = `the monitor at ${asked.url} works on another store`;
  } catch (error) {
    const isAnswer = error instanceof NoMonitorError || error instanceof UsageError;
    if (!isAnswer || signal.aborted) throw error;
    why = error.message;
  }
  refuseMissing(settings);
  const stored = openHistory(settings.store.path);
  try {
    const { overview } = stored;
    const found = await statusReport({
      settings,
      rules,
      overview,
      storeKind: 'sqlite',
      live: undefined,
      nowMs,
    });
    return { status: found, url: undefined, why };
  } finally {
    stored.close();
  }
};

const askAt = async (
  wished: WishedAddress,
  settings: ReadyConfiguration['settings'] | undefined,
  signal: AbortSignal,
): Promise<{ readonly status: StatusAnswer; readonly url: string }> => {
  const address = monitorAddress(wished, settings);
  if (!address)
    throw new NoMonitorError('the configuration names no address to ask the monitor at (http.listen)');
  const api = createMonitorApi(address);
  return { status: await api.get('/status', status, signal), url: address.url };
};

/** Who holds the lease of a store on this machine; undefined: nobody, or there is no such store here. */
const storedHolder = async (path: string, nowMs: number): Promise<string | undefined> => {
  let stored: ReturnType<typeof openHistory>;
  try {
    stored = openHistory(path);
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
    stored.close();
  }
};
