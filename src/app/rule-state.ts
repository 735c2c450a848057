import type { Json } from '../base/json.ts';
import type { StateChange } from '../core/collect-store.ts';
import type { RuleState } from '../core/match.ts';

/** Rule state in memory that remembers what was changed since it was last asked. */
export interface TrackedRuleState extends RuleState {
  keys(): readonly string[];
  /** The changes since the last call, each key once with its last value. */
  takeChanges(): readonly StateChange[];
}

/** Makes rule state over what the store has. The map is taken over, not copied. */
export const createRuleState = (stored: ReadonlyMap<string, Json>): TrackedRuleState => {
  const values = new Map(stored);
  const dirty = new Set<string>();
  return {
    keys: () => [...values.keys()],
    get: (key) => values.get(key),
    set(key, value) {
      if (value === null) values.delete(key);
      else values.set(key, value);
      dirty.add(key);
    },
    takeChanges() {
      const changes = [...dirty].map((key) => ({ key, value: values.get(key) ?? null }));
      dirty.clear();
      return changes;
    },
  };
};
