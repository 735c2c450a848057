import type { Store } from '../core/store.ts';
import { eventPage } from '../server/trail-shapes.ts';
import type { Happening } from './follow.ts';
import { storedEvents } from './list-events.ts';
import type { MonitorApi } from './monitor-api.ts';

/** What has happened before somebody began to look. */
export interface PastEvents {
  /**
   * Shows, oldest first, the newest `lines` events that fit, or all since a moment (epoch ms). Resolves with the keys of the
   * latest of them, which a stream that began just before may tell once more.
   */
  list(
    sinceMs: number | undefined,
    lines: number,
    fits: (happening: Happening) => boolean,
    show: (happening: Happening) => Promise<boolean>,
  ): Promise<ReadonlySet<string>>;
}

type EventHappening = Extract<Happening, { readonly type: 'event' }>;
type Read = (range: {
  readonly fromMs: number | undefined;
  readonly newestFirst: boolean;
}) => AsyncGenerator<EventHappening, void, void>;

/** As many keys are remembered: what is committed while the past is read, and much more. */
const REMEMBERED = 20_000;
/** So far the newest that fit are looked for, in events: a filter that nothing fits must come to an end. */
const MAX_LOOKED = 20_000;

const listing =
  (read: Read): PastEvents['list'] =>
  async (sinceMs, lines, fits, show) => {
    const told = new Set<string>();
    const tell = async (happening: EventHappening): Promise<boolean> => {
      const { account, id } = happening.row;
      told.add(JSON.stringify([account, id]));
      if (told.size > REMEMBERED) for (const oldest of told) if (told.delete(oldest)) break;
      return show(happening);
    };
    if (sinceMs !== undefined) {
      for await (const happening of read({ fromMs: sinceMs, newestFirst: false }))
        if (!(await tell(happening))) break;
      return told;
    }
    const newest: EventHappening[] = [];
    let looked = 0;
    if (lines > 0)
      for await (const happening of read({ fromMs: undefined, newestFirst: true })) {
        looked += 1;
        if (fits(happening)) newest.push(happening);
        if (newest.length >= lines || looked >= MAX_LOOKED) break;
      }
    for (const happening of newest.toReversed()) if (!(await tell(happening))) break;
    return told;
  };

/** Makes {@link PastEvents}, of a running monitor or of a store. */
export const pastEvents = {
  ofMonitor: (api: MonitorApi, signal: AbortSignal): PastEvents => ({
    list: listing(async function* read({ fromMs, newestFirst }) {
      let after: string | undefined;
      do {
        const query = new URLSearchParams({
          limit: '100',
          order: newestFirst ? 'newest' : 'oldest',
          ...(fromMs !== undefined && { from: new Date(fromMs).toISOString() }),
          ...(after !== undefined && { after }),
        });
        const page = await api.get(`/events?${query.toString()}`, eventPage, signal);
        for (const row of page.items) yield { type: 'event', row };
        after = page.next ?? undefined;
      } while (after !== undefined);
    }),
  }),
  ofStore: (store: Pick<Store, 'history' | 'browse'>, signal: AbortSignal): PastEvents => ({
    list: listing(async function* read({ fromMs, newestFirst }) {
      const search = { ...NOTHING_ASKED, fromMs, newestFirst };
      for await (const { row } of storedEvents(store, search, () => {}, signal)) yield { type: 'event', row };
    }),
  }),
};

const NOTHING_ASKED = {
  account: undefined,
  toMs: undefined,
  types: undefined,
  user: undefined,
  search: undefined,
  country: undefined,
  ip: undefined,
  matched: false,
} as const;
