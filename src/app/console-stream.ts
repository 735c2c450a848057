import { errorText } from '../base/errors.ts';
import type { StorePosition } from '../core/browse.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../core/store.ts';
import type { Console, StreamMessage, StreamType } from '../server/api-console.ts';
import { createBreath } from './breath.ts';
import { cursorPlace, cursorText } from './cursor-text.ts';
import { createDeliveryWatch } from './delivery-watch.ts';
import { createStreamRows } from './stream-rows.ts';

/** How often the store is looked at while somebody listens: three look-ups by key, and what is under way. */
const LOOK_MS = 500;
/** At most so often "ask again" is said. */
const STATUS_MS = 2_000;

/** What a stream is made from. */
export interface StreamOptions {
  readonly store: Pick<Store, 'history' | 'browse' | 'conditions' | 'status' | 'silences'>;
  /** What else a status depends on, as a text that changes with it. */
  readonly liveState: () => string;
  readonly log: Log;
  readonly now: () => number;
}

interface Reader {
  readonly types: ReadonlySet<StreamType>;
  /** Everything up to here was told, or is not wanted. */
  position: Pick<StorePosition, 'event' | 'alert'>;
  /** Tells what lies behind the position, up to the end. */
  pump(): void;
  push(type: StreamType, data: unknown): void;
}

/**
 * Streams of what happens, out of the order of commits: they tell what any process has committed, in the order in which it
 * was, each reader at its own pace, and one that comes back with a cursor gets every event and alert it has missed, each
 * once. Deliveries have no such order, they change: after a break their readers are told to ask again, as with everything
 * that has no row of its own. The store is only looked at while somebody listens.
 */
export const createConsoleStream = (
  options: StreamOptions,
): Pick<Console, 'subscribe'> & { close(): void } => {
  const { store, log } = options;
  const { browse } = store;
  const rows = createStreamRows(store);
  const readers = new Set<Reader>();
  let timer: NodeJS.Timeout | undefined;
  let newest: StorePosition | undefined;
  let deliveries = createDeliveryWatch(browse);
  let seenState = '';
  let statusAtMs = Number.NEGATIVE_INFINITY;

  const isWanted = (type: StreamType): boolean => [...readers].some(({ types }) => types.has(type));
  const failed = (error: unknown): void =>
    log.warn('http.error', { path: '/api/v1/stream', reason: errorText(error) });

  const stateText = async (): Promise<string> =>
    JSON.stringify([
      [...(await store.conditions.open()).keys()],
      await store.status.deliveryCounts(),
      (await store.silences.list({ nowMs: options.now(), ended: false })).map(({ id }) => id),
      (await browse.newest()).act,
      options.liveState(),
    ]);
  const lookAtStatus = async (): Promise<void> => {
    if (performance.now() - statusAtMs < STATUS_MS) return;
    const state = await stateText();
    if (state === seenState) return;
    seenState = state;
    statusAtMs = performance.now();
    for (const reader of readers) reader.push('status', {});
  };
  const look = async (): Promise<void> => {
    const position = await browse.newest();
    const grown = newest?.event !== position.event || newest.alert !== position.alert;
    newest = position;
    if (grown) for (const reader of readers) reader.pump();
    if (isWanted('delivery'))
      for (const row of await deliveries.changes())
        for (const reader of readers) reader.push('delivery', row);
    if (isWanted('status')) await lookAtStatus();
  };
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      void look()
        .catch(failed)
        .finally(() => {
          if (readers.size > 0) wait();
        });
    }, LOOK_MS);
  };

  const createReader = (
    types: ReadonlySet<StreamType>,
    position: Reader['position'],
    tell: (message: StreamMessage) => boolean | Promise<boolean>,
  ): Reader => {
    let pumping = false;
    let again = false;
    const messageOf = (type: StreamType, data: unknown): StreamMessage => ({
      type,
      id: cursorText([reader.position.event, reader.position.alert]),
      data,
    });
    /** Tells all rows of one kind behind the position; false when the reader is gone. */
    const drain = async (kind: 'event' | 'alert'): Promise<boolean> => {
      const breath = createBreath(Number.POSITIVE_INFINITY);
      for (;;) {
        const some = await rows[kind](reader.position[kind]);
        for (const { seq, row } of some) {
          reader.position = { ...reader.position, [kind]: seq };
          if (row !== undefined && !(await tell(messageOf(kind, row)))) return false;
          if (!readers.has(reader)) return false;
          await breath.take();
        }
        if (some.length === 0) return true;
      }
    };
    const run = async (): Promise<void> => {
      do {
        again = false;
        for (const kind of ['event', 'alert'] as const)
          if (types.has(kind) && !(await drain(kind))) return remove(reader);
      } while (again);
    };
    const reader: Reader = {
      types,
      position,
      pump() {
        again = true;
        if (pumping) return;
        pumping = true;
        void run()
          .catch(failed)
          .finally(() => {
            pumping = false;
          });
      },
      push(type, data) {
        if (types.has(type) && tell(messageOf(type, data)) === false) remove(reader);
      },
    };
    return reader;
  };
  const remove = (reader: Reader): void => {
    readers.delete(reader);
    if (readers.size === 0) clearTimeout(timer);
  };

  return {
    async subscribe(types, cursor, tell) {
      const place = cursor === undefined ? undefined : cursorPlace(cursor, ['number', 'number']);
      const position = await browse.newest();
      if (readers.size === 0) {
        deliveries = createDeliveryWatch(browse);
        await deliveries.changes();
        seenState = await stateText();
        newest = position;
      }
      const [event, alert] = place ?? [position.event, position.alert];
      const reader = createReader(types, { event, alert }, tell);
      readers.add(reader);
      if (place) {
        reader.push('status', {});
        reader.pump();
      }
      wait();
      return { cursor: cursorText([event, alert]), close: () => remove(reader) };
    },
    close() {
      clearTimeout(timer);
      readers.clear();
    },
  };
};
