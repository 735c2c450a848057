import type { Alert } from '../core/alert.ts';
import type { AlertKey, Browse } from '../core/browse.ts';
import type { AlertSearch } from '../server/api-console.ts';
import { createBreath } from './breath.ts';
import { cursorPlace, cursorText } from './cursor-text.ts';
import { SEARCH_BOUNDS, type SearchBounds } from './search-events.ts';

/** An alert with its place in the store. */
export interface PlacedAlert {
  readonly seq: number;
  readonly alert: Alert;
}

/** Part of what a search finds. */
export interface FoundAlerts {
  readonly alerts: readonly PlacedAlert[];
  readonly next: string | undefined;
  readonly searchedUntilMs: number | undefined;
}

const ROWS = 128;

/** The alerts at some places, in that order; those that are gone are left out. */
export const readAlerts = async (
  browse: Pick<Browse, 'alertTexts'>,
  seqs: readonly number[],
): Promise<readonly PlacedAlert[]> => {
  const texts = await browse.alertTexts(seqs);
  return seqs.flatMap((seq) => {
    const text = texts.get(seq);
    return text === undefined ? [] : [{ seq, alert: JSON.parse(text) as Alert }];
  });
};

const textOf = ({ decidedAtMs, seq }: AlertKey): string => cursorText([decidedAtMs, seq]);

/** What can be said of an alert without reading it. */
const keyTest = ({ account, kind, levels }: AlertSearch): ((key: AlertKey) => boolean) => {
  const wanted = levels && new Set(levels);
  return (key) =>
    (account === undefined || key.account === account) &&
    (kind === undefined || key.kind === kind) &&
    (!wanted || wanted.has(key.level));
};

const contentTest = ({ status, search }: AlertSearch): ((alert: Alert) => boolean) => {
  const lower = search?.toLowerCase();
  return (alert) =>
    (status === undefined || alert.status === status) &&
    (lower === undefined || `${alert.rule.title}\n${alert.message}`.toLowerCase().includes(lower));
};

/** Looks through the alerts in the order of deciding for those that fit, as `searchEvents` does through events. */
export const searchAlerts = async (
  browse: Pick<Browse, 'alerts' | 'alertTexts'>,
  search: AlertSearch,
  signal: AbortSignal,
  /** What is asked beside the search; absent: nothing. */
  fits: (alert: Alert) => boolean = () => true,
  bounds: SearchBounds = SEARCH_BOUNDS,
): Promise<FoundAlerts> => {
  const byKey = keyTest(search);
  const byContent = contentTest(search);
  const breath = createBreath(bounds.workMs);
  const place = search.after === undefined ? undefined : cursorPlace(search.after, ['number', 'number']);
  let after = place && { decidedAtMs: place[0], seq: place[1] };
  const alerts: PlacedAlert[] = [];
  for (let looked = 0; ; ) {
    const keys = await browse.alerts({
      fromMs: search.fromMs,
      toMs: search.toMs,
      ruleId: search.rule,
      newestFirst: search.newestFirst,
      after,
      limit: ROWS,
    });
    for (const [index, key] of keys.entries()) {
      after = key;
      if (!byKey(key)) continue;
      const [found] = await readAlerts(browse, [key.seq]);
      if (found && byContent(found.alert) && fits(found.alert)) alerts.push(found);
      if (alerts.length === search.limit) {
        const more = index < keys.length - 1 || keys.length === ROWS;
        return { alerts, next: more ? textOf(key) : undefined, searchedUntilMs: undefined };
      }
      await breath.take();
    }
    looked += keys.length;
    const last = keys.at(-1);
    if (keys.length < ROWS || !last) return { alerts, next: undefined, searchedUntilMs: undefined };
    await breath.take();
    if (signal.aborted || looked >= bounds.rows || breath.isSpent())
      return { alerts, next: textOf(last), searchedUntilMs: last.decidedAtMs };
  }
};
