import { afterEach, beforeEach, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { simulate } from '../support/audit-api.ts';
import { createInstallation, type Installation, KEY, ruleOf } from '../support/installation.ts';
import { type LogLine, type MonitorProcess, startMonitor } from '../support/monitor-process.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

/*
 * What docs/kubernetes.md says of a rollout with a migration: replicas of the version before work on, and are refused when they
 * start anew. The real process, on tables that a later version has changed as migrations may.
 */

let scope: Scope;
let database: TestDatabase;
let simulator: Simulator;
let installation: Installation;
beforeEach(async () => {
  scope = createScope();
  simulator = await simulate();
  database = await createDatabase();
  scope.defer('database', () => database.drop());
  installation = createInstallation(simulator.url, { store: { url: database.url } });
  scope.defer('installation', () => installation.remove());
  installation.rule('own.yml', ruleOf('An app was made', 'high', ['APP_CREATE']));
});
afterEach(() => scope.close());

const start = (): MonitorProcess => {
  const monitor = startMonitor(['run', '--config', installation.config]);
  scope.defer('monitor', async () => {
    monitor.kill('SIGKILL');
    await monitor.ended;
  });
  return monitor;
};
const events = createGenerator({ seed: 'rollout', account: KEY });
const alertOf = async (monitor: MonitorProcess): Promise<LogLine> => {
  const from = monitor.lines.length;
  simulator.add(KEY, events.any(Date.now() - 1_000, 'APP_CREATE'));
  return monitor.until(({ event }) => event === 'alert', from);
};

/** Every table has a column more, there is a table more, and the store says that it has had one migration more. */
const migrateOneFurther = async (): Promise<void> => {
  const tables = await database.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'vonage_audit_monitor' AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
  );
  expect(tables.length).toBeGreaterThan(20);
  await database.query(
    `BEGIN; ${tables.map(({ name }) => `ALTER TABLE ${name} ADD COLUMN of_a_later_version text DEFAULT 'x' NOT NULL`).join('; ')};
     CREATE TABLE vonage_audit_monitor.of_a_later_version (id text PRIMARY KEY);
     UPDATE vonage_audit_monitor.meta SET value = (value::int + 1)::text WHERE name = 'schema_version'; COMMIT`,
  );
};

it('a replica of the version before works on beside a migration, and one that starts anew is refused', async () => {
  const old = start();
  await old.until(({ event }) => event === 'poll.completed');
  await alertOf(old);

  await migrateOneFurther();
  // Often enough that every connection of the pool has its statements prepared from before.
  for (let time = 0; time < 5; time += 1) await alertOf(old);
  expect(old.lines.filter(({ event }) => event === 'store.error')).toEqual([]);

  const again = start();
  expect(await again.ended).toMatchObject({ code: 1 });
  expect(again.output()).toMatch(/it has schema version \d+, this program knows up to \d+/);

  await alertOf(old);
  old.kill('SIGTERM');
  expect(await old.ended).toEqual({ code: 0, signal: null });
});
