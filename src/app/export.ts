import type { EventQuery, StoredEvent } from '../core/history.ts';
import type { StoredHistory } from '../store/open-history.ts';
import { type Anonymiser, createRecordWriter, type ExportFormat } from './export-record.ts';

/** What to export, and where to. */
export interface ExportOptions {
  readonly stored: StoredHistory;
  readonly query: Pick<EventQuery, 'account' | 'fromMs' | 'toMs' | 'types'>;
  readonly format: ExportFormat;
  /** With the alerts each event took part in. */
  readonly alerts: boolean;
  readonly anonymiser: Anonymiser | undefined;
  /** Resolves when more may be written. */
  readonly write: (text: string) => Promise<void>;
  readonly onProgress: (done: number, events: number) => void;
}

/** Events may be megabytes each, so a page is a small one. */
const PAGE = 100;
const FLUSH_CHARACTERS = 65_536;

/**
 * Writes events in the order of (created_at, id, account), one page in memory at a time. Resolves with how many; stops
 * between pages when the signal aborts.
 */
export const exportEvents = async (options: ExportOptions, signal: AbortSignal): Promise<number> => {
  const { stored, query, write } = options;
  const { history } = stored;
  const writer = createRecordWriter(
    options.format,
    options.alerts,
    options.anonymiser,
    query.account !== undefined,
  );
  const untilMs = query.toMs ?? (await newestMs(stored));
  let text = writer.before;
  let events = 0;
  let beginMs: number | undefined;
  const add = async (event: StoredEvent): Promise<void> => {
    const alerts = options.alerts ? await history.alertsOf(event.account, event.id) : undefined;
    text += `${events === 0 ? '' : writer.between}${writer.record(event, alerts)}`;
    events += 1;
    if (text.length < FLUSH_CHARACTERS) return;
    await write(text);
    text = '';
  };

  let after: string | undefined;
  do {
    const page = await history.events({ ...query, limit: PAGE, after });
    for (const event of page.items) await add(event);
    after = page.next;
    const reachedMs = page.items.at(-1)?.createdAtMs;
    beginMs ??= page.items[0]?.createdAtMs;
    if (reachedMs !== undefined && beginMs !== undefined)
      options.onProgress((reachedMs - beginMs) / Math.max(1, untilMs - beginMs), events);
  } while (after !== undefined && !signal.aborted);
  // Nothing at all is no line, not an empty one.
  if (events > 0 || options.format === 'json') text += writer.after;
  if (text !== '') await write(text);
  return events;
};

const newestMs = async ({ history }: StoredHistory): Promise<number> =>
  (await history.events({ newestFirst: true, limit: 1 })).items[0]?.createdAtMs ?? 0;
