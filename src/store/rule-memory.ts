import type { Json } from '../base/json.ts';
import type { Clock } from '../core/clock.ts';
import type { MemoryEntry, RuleMemory } from '../core/rule-memory.ts';
import { recordActs } from './acts.ts';
import type { Connection } from './connection.ts';
import { checkLease } from './leases.ts';
import type { Names } from './names.ts';
import { all, run, type Steps } from './steps.ts';

/** What rules remember. */
export const createRuleMemory = (connection: Connection, accounts: Names, now: Clock): RuleMemory => ({
  reset: (lease, what, act) =>
    connection.commit(function* () {
      yield* checkLease(lease);
      let count = 0;
      for (const name of what.accounts) {
        const account = yield* accounts.find(name);
        if (account !== undefined) count += yield* forget(account, what.prefixes);
      }
      if (count > 0) yield* recordActs([{ act: 'state.reset', atMs: now(), ...act }]);
      return count;
    }),
});

function* forget(account: number, prefixes: readonly string[] | undefined): Steps<number> {
  if (prefixes === undefined) return yield* run('DELETE FROM rule_state WHERE account = ?', account);
  let count = 0;
  // All keys of the account are looked at: a person asks for this now and then, and it is the same in every database.
  for (const prefix of prefixes)
    count += yield* run(
      'DELETE FROM rule_state WHERE account = ? AND (key = ? OR substr(key, 1, ?) = ?)',
      account,
      prefix,
      prefix.length + 1,
      `${prefix}/`,
    );
  return count;
}

/** Reads what rules remember of an account, by its key. */
export function* memoryOf(account: number): Steps<readonly MemoryEntry[]> {
  const rows = yield* all<{ key: string; value: string }>(
    'SELECT key, value FROM rule_state WHERE account = ? ORDER BY key',
    account,
  );
  return rows.map(({ key, value }) => ({ key, value: JSON.parse(value) as Json }));
}
