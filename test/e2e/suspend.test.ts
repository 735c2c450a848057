import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { installationIn, monitorIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf } from '../support/installation.ts';
import { is, type MonitorProcess } from '../support/monitor-process.ts';
import type { Receiver } from '../support/receiver.ts';

/* Line 20 of the failure catalogue: the process is suspended for longer than every lease it holds, and wakes up. */

let scope: Scope;
let simulator: Simulator;
let receiver: Receiver;
let installation: Installation;

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  receiver = await receiverIn(scope);
  installation = installationIn(scope, simulator.url, {
    sinks: { hook: { type: 'webhook', url: receiver.url, timeout: '50s' } },
    routes: [{ to: ['hook'] }],
  });
  installation.rule('app.yml', ruleOf('An application was created', 'high', ['APP_CREATE']));
});
afterEach(() => scope.close());

const run = (): MonitorProcess => monitorIn(scope, ['run', '--config', installation.config]);
const generator = createGenerator({ seed: 'suspend', account: KEY });
const happen = (count: number): readonly string[] => {
  const events = Array.from({ length: count }, (_, i) =>
    generator.any(Date.now() - (i + 2) * 1_000, 'APP_CREATE'),
  );
  simulator.add(KEY, events);
  return events.map(({ id }) => id);
};
/** Which delivery ids told of each event. */
const told = (): Map<string, Set<string>> => {
  const ids = new Map<string, Set<string>>();
  for (const { headers, body } of receiver.requests)
    for (const id of JSON.parse(body).event_ids as string[])
      ids.set(id, (ids.get(id) ?? new Set()).add(String(headers['webhook-id'])));
  return ids;
};
const untilTold = async (ids: readonly string[]): Promise<void> => {
  for (let count = receiver.requests.length; !ids.every((id) => told().has(id)); count += 1)
    await receiver.received(count + 1, 30_000);
};
/** The receiver answers nobody until the function that is returned is called. */
const hang = (): (() => void) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  receiver.answer(async () => {
    await promise;
    return {};
  });
  return resolve;
};
const inDatabase = <T>(work: (db: Database.Database) => T): T => {
  const db = new Database(installation.database);
  try {
    return work(db);
  } finally {
    db.close();
  }
};
const countsOf = (): unknown =>
  inDatabase((db) => ({
    events: db.prepare('SELECT count(*) FROM events').pluck().get(),
    alerts: db.prepare("SELECT count(*) FROM alerts WHERE kind = 'rule'").pluck().get(),
    unsent: db.prepare("SELECT count(*) FROM deliveries WHERE state <> 'sent'").pluck().get(),
  }));

describe('20: suspended for longer than every lease', () => {
  it('while a standby takes over: it tells what the sleeper was telling, and the sleeper disturbs nothing when it wakes', async () => {
    const sleeper = run();
    await sleeper.until(is('poll.completed'));
    const standby = run();
    await standby.until(is('lease.waiting'));

    // Asleep in the middle of everything: sends that nobody has answered yet, a page that is being read.
    const answer = hang();
    const first = happen(5);
    await receiver.received(5);
    const mend = simulator.faults.add({ kind: 'slow', delayMs: Number.POSITIVE_INFINITY, part: 'body' });
    const asked = simulator.requests.count();
    await simulator.requests.until((log) => log.count() > asked);
    sleeper.kill('SIGSTOP');
    mend();
    receiver.answer({});
    const second = happen(5);

    await standby.until(is('lease.acquired'));
    await untilTold(second);
    await receiver.received(15, 30_000);
    // The receiver answers the sleeper at last; it wakes, settles what it had sent, and learns that it is not needed.
    answer();
    const from = sleeper.lines.length;
    sleeper.kill('SIGCONT');
    await sleeper.until(is('lease.lost'), from);
    await sleeper.until(is('lease.waiting'), from);
    const third = happen(3);
    await untilTold(third);
    expect(sleeper.lines.slice(from).filter(is('poll.completed'))).toEqual([]);

    // And it is as good as before: it takes over when the other one ends.
    standby.kill('SIGTERM');
    expect(await standby.ended).toEqual({ code: 0, signal: null });
    const fourth = happen(2);
    await untilTold(fourth);
    sleeper.kill('SIGTERM');
    expect(await sleeper.ended).toEqual({ code: 0, signal: null });

    const all = [...first, ...second, ...third, ...fourth];
    expect(new Set(told().keys())).toEqual(new Set(all));
    for (const ids of told().values()) expect(ids.size).toBe(1);
    expect(countsOf()).toEqual({ events: all.length, alerts: all.length, unsent: 0 });
  }, 90_000);

  it('and nobody else there: it goes on at once where it was, with one identity for what it had under way', async () => {
    const monitor = run();
    await monitor.until(is('poll.completed'));
    const answer = hang();
    const first = happen(5);
    await receiver.received(5);
    monitor.kill('SIGSTOP');
    // An hour passes: for what lies in the database that is the same as being an hour older.
    inDatabase((db) => {
      expect(db.prepare('UPDATE leases SET renewed_ms = renewed_ms - 3600000').run().changes).toBe(1);
      expect(
        db.prepare("UPDATE deliveries SET due_ms = due_ms - 3600000 WHERE state = 'sending'").run().changes,
      ).toBe(5);
    });
    const second = happen(5);
    const from = monitor.lines.length;
    monitor.kill('SIGCONT');
    await monitor.until(is('poll.completed'), from);
    receiver.answer({});
    answer();
    await untilTold(second);
    // The lease that ran out while nobody wanted it is renewed as if nothing had been.
    const isRenewed = (): boolean =>
      inDatabase(
        (db) => Number(db.prepare('SELECT renewed_ms FROM leases').pluck().get()) > Date.now() - 60_000,
      );
    while (!isRenewed()) await monitor.until(is('poll.completed'), monitor.lines.length);
    const third = happen(1);
    await untilTold(third);
    monitor.kill('SIGTERM');
    expect(await monitor.ended).toEqual({ code: 0, signal: null });

    expect(monitor.lines.some(is('lease.lost'))).toBe(false);
    const all = [...first, ...second, ...third];
    expect(new Set(told().keys())).toEqual(new Set(all));
    for (const ids of told().values()) expect(ids.size).toBe(1);
    expect(countsOf()).toEqual({ events: all.length, alerts: all.length, unsent: 0 });
  }, 60_000);
});
