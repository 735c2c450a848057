import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { simulate } from '../support/audit-api.ts';
import { runProcess } from '../support/command.ts';
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
  const sql = `BEGIN; SET LOCAL lock_timeout = '3s';
     ${tables.map(({ name }) => `ALTER TABLE ${name} ADD COLUMN of_a_later_version text DEFAULT 'x' NOT NULL`).join('; ')};
     CREATE TABLE vonage_audit_monitor.of_a_later_version (id text PRIMARY KEY);
     UPDATE vonage_audit_monitor.meta SET value = (value::int + 1)::text WHERE name = 'schema_version'; COMMIT`;
  for (;;) {
    try {
      await database.query(sql);
      return;
    } catch (error) {
      await database.query('ROLLBACK');
      // As `migratePostgres` does: the monitor is at work on these tables.
      if (!/^(40P01|55P03)$/.test((error as { readonly code?: string }).code ?? '')) throw error;
    }
  }
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

it('status says which replica has which version while there are several', async () => {
  const monitor = start();
  await monitor.until(({ event }) => event === 'poll.completed');
  const shown = async (): Promise<string> =>
    (await runProcess(['status', '--config', installation.config])).stdout;
  expect(await shown()).toMatch(/^replica /m);
  expect(await shown()).not.toContain(', version ');
  await database.query(
    `INSERT INTO vonage_audit_monitor.replicas
     SELECT 'new-pod/1-2/1/abc', '9.9.9', config_hash, refusal, started_ms, wants, seen_ms, 600000
     FROM vonage_audit_monitor.replicas`,
  );
  const text = await shown();
  expect(text).toMatch(/^replica .*, version 9\.9\.9$/m);
  expect(text.match(/^replica .*, version \d/gm)).toHaveLength(2);
});

it('another URL of the database is told, makes no skew, and waits for a restart', async () => {
  const file = join(installation.folder, 'url');
  writeFileSync(file, database.url, { mode: 0o600 });
  installation.configure({ store: { url_file: file } });
  const monitor = start();
  const { config_hash: hash } = await monitor.until(({ event }) => event === 'monitor.started');
  await monitor.until(({ event }) => event === 'poll.completed');
  const other = new URL(database.url);
  other.password = 'another-password-1';
  writeFileSync(file, other.href);
  expect(await monitor.until(({ event }) => event === 'config.reloaded')).toMatchObject({
    needs_restart: ['store.url'],
    config_hash: hash,
  });
  await alertOf(monitor);
  expect(monitor.output()).not.toContain('another-password-1');
});
