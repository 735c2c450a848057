/*
 * A list of any length that is read by cursor, part by part. Only the parts near what is looked at are kept; where a
 * part begins is remembered, so that it can be read again. News come before everything else, or wait until wanted.
 */

export interface ListPart<T> {
  readonly items: readonly T[];
  readonly next: string | null;
  /** A search stopped for now: up to here it has looked. */
  readonly searched_until?: string | null;
}

export interface CursorList<T> {
  /** How many rows are known. */
  readonly size: number;
  /**
   * How many news stand before what was read by cursor. A row's index less this stays the same when news come, so it is
   * what to remember a row by.
   */
  readonly ahead: number;
  /** Whether these are all. */
  readonly ended: boolean;
  readonly loading: boolean;
  readonly error: Error | undefined;
  /** News that wait to be shown. */
  readonly waiting: number;
  readonly searchedUntil: string | undefined;
  /** The row, if it is at hand. */
  at(index: number): T | undefined;
  /** Says which rows are looked at: they are read, and what is far away is let go. */
  look(from: number, to: number): void;
  /** Something new: shown first if `shown`, else it waits. Known rows are replaced. */
  push(row: T, shown: boolean): void;
  /** Shows what waits. */
  showWaiting(): void;
  retry(): void;
  follow(listener: () => void): () => void;
  close(): void;
}

interface Part<T> {
  readonly cursor: string | undefined;
  readonly start: number;
  readonly count: number;
  rows: readonly T[] | undefined;
}

/** Parts with rows that are kept. */
const KEPT_PARTS = 24;
/** Rows of news before the list is better read anew. */
const MAX_NEWS = 500;
/** How near to the end the next part is asked for. */
const AHEAD = 60;

export const createCursorList = <T>(
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<ListPart<T>>,
  keyOf: (row: T) => string,
): CursorList<T> => {
  const ended = new AbortController();
  const listeners = new Set<() => void>();
  let parts: Part<T>[] = [];
  let next: string | null | undefined;
  let news: readonly T[] = [];
  let waiting: readonly T[] = [];
  let growing = false;
  let error: Error | undefined;
  let searchedUntil: string | undefined;
  let round = 0;
  let view: readonly [number, number] = [0, AHEAD];
  const reading = new Set<Part<T>>();

  const tell = (): void => {
    const known = [...listeners];
    for (const listener of known) listener();
  };
  const known = (): number => {
    const last = parts.at(-1);
    return last ? last.start + last.count : 0;
  };
  /** The part that holds a row, by halving. */
  const partAt = (index: number): Part<T> | undefined => {
    let low = 0;
    let high = parts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((parts[middle] as Part<T>).start <= index) low = middle;
      else high = middle - 1;
    }
    return parts[low];
  };
  const letGo = (): void => {
    const held = parts.filter((part) => part.rows !== undefined && part.count > 0);
    if (held.length <= KEPT_PARTS) return;
    const middle = (view[0] + view[1]) / 2 - news.length;
    const far = [...held].sort(
      (a, b) => Math.abs(b.start + b.count / 2 - middle) - Math.abs(a.start + a.count / 2 - middle),
    );
    for (const part of far.slice(0, held.length - KEPT_PARTS)) part.rows = undefined;
  };
  const failed = (cause: unknown): void => {
    if (ended.signal.aborted) return;
    error = cause instanceof Error ? cause : new Error(String(cause));
    tell();
  };
  const grow = async (): Promise<void> => {
    if (growing || next === null || error) return;
    growing = true;
    const now = round;
    try {
      const cursor = next;
      const { items, next: following, searched_until: until } = await load(cursor, ended.signal);
      if (ended.signal.aborted || now !== round) return;
      if (parts.length === 0) {
        // News that came while it was asked for are in it already.
        const keys = new Set(items.map(keyOf));
        news = news.filter((row) => !keys.has(keyOf(row)));
        waiting = waiting.filter((row) => !keys.has(keyOf(row)));
      }
      parts.push({ cursor, start: known(), count: items.length, rows: items });
      next = following;
      searchedUntil = until ?? undefined;
      letGo();
    } catch (cause) {
      if (now === round) failed(cause);
    } finally {
      if (now === round) {
        growing = false;
        if (!ended.signal.aborted && !error) {
          tell();
          need();
        }
      }
    }
  };
  const readAgain = async (part: Part<T>): Promise<void> => {
    if (reading.has(part) || error) return;
    reading.add(part);
    try {
      const { items } = await load(part.cursor, ended.signal);
      // What was pruned meanwhile is missing; what is new does not come behind a cursor.
      part.rows = items.slice(0, part.count);
      letGo();
      if (!ended.signal.aborted) tell();
    } catch (cause) {
      failed(cause);
    } finally {
      reading.delete(part);
    }
  };
  const need = (): void => {
    if (ended.signal.aborted) return;
    const from = Math.max(0, view[0] - news.length);
    const to = Math.max(0, view[1] - news.length);
    if (to + AHEAD >= known()) void grow();
    for (let index = from; index <= to && index < known(); ) {
      const part = partAt(index);
      if (!part) break;
      if (!part.rows) void readAgain(part);
      index = Math.max(part.start + part.count, index + 1);
    }
  };
  const readAnew = (): void => {
    round += 1;
    parts = [];
    next = undefined;
    news = [];
    waiting = [];
    growing = false;
    error = undefined;
    tell();
    need();
  };
  const replaced = (rows: readonly T[], row: T): readonly T[] | undefined => {
    const at = rows.findIndex((one) => keyOf(one) === keyOf(row));
    return at === -1 ? undefined : rows.with(at, row);
  };
  const has = (row: T): boolean => {
    const inNews = replaced(news, row);
    if (inNews) news = inNews;
    const inWaiting = replaced(waiting, row);
    if (inWaiting) waiting = inWaiting;
    let inParts = false;
    for (const part of parts) {
      const rows = part.rows && replaced(part.rows, row);
      if (rows) {
        part.rows = rows;
        inParts = true;
        break;
      }
    }
    return inNews !== undefined || inWaiting !== undefined || inParts;
  };
  return {
    get size() {
      return news.length + known();
    },
    get ahead() {
      return news.length;
    },
    get ended() {
      return next === null;
    },
    get loading() {
      return growing;
    },
    get error() {
      return error;
    },
    get waiting() {
      return waiting.length;
    },
    get searchedUntil() {
      return searchedUntil;
    },
    at(index) {
      if (index < news.length) return news[index];
      const part = partAt(index - news.length);
      return part?.rows?.[index - news.length - part.start];
    },
    look(from, to) {
      view = [from, to];
      need();
    },
    push(row, shown) {
      if (!has(row)) {
        if (shown) news = [row, ...news];
        else waiting = [row, ...waiting];
        if (shown && news.length > MAX_NEWS) return readAnew();
      }
      tell();
    },
    showWaiting() {
      if (waiting.length + news.length > MAX_NEWS) return readAnew();
      news = [...waiting, ...news];
      waiting = [];
      tell();
    },
    retry() {
      if (parts.length === 0) return readAnew();
      error = undefined;
      tell();
      need();
    },
    follow(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => ended.abort(),
  };
};
