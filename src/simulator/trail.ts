import { createTimeline, type Timeline } from './timeline.ts';

/** One event as it is served. Its JSON is made once, when it is added. */
export interface Entry {
  readonly id: string;
  readonly type: string;
  /** `created_at`, epoch ms. */
  readonly atMs: number;
  /** The whole event. */
  readonly json: string;
  /** How many characters of `json` `search_text` looks at: all but the links, which would match everything. */
  readonly searchable: number;
}

/** What is asked of a trail. Absent members do not restrict. */
export interface TrailQuery {
  /** Index bounds are given by time and whether the time itself belongs to the range. */
  readonly from?: { readonly ms: number; readonly inclusive: boolean };
  readonly to?: { readonly ms: number; readonly inclusive: boolean };
  readonly types?: readonly string[];
  readonly search?: string;
}

/** The visible entries that a query selects, oldest first. To be read before the trail changes. */
export interface Selection {
  readonly length: number;
  /** The entry at an index in [0, length). */
  at(index: number): Entry;
}

/** Everything one account has. Entries with a later visibility wait aside until {@link Trail.reveal}. */
export interface Trail {
  add(entries: readonly { readonly entry: Entry; readonly visibleAtMs: number }[], nowMs: number): void;
  /** Makes visible what is due. What has been visible stays so, even when the clock goes back. */
  reveal(nowMs: number): void;
  /** O(log n) for a range of time with at most one type; otherwise one scan of the range, kept for the next pages. */
  select(query: TrailQuery): Selection;
  /** The visible entry with this id; the last one added when several share it. */
  byId(id: string): Entry | undefined;
  /** All entries, visible or not, in the order in which they were added. */
  readonly all: readonly Entry[];
  readonly visibleCount: number;
}

interface Waiting {
  readonly entry: Entry;
  readonly visibleAtMs: number;
}

const KEPT_SCANS = 8;

/** Makes an empty {@link Trail}. */
export const createTrail = (): Trail => {
  const all: Entry[] = [];
  const visible = createTimeline<Entry>();
  const byType = new Map<string, Timeline<Entry>>();
  const byId = new Map<string, Entry>();
  /** Sorted by visibility, the next one last, whenever `waitingSorted`. */
  const waiting: Waiting[] = [];
  let waitingSorted = true;
  const scans = new Map<string, readonly Entry[]>();

  const show = (entries: readonly Entry[]): void => {
    if (entries.length === 0) return;
    visible.insert(entries);
    const types = new Map<string, Entry[]>();
    for (const entry of entries) {
      byId.set(entry.id, entry);
      const same = types.get(entry.type);
      if (same) same.push(entry);
      else types.set(entry.type, [entry]);
    }
    for (const [type, same] of types) {
      const timeline = byType.get(type) ?? createTimeline<Entry>();
      timeline.insert(same);
      byType.set(type, timeline);
    }
    scans.clear();
  };

  const range = (timeline: Timeline<Entry>, query: TrailQuery): { low: number; high: number } => {
    const low = query.from ? timeline.bound(query.from.ms, !query.from.inclusive) : 0;
    const high = query.to ? timeline.bound(query.to.ms, query.to.inclusive) : timeline.items.length;
    return { low, high: Math.max(low, high) };
  };

  const scan = (query: TrailQuery): readonly Entry[] => {
    const key = JSON.stringify(query);
    const kept = scans.get(key);
    if (kept) return kept;
    const { low, high } = range(visible, query);
    const types = query.types === undefined ? undefined : new Set(query.types);
    const found: Entry[] = [];
    for (let index = low; index < high; index++) {
      const entry = visible.items[index] as Entry;
      if (types && !types.has(entry.type)) continue;
      if (query.search !== undefined && !contains(entry, query.search)) continue;
      found.push(entry);
    }
    if (scans.size >= KEPT_SCANS) scans.clear();
    scans.set(key, found);
    return found;
  };

  return {
    all,
    get visibleCount() {
      return visible.items.length;
    },
    add(entries, nowMs) {
      const now: Entry[] = [];
      for (const { entry, visibleAtMs } of entries) {
        all.push(entry);
        if (visibleAtMs <= nowMs) now.push(entry);
        else {
          waiting.push({ entry, visibleAtMs });
          waitingSorted = false;
        }
      }
      show(now);
    },
    reveal(nowMs) {
      if (!waitingSorted) {
        waiting.sort((a, b) => b.visibleAtMs - a.visibleAtMs);
        waitingSorted = true;
      }
      const due: Entry[] = [];
      for (let next = waiting.at(-1); next && next.visibleAtMs <= nowMs; next = waiting.at(-1)) {
        due.push(next.entry);
        waiting.pop();
      }
      show(due);
    },
    select(query) {
      const only = query.types?.length === 1 ? (query.types[0] as string) : undefined;
      if (query.search !== undefined || (query.types && only === undefined)) {
        const found = scan(query);
        return { length: found.length, at: (index) => found[index] as Entry };
      }
      const timeline = only === undefined ? visible : (byType.get(only) ?? createTimeline<Entry>());
      const { low, high } = range(timeline, query);
      return { length: high - low, at: (index) => timeline.items[low + index] as Entry };
    },
    byId: (id) => byId.get(id),
  };
};

const contains = (entry: Entry, text: string): boolean => {
  const at = entry.json.indexOf(text);
  return at >= 0 && at + text.length <= entry.searchable;
};
