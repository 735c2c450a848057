import type { RuleState } from '../core/match.ts';
import { loadTable, type StateTable, type TableOptions } from './state-table.ts';

/** The records of one rule, one table per RuleState object, read from it when first needed. */
export interface Memory<T> {
  of(state: RuleState): StateTable<T>;
  /** Whether the table of a RuleState was asked for or has records stored: otherwise it is empty, and need not be made. */
  isBegun(state: RuleState): boolean;
  flush(state: RuleState): void;
}

/**
 * Something made anew for every RuleState object when it is first asked for. A RuleState that is thrown away takes it
 * along. The last one asked for is found without a look-up: events come in batches of one account.
 */
export const createPerState = <V extends object>(
  make: (state: RuleState) => V,
): { of(state: RuleState): V; known(state: RuleState): V | undefined } => {
  const made = new WeakMap<RuleState, V>();
  let last: RuleState | undefined;
  let lastMade: V | undefined;
  return {
    of(state) {
      if (state === last) return lastMade as V;
      let value = made.get(state);
      if (!value) {
        value = make(state);
        made.set(state, value);
      }
      last = state;
      lastMade = value;
      return value;
    },
    known: (state) => (state === last ? lastMade : made.get(state)),
  };
};

/** Makes a {@link Memory}. A RuleState that is thrown away takes its tables along: nothing unsaved survives it. */
export const createMemory = <T>(options: TableOptions<T>): Memory<T> => {
  const tables = createPerState<StateTable<T>>((state) => loadTable(state, options));
  return {
    of: tables.of,
    isBegun: (state) => tables.known(state) !== undefined || state.get(options.prefix) !== undefined,
    flush: (state) => tables.known(state)?.flush(state),
  };
};
