import type { StatusAnswer } from '../server/status-shape.ts';
import { openHistoryAt } from '../store/open.ts';
import { refuseMissing } from './deliveries.ts';
import type { Usable } from './load.ts';
import type { WishedAddress } from './monitor-address.ts';
import { reachMonitor } from './reach-monitor.ts';
import { statusReport } from './status-report.ts';

/** How a monitor is, and who said so. */
export interface AnsweredStatus {
  readonly status: StatusAnswer;
  /** The URL of the monitor that was asked; undefined: the store was read. */
  readonly url: string | undefined;
  /** Why no monitor was asked. */
  readonly why: string | undefined;
}

/**
 * How a monitor is: asked of it where it answers, else read from the store. With `wished.url` only that one is asked, and
 * `load` is not called. Rejects with a UsageError when neither can be had.
 */
export const askStatus = async (
  wished: WishedAddress,
  load: () => Promise<Usable>,
  nowMs: number,
  signal: AbortSignal,
): Promise<AnsweredStatus> => {
  const ready = wished.url === undefined ? await load() : undefined;
  const reached = await reachMonitor(wished, ready?.settings, nowMs, signal);
  if ('api' in reached) return { status: reached.status, url: reached.api.url, why: undefined };
  const { settings, rules, rulesWrong } = ready ?? (await load());
  refuseMissing(settings.store.place);
  const stored = await openHistoryAt(settings.store.place);
  try {
    const { overview } = stored;
    const found = await statusReport({
      settings,
      rules,
      rulesWrong,
      overview,
      storeKind: settings.store.place.kind,
      live: undefined,
      nowMs,
    });
    return { status: found, url: undefined, why: reached.why };
  } finally {
    await stored.close();
  }
};
