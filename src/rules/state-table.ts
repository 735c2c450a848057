import type { Json } from '../base/json.ts';
import type { RuleState } from '../core/match.ts';

/** How a record is kept as JSON. `decode` answers undefined for what it does not understand: it is then forgotten. */
export interface Codec<T> {
  encode(value: T): Json;
  decode(json: Json): T | undefined;
}

/**
 * The records of one rule, by key, least recently changed first, at most `cap` of them.
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
  /** The least recently changed record. */
  oldest(): [string, T] | undefined;
  /** Records, least recently changed first. Deleting while iterating is allowed. */
  entries(): IterableIterator<[string, T]>;
  flush(state: RuleState): void;
}

interface Slot<T> {
  readonly slot: number;
  readonly seq: number;
  readonly value: T;
}

/** Where a table is kept and how large it may grow. */
export interface TableOptions<T> {
  readonly prefix: string;
  /** Changes when the rule changes so that old records make no sense; they are then forgotten. */
  readonly version: string;
  readonly cap: number;
  readonly codec: Codec<T>;
  /** Told of every record that had to go since there were more than `cap`. */
  readonly onEvicted: () => void;
}

/** Reads a table back from the state, or begins an empty one. */
export const loadTable = <T>(state: RuleState, options: TableOptions<T>): StateTable<T> => {
  const { prefix, version, cap, codec } = options;
  const records = new Map<string, Slot<T>>();
  const dirty = new Set<number>();
  const bySlot: (string | undefined)[] = [];
  const free: number[] = [];
  let seq = 0;
  let writtenSlots = 0;

  const header = state.get(prefix);
  if (Array.isArray(header) && typeof header[1] === 'number') {
    writtenSlots = header[1];
    const same = header[0] === version;
    const found: { key: string; slot: Slot<T> }[] = [];
    for (let slot = 0; slot < writtenSlots; slot += 1) {
      const json = state.get(`${prefix}/${slot}`);
      bySlot.push(undefined);
      const value = same && Array.isArray(json) ? codec.decode(json[2] as Json) : undefined;
      const key = Array.isArray(json) ? json[0] : undefined;
      const order = Array.isArray(json) ? json[1] : undefined;
      if (value !== undefined && typeof key === 'string' && typeof order === 'number') {
        found.push({ key, slot: { slot, seq: order, value } });
        bySlot[slot] = key;
      } else {
        free.push(slot);
        if (json !== undefined) dirty.add(slot);
      }
    }
    found.sort((a, b) => a.slot.seq - b.slot.seq);
    for (const { key, slot } of found) records.set(key, slot);
    seq = (found[found.length - 1]?.slot.seq ?? 0) + 1;
    free.reverse();
    if (!same) writtenSlots = -1;
  }

  const remove = (key: string): void => {
    const record = records.get(key);
    if (!record) return;
    records.delete(key);
    bySlot[record.slot] = undefined;
    free.push(record.slot);
    dirty.add(record.slot);
  };

  return {
    get size() {
      return records.size;
    },
    get: (key) => records.get(key)?.value,
    put(key, value) {
      const known = records.get(key);
      let slot = known?.slot;
      if (known) records.delete(key);
      else if (records.size >= cap) {
        for (const oldest of records.keys()) {
          remove(oldest);
          options.onEvicted();
          break;
        }
      }
      if (slot === undefined) {
        slot = free.pop() ?? bySlot.length;
        bySlot[slot] = key;
      }
      records.set(key, { slot, seq, value });
      seq += 1;
      dirty.add(slot);
    },
    delete: remove,
    oldest() {
      const { value } = records.entries().next();
      return value && [value[0], value[1].value];
    },
    *entries() {
      for (const [key, { value }] of records) yield [key, value];
    },
    flush(to) {
      if (dirty.size === 0 && writtenSlots === bySlot.length) return;
      for (const slot of dirty) {
        const key = bySlot[slot];
        const record = key === undefined ? undefined : records.get(key);
        to.set(
          `${prefix}/${slot}`,
          record && key !== undefined ? [key, record.seq, codec.encode(record.value)] : null,
        );
      }
      dirty.clear();
      if (writtenSlots !== bySlot.length) {
        to.set(prefix, [version, bySlot.length]);
        writtenSlots = bySlot.length;
      }
    },
  };
};
