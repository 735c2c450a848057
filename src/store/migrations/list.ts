import { store } from './01-store.ts';
import { deliveries } from './02-deliveries.ts';
import { feeds } from './03-feeds.ts';
import { ledger } from './04-ledger.ts';
import { chain } from './05-chain.ts';
import { alertsByRuleAndTime } from './06-alerts-by-rule-and-time.ts';
import { replicas } from './07-replicas.ts';
import { quietWindows } from './08-quiet-windows.ts';
import type { Migration } from './migration.ts';

/**
 * All migrations in order; a store's version says how many of them it has had: the `user_version` of a file, `schema_version` in
 * the table `meta` of a PostgreSQL store. Entries are never changed once released: a change of the schema is a new one at the end.
 *
 * In PostgreSQL replicas of the version before work on beside a migration (docs/kubernetes.md): it adds, with defaults, and takes away
 * only what no version uses that may still run.
 *
 * Times are epoch ms (`…_ms`). `seq` is the order of commits and is never used twice.
 *
 * What differs in PostgreSQL: texts are compared by their bytes (`COLLATE "C"`), events lie in a table for each month, so that
 * pruning drops tables (see postgres-months.ts), and the counts of deliveries are sums of differences, since one row for each
 * count would make all who send wait for each other. The first entries are empty there.
 */
const MIGRATIONS: readonly Migration[] = [
  store,
  deliveries,
  feeds,
  ledger,
  chain,
  alertsByRuleAndTime,
  replicas,
  quietWindows,
];

/** Those of a SQLite file. */
export const SQLITE_MIGRATIONS: readonly string[] = MIGRATIONS.map(({ sqlite }) => sqlite);

/** Those of a PostgreSQL store. Empty: nothing to do. */
export const POSTGRES_MIGRATIONS: readonly string[] = MIGRATIONS.map(({ postgres = '' }) => postgres);
