import type { Store } from '../core/store.ts';
import { readAlertRow } from './alert-rows.ts';
import { readEventRow } from './event-rows.ts';
import { readAlerts } from './search-alerts.ts';

/** A row with its place in the order of commits; undefined when it is gone by now. */
export interface PlacedRow {
  readonly seq: number;
  readonly row: unknown;
}

/** Rows behind a place, some of them; none at the end. */
export interface StreamRows {
  event(after: number): Promise<readonly PlacedRow[]>;
  alert(after: number): Promise<readonly PlacedRow[]>;
}

const ROWS = 20;
/** Readers ask for the same rows one after the other. */
const REMEMBERED = 200;
/** What a row of an alert says of its deliveries is not true for long. */
const ALERT_MS = 1_000;

const remembering = <T>(
  maxAgeMs: number,
): {
  get(seq: number): T | undefined;
  set(seq: number, value: T): void;
} => {
  const known = new Map<number, { readonly value: T; readonly atMs: number }>();
  return {
    get(seq) {
      const found = known.get(seq);
      return found && performance.now() - found.atMs <= maxAgeMs ? found.value : undefined;
    },
    set(seq, value) {
      const [oldest] = known.keys();
      if (known.size >= REMEMBERED && oldest !== undefined) known.delete(oldest);
      known.set(seq, { value, atMs: performance.now() });
    },
  };
};

/** Reads the rows that streams tell. */
export const createStreamRows = (store: Pick<Store, 'history' | 'browse'>): StreamRows => {
  const { browse, history } = store;
  const events = remembering<unknown>(Number.POSITIVE_INFINITY);
  const alerts = remembering<unknown>(ALERT_MS);
  return {
    async event(after) {
      const rows: PlacedRow[] = [];
      for (const event of await browse.eventsSince(after, ROWS)) {
        const row = events.get(event.seq) ?? (await readEventRow(history, event));
        events.set(event.seq, row);
        rows.push({ seq: event.seq, row });
      }
      return rows;
    },
    async alert(after) {
      const rows: PlacedRow[] = [];
      for (const { seq } of await browse.alertsSince(after, ROWS)) {
        const known = alerts.get(seq);
        const [placed] = known === undefined ? await readAlerts(browse, [seq]) : [];
        const row = known ?? (placed && (await readAlertRow(store, placed)));
        if (row !== undefined) alerts.set(seq, row);
        rows.push({ seq, row });
      }
      return rows;
    },
  };
};
