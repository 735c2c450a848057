import type { RuleState } from '../core/match.ts';
import { loadTable, type StateTable, type TableOptions } from './state-table.ts';

/** The records of one rule, one table per RuleState object, read from it when first needed. */
export interface Memory<T> {
  of(state: RuleState): StateTable<T>;
  flush(state: RuleState): void;
}

/** Makes a {@link Memory}. A RuleState that is thrown away takes its tables along: nothing unsaved survives it. */
export const createMemory = <T>(options: TableOptions<T>): Memory<T> => {
  const tables = new WeakMap<RuleState, StateTable<T>>();
  return {
    of(state) {
      let table = tables.get(state);
      if (!table) {
        table = loadTable(state, options);
        tables.set(state, table);
      }
      return table;
    },
    flush(state) {
      tables.get(state)?.flush(state);
    },
  };
};
