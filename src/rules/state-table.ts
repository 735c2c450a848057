import type { Json } from '../base/json.ts';
import type { RuleState } from '../core/match.ts';

/** How a record is kept as JSON. `decode` answers undefined for what it does not understand: it is then forgotten. */
export interface Codec<T> {
  encode(value: T): Json;
  decode(json: Json): T | undefined;
}

/**
 * The records of one rule, by key, at most `cap` of them: the least recently changed one goes first.
 *
 * They live in memory as long as their RuleState object; `flush` writes those that changed since the last flush, each
 * under its own state key. State can only be asked for keys one knows, so records are kept in numbered slots
 * (`<prefix>/0`, `<prefix>/1`, …) and `<prefix>` itself holds how many slots there are: no list of keys is ever
 * rewritten, and after a restart reading the slots brings back all records with their order of use.
 */
export interface StateTable<T> {
  readonly size: number;
  get(key: string): T | undefined;
  /** Makes or replaces a record; it becomes the most recently changed one and will be written. */
  put(key: string, value: T): void;
  delete(key: string): void;
  /** Key of the least recently changed record. */
  oldestKey(): string | undefined;
  /** The least recently changed record. */
  oldest(): T | undefined;
  /** All records, in no certain order. */
  entries(): IterableIterator<[string, T]>;
  flush(state: RuleState): void;
}

// Records form a ring through `older` and `newer`, as a Map that is deleted from and added to for every use would
// have to step over what was deleted to find its first key.
interface Slot<T> {
  readonly key: string;
  readonly slot: number;
  seq: number;
  value: T;
  older: Slot<T>;
  newer: Slot<T>;
}

/** Where a table is kept and how large it may grow. */
export interface TableOptions<T> {
  readonly prefix: string;
  /** Changes when the rule changes so that old records make no sense; they are then forgotten. */
  readonly version: string;
  readonly cap: number;
  readonly codec: Codec<T>;
  /** Told of every record that had to go since there were more than `cap`. */
  readonly onEvicted: (state: RuleState) => void;
}

/** Reads a table back from the state, or begins an empty one. */
export const loadTable = <T>(state: RuleState, options: TableOptions<T>): StateTable<T> => {
  const { prefix, version, cap, codec } = options;
  const records = new Map<string, Slot<T>>();
  const dirty = new Set<number>();
  const bySlot: (Slot<T> | undefined)[] = [];
  const free: number[] = [];
  let newest: Slot<T> | undefined;
  let seq = 0;
  let writtenSlots = 0;

  const unlink = (record: Slot<T>): void => {
    record.older.newer = record.newer;
    record.newer.older = record.older;
    if (newest === record) newest = record.older === record ? undefined : record.older;
  };
  const linkNewest = (record: Slot<T>): void => {
    if (newest) {
      record.older = newest;
      record.newer = newest.newer;
      newest.newer.older = record;
      newest.newer = record;
    } else {
      record.older = record;
      record.newer = record;
    }
    newest = record;
  };
  const add = (key: string, slot: number, order: number, value: T): void => {
    const record = { key, slot, seq: order, value } as Slot<T>;
    records.set(key, record);
    bySlot[slot] = record;
    linkNewest(record);
  };
  const remove = (key: string): void => {
    const record = records.get(key);
    if (!record) return;
    records.delete(key);
    unlink(record);
    bySlot[record.slot] = undefined;
    free.push(record.slot);
    dirty.add(record.slot);
  };

  const header = state.get(prefix);
  if (Array.isArray(header) && typeof header[1] === 'number') {
    writtenSlots = header[1];
    const same = header[0] === version;
    const found: { key: string; slot: number; order: number; value: T }[] = [];
    for (let slot = 0; slot < writtenSlots; slot += 1) {
      const json = state.get(`${prefix}/${slot}`);
      bySlot.push(undefined);
      const [key, order, kept] = Array.isArray(json) ? (json as readonly Json[]) : [];
      const value = same && kept !== undefined ? codec.decode(kept) : undefined;
      if (value !== undefined && typeof key === 'string' && typeof order === 'number')
        found.push({ key, slot, order, value });
      else {
        free.push(slot);
        if (json !== undefined) dirty.add(slot);
      }
    }
    found.sort((a, b) => a.order - b.order);
    for (const { key, slot, order, value } of found) add(key, slot, order, value);
    seq = (found[found.length - 1]?.order ?? 0) + 1;
    free.reverse();
    if (!same) writtenSlots = -1;
  }

  return {
    get size() {
      return records.size;
    },
    get: (key) => records.get(key)?.value,
    put(key, value) {
      const known = records.get(key);
      if (known) {
        known.value = value;
        known.seq = seq;
        if (known !== newest) {
          unlink(known);
          linkNewest(known);
        }
        dirty.add(known.slot);
      } else {
        if (newest && records.size >= cap) {
          remove(newest.newer.key);
          options.onEvicted(state);
        }
        const slot = free.pop() ?? bySlot.length;
        add(key, slot, seq, value);
        dirty.add(slot);
      }
      seq += 1;
    },
    delete: remove,
    oldestKey: () => newest?.newer.key,
    oldest: () => newest?.newer.value,
    *entries() {
      for (const [key, { value }] of records) yield [key, value];
    },
    flush(to) {
      if (dirty.size === 0 && writtenSlots === bySlot.length) return;
      for (const slot of dirty) {
        const record = bySlot[slot];
        const json = record ? [record.key, record.seq, codec.encode(record.value)] : null;
        to.set(`${prefix}/${slot}`, json);
      }
      dirty.clear();
      if (writtenSlots !== bySlot.length) {
        to.set(prefix, [version, bySlot.length]);
        writtenSlots = bySlot.length;
      }
    },
  };
};
