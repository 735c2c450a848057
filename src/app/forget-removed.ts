import type { TrackedRuleState } from './rule-state.ts';

/** A rule that is put back within this time goes on with what it remembered. */
const KEPT_MS = 7 * 86_400_000;
/** Since when nobody has used the table of that key. */
const MARK = 'unused/';

/**
 * Forgets what rules remembered that have been gone for a week: a rule that learnt for a month must not begin anew since
 * its file was missing for an hour. The marks lie in the state themselves, so that they survive as it does.
 */
export const forgetRemoved = (
  state: TrackedRuleState,
  isUsed: (key: string) => boolean,
  nowMs: number,
): void => {
  const unused = new Map<string, string[]>();
  const marked: string[] = [];
  for (const key of state.keys()) {
    if (key.startsWith(MARK)) marked.push(key.slice(MARK.length));
    else if (!isUsed(key)) {
      const table = key.replace(/\/\d+$/, '');
      const keys = unused.get(table);
      if (keys) keys.push(key);
      else unused.set(table, [key]);
    }
  }
  for (const table of marked) if (!unused.has(table)) state.set(MARK + table, null);
  for (const [table, keys] of unused) {
    const sinceMs = state.get(MARK + table);
    // A mark of a clock that was ahead begins anew.
    if (typeof sinceMs !== 'number' || sinceMs > nowMs) state.set(MARK + table, nowMs);
    else if (nowMs - sinceMs >= KEPT_MS) for (const key of [MARK + table, ...keys]) state.set(key, null);
  }
};
