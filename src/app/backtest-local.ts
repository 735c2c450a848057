import { parseSingle } from '../audit/page.ts';
import { UsageError } from '../base/errors.ts';
import type { Progress } from '../core/collect-store.ts';
import type { AuditEvent } from '../core/event.ts';
import type { StoredEvent } from '../core/history.ts';
import { placeText, type StorePlace } from '../core/store-place.ts';
import { isStoreAt, openHistoryAt } from '../store/open.ts';
import type { Batch, EventSource } from './backtest.ts';

/** Half-open range of created_at; undefined ends are open. */
export interface Range {
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

const PAGE = 1_000;

/**
 * The events of the local store, which is only read. Opened beside the monitor, so that a daemon may go on writing to it.
 * Throws a UsageError when there is no store, or it knows no account of that name.
 */
export const createLocalSource = async (
  place: StorePlace,
  account: string | undefined,
  range: Range,
): Promise<EventSource & { close(): Promise<void> }> => {
  if (!isStoreAt(place))
    throw new UsageError(
      `there is no store ${placeText(place)} yet; run the monitor first, or use --source api or --source FILE.ndjson`,
    );
  const stored = await openHistoryAt(place);
  const progress = new Map<string, Progress>();
  try {
    for (const name of await stored.history.accounts()) {
      const known = await stored.progress(name);
      if (known && (account === undefined || account === name)) progress.set(name, known);
    }
    if (account !== undefined && progress.size === 0)
      throw new UsageError(`the store ${placeText(place)} knows no account "${account}"`);
  } catch (error) {
    await stored.close();
    throw error;
  }
  const untilMs = Math.max(0, ...[...progress.values()].map(({ watermarkMs }) => watermarkMs));
  let unreadable = 0;

  const eventOf = ({ account: name, json }: StoredEvent): AuditEvent | undefined => {
    const parsed = parseSingle(name, json);
    if ('value' in parsed) return parsed.value;
    unreadable += 1;
    return undefined;
  };

  return {
    async *batches(signal): AsyncGenerator<Batch> {
      let after: string | undefined;
      let beginMs: number | undefined;
      do {
        const page = await stored.history.events({ account, ...range, limit: PAGE, after });
        beginMs ??= page.items[0]?.createdAtMs;
        const reachedMs = page.items.at(-1)?.createdAtMs ?? 0;
        const spanMs = Math.min(range.toMs ?? untilMs, untilMs) - (beginMs ?? 0);
        const done = page.next === undefined || spanMs <= 0 ? 1 : (reachedMs - (beginMs ?? 0)) / spanMs;
        yield { events: page.items.map(eventOf).filter((event) => event !== undefined), done };
        after = page.next;
      } while (after !== undefined && !signal.aborted);
    },
    accounts: () => [...progress.keys()],
    startMs(name) {
      const startMs = progress.get(name)?.startMs;
      return startMs === undefined ? range.fromMs : Math.max(startMs, range.fromMs ?? startMs);
    },
    endMs(name) {
      const watermarkMs = progress.get(name)?.watermarkMs;
      return watermarkMs === undefined ? range.toMs : Math.min(watermarkMs, range.toMs ?? watermarkMs);
    },
    remarks: () =>
      unreadable > 0 ? [`${unreadable} stored events could not be read and were left out`] : [],
    close: () => stored.close(),
  };
};
