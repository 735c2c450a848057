import type { Database } from 'better-sqlite3';
import type { Json } from '../base/json.ts';
import type { Clock } from '../core/clock.ts';
import type { MemoryEntry, RuleMemory } from '../core/rule-memory.ts';
import type { RecordAct } from './acts.ts';
import type { Connection } from './connection.ts';
import type { CheckLease } from './leases.ts';
import type { Names } from './names.ts';

/** What rules remember, in SQLite. */
export const createRuleMemory = (
  connection: Connection,
  deps: {
    readonly accounts: Names;
    readonly checkLease: CheckLease;
    readonly recordAct: RecordAct;
    readonly now: Clock;
  },
): RuleMemory => {
  const { db } = connection;
  const all = db.prepare<[number]>('DELETE FROM rule_state WHERE account = ?');
  const one = db.prepare<[number, string]>('DELETE FROM rule_state WHERE account = ? AND key = ?');
  const under = db.prepare<[number, string, string]>(
    'DELETE FROM rule_state WHERE account = ? AND key >= ? AND key < ?',
  );
  return {
    reset: (lease, { accounts, prefixes }, act) =>
      connection.commit(() => {
        deps.checkLease(lease);
        let count = 0;
        for (const name of accounts) {
          const account = deps.accounts.find(name);
          if (account === undefined) continue;
          if (prefixes === undefined) count += all.run(account).changes;
          for (const prefix of prefixes ?? []) {
            count += one.run(account, prefix).changes;
            // The character behind `/` ends the range of keys that begin with it.
            count += under.run(account, `${prefix}/`, `${prefix}0`).changes;
          }
        }
        if (count > 0) deps.recordAct({ act: 'state.reset', atMs: deps.now(), ...act });
        return count;
      }),
  };
};

/** Reads what rules remember of an account, by its key. */
export const prepareMemory = (db: Database): ((account: number) => readonly MemoryEntry[]) => {
  const entries = db.prepare<[number], { key: string; value: string }>(
    'SELECT key, value FROM rule_state WHERE account = ? ORDER BY key',
  );
  return (account) =>
    entries.all(account).map(({ key, value }) => ({ key, value: JSON.parse(value) as Json }));
};
