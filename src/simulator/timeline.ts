/** Anything that happened at a time (epoch ms). */
export interface Timed {
  readonly atMs: number;
}

/** Elements sorted by time; those of one time keep the order in which they were inserted. */
export interface Timeline<T extends Timed> {
  readonly items: readonly T[];
  /** Inserts many, in any order. Appending in time order costs O(1) each; anything else at most one merge. */
  insert(added: readonly T[]): void;
  /** Index of the first element with time >= `ms`, or > `ms` when `after`. O(log n). */
  bound(ms: number, after: boolean): number;
}

/** From this many elements on, one merge is cheaper than moving the tail for each of them. */
const MERGE_FROM = 16;

/** Makes an empty {@link Timeline}. */
export const createTimeline = <T extends Timed>(): Timeline<T> => {
  let items: T[] = [];

  const bound = (ms: number, after: boolean): number => {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const atMs = (items[middle] as T).atMs;
      if (atMs < ms || (after && atMs === ms)) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  const merge = (added: readonly T[]): void => {
    const merged: T[] = [];
    let next = 0;
    for (const item of items) {
      while (next < added.length && (added[next] as T).atMs < item.atMs) merged.push(added[next++] as T);
      merged.push(item);
    }
    while (next < added.length) merged.push(added[next++] as T);
    items = merged;
  };

  return {
    get items() {
      return items;
    },
    insert(added) {
      const sorted = added.toSorted((a, b) => a.atMs - b.atMs);
      const first = sorted[0];
      if (first === undefined) return;
      const last = items.at(-1);
      if (last === undefined || last.atMs <= first.atMs) for (const item of sorted) items.push(item);
      else if (sorted.length < MERGE_FROM)
        for (const item of sorted) items.splice(bound(item.atMs, true), 0, item);
      else merge(sorted);
    },
    bound,
  };
};
