import { systemAlert } from '../alerts/system-alert.ts';
import { errorText } from '../base/errors.ts';
import type { Poller } from '../collect/poller.ts';
import type { Settings } from '../config/settings.ts';
import type { ConditionChange, ConditionName } from '../core/conditions.ts';
import type { DeliveryState } from '../core/delivery.ts';
import { type Lease, LeaseLostError } from '../core/lease.ts';
import type { Log } from '../core/log.ts';
import { createCommitRest } from '../deliver/commit-rest.ts';
import { DEFAULT_DELIVERY_POLICY, type DeliveryPolicy } from '../deliver/policy.ts';
import { createSinkLoop } from '../deliver/sink-loop.ts';
import { type Account, createAccount } from './account.ts';
import { createFeedLoops } from './feeds.ts';
import { openConditions, warnOfFormerAccounts, warnOfOrphans } from './leftovers.ts';
import { accountMemory, type Memory } from './memory.ts';
import { type Budget, createBudget, createMeasuredPace, type Pace } from './pace.ts';
import type { Monitor } from './parts.ts';
import { checksOf } from './proofs.ts';
import { createRuleFailures } from './rule-failures.ts';
import { runInTurn, runTogether, type Task } from './tasks.ts';
import { tellOfConfig } from './tell-of-config.ts';
import { createTrouble } from './trouble.ts';
import { watchParked } from './watch-parked.ts';
import { watch } from './watchdog.ts';

/** What a process does while it holds the lease. */
export interface Work {
  readonly pollers: readonly Poller[];
  /** Of all requests to the API; undefined: not limited. */
  readonly budget: Budget | undefined;
  /**
   * Polls and delivers until the signal aborts. When `ending` aborts, another configuration waits: the passes under way
   * are finished first, then what is being sent, both for a bounded time; then it resolves. Rejects with LeaseLostError
   * when the lease passed on.
   */
  run(signal: AbortSignal, ending: AbortSignal): Promise<void>;
  /** One pass of every account, then everything that is due; resolves with whether all of it went well. */
  once(signal: AbortSignal): Promise<boolean>;
  /** Fulfils requests for backfills for a while; who waits for the lease gets it in between. */
  backfill(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Sets up polling and delivering under a lease. `memory` is what the work before under the same lease knew. */
export const startWork = async (monitor: Monitor, lease: Lease, memory: Memory): Promise<Work> => {
  const { store, telemetry, sinks, wakes } = monitor;
  const { settings, log, now, random, redact } = monitor.parts;

  // Nobody else sends under this lease: what a crashed predecessor was sending is due again at once.
  await store.outbox.reclaim();
  await warnOfOrphans(monitor, memory.warned);
  await warnOfFormerAccounts(monitor, memory.warned);

  const open = await openConditions(monitor);
  const trouble = createTrouble({
    conditions: store.conditions,
    open,
    alert: (name, subject, detail, open, sinceMs) => ({
      alert: systemAlert(
        { name, subject, detail: redact(detail) },
        open ? 'firing' : 'resolved',
        sinceMs,
        now(),
      ),
      // Trouble of a sink is told through the others.
      except: name === 'parked' || name === 'circuit' || name === 'drill' || name === 'feed' ? [subject] : [],
    }),
    now,
    log,
    telemetry,
    onChange: monitor.wake,
    memory: memory.trouble,
  });

  const failures = createRuleFailures(
    open.filter((key) => key.startsWith('rule_failing:')).map((key) => key.slice('rule_failing:'.length)),
    trouble,
    now,
    memory.ruleFailures,
  );
  const { requestsPerSecond } = settings.api;
  const paceOf = (budget: string, perSecond: number): Pace =>
    createMeasuredPace(budget, perSecond, now, telemetry);
  const budget =
    requestsPerSecond === undefined
      ? undefined
      : createBudget(paceOf('all', requestsPerSecond), requestsPerSecond, now);
  const paces = {
    all: budget?.pace,
    reconcile: paceOf('reconcile', settings.reconcile.requestsPerMinute / 60),
    backfill: paceOf('backfill', settings.reconcile.backfillRequestsPerMinute / 60),
  };
  for (const name of memory.accounts.keys())
    if (!settings.accounts.some((account) => account.name === name)) memory.accounts.delete(name);
  const accounts = settings.accounts.map((account) =>
    createAccount(account, monitor, lease, trouble, failures, paces, accountMemory(memory, account.name)),
  );
  const close = async (): Promise<void> => {
    await Promise.all(accounts.map((account) => account.close()));
  };
  const pollers = accounts.map((account) => account.poller);

  const condition = (
    name: Extract<ConditionName, 'parked' | 'circuit'>,
    open: boolean,
    sink: string,
    detail: string,
  ): ConditionChange => trouble.change(open, name, sink, detail);
  const rest = createCommitRest(now);
  const loops = sinks.map((sink) => {
    const wake = wakes.get(sink.name);
    if (!wake) throw new Error(`no bell for sink ${sink.name}`);
    return createSinkLoop({
      sink,
      outbox: store.outbox,
      now,
      random,
      policy: policyOf(settings, sink.name),
      wake,
      log,
      telemetry,
      tracer: monitor.tracer,
      conditions: {
        parked: ({ count, reason }) =>
          condition('parked', true, sink.name, count > 1 ? `${reason} (${count} deliveries)` : reason),
        recovered: () => condition('parked', false, sink.name, ''),
        opened: ({ reason }) => condition('circuit', true, sink.name, reason),
        closed: () => condition('circuit', false, sink.name, ''),
      },
      onConditions: trouble.changed,
      onHandedOver: (fallback) => monitor.wake([fallback]),
      rest,
      redact,
    });
  });
  const feeds = createFeedLoops(monitor, trouble);
  try {
    for (const account of accounts) await account.prepare();
    for (const feed of feeds) await feed.open();
  } catch (error) {
    await close();
    throw error;
  }
  const storeError = (operation: string) => (error: unknown) =>
    log.error('store.error', { operation, reason: errorText(error) });

  return {
    pollers,
    budget,
    run: (signal, ending) =>
      runInTurn(
        accounts.map((account) => account.run),
        [
          ...loops.map((loop) => loop.run),
          ...feeds.map(
            (feed): Task =>
              (until) =>
                feed.run(until),
          ),
          (until) =>
            watch(
              pollers,
              { intervalMs: settings.poll.intervalMs, now, trouble, onError: storeError('raise stale') },
              until,
            ),
          (until) =>
            watchParked(
              {
                conditions: store.conditions,
                status: store.status,
                async close(sink) {
                  trouble.changed(await store.conditions.change([trouble.change(false, 'parked', sink, '')]));
                },
                trouble,
                now,
                onError: storeError('end parked'),
              },
              until,
            ),
          ...checksOf(monitor, pollers, trouble),
          (until) => tellOfConfig(monitor, trouble, until),
        ],
        signal,
        ending,
      ),
    async once(signal) {
      // Whoever got here could load it.
      await trouble.clear('config', '');
      const parkedBefore = await countDeliveries(monitor, 'parked');
      const passed = await Promise.all(pollers.map((poller) => poller.pass(signal)));
      const fed = await Promise.all(feeds.map((feed) => feed.drain(signal)));
      // Nobody else tells what a silence hid where the monitor only ever runs once at a time.
      await store.silences.tellEnded();
      await repairAll(accounts, log, signal);
      // Again as long as something is due: what one sink refuses is told through the others, which may be done by then.
      let blocked: readonly boolean[];
      do blocked = (await Promise.all(loops.map((loop) => loop.drain(signal)))).map((end) => end.blocked);
      while (!signal.aborted && (await isAnyDue(monitor, blocked)));
      const delivered =
        !(await isAnyLate(monitor)) && (await countDeliveries(monitor, 'parked')) <= parkedBefore;
      return passed.every(Boolean) && fed.every(Boolean) && delivered && !signal.aborted;
    },
    async backfill(signal) {
      const endsMs = now() + BACKFILL_TURN_MS;
      const goesOn = (): boolean => now() < endsMs;
      await runTogether(
        accounts.map((account) => (until) => account.backfill(until, goesOn)),
        signal,
      );
    },
    close,
  };
};

/** A monitor that starts beside a backfill has to wait for so long, and for the window that is being read. */
const BACKFILL_TURN_MS = 5_000;

/** Reads what is unverified and due once more; that this fails is no failure of the passes. */
const repairAll = async (accounts: readonly Account[], log: Log, signal: AbortSignal): Promise<void> => {
  await Promise.all(
    accounts.map(async (account) => {
      try {
        await account.repair(signal);
      } catch (error) {
        if (error instanceof LeaseLostError) throw error;
        if (signal.aborted) return;
        log.warn('reconcile.failed', { account: account.poller.account, reason: errorText(error) });
      }
    }),
  );
};

/** How many deliveries of the sinks that are on are in a state. */
const countDeliveries = async ({ store, wakes }: Monitor, wanted: DeliveryState): Promise<number> => {
  const counts = await store.status.deliveryCounts();
  return counts
    .filter(({ sink, state }) => state === wanted && wakes.has(sink))
    .reduce((sum, { count }) => sum + count, 0);
};

/** Whether a delivery waits for anything but its time: what a route or a rule holds until later is no failure. */
const isAnyLate = async ({ store, sinks, parts }: Monitor): Promise<boolean> => {
  for (const { name } of sinks) {
    let after: string | undefined;
    do {
      const page = await store.history.deliveries({ sink: name, state: 'pending', limit: 1_000, after });
      if (page.items.some(({ attempts, dueAtMs }) => attempts > 0 || (dueAtMs ?? 0) <= parts.now()))
        return true;
      after = page.next;
    } while (after !== undefined);
  }
  return false;
};

/** Whether something is due for a sink that is not `blocked` (its receiver is down, or asked for a pause). */
const isAnyDue = async ({ store, sinks, parts }: Monitor, blocked: readonly boolean[]): Promise<boolean> => {
  const dueMs = await Promise.all(sinks.map((sink) => store.outbox.nextDueMs(sink.name)));
  return dueMs.some((ms, index) => ms !== undefined && ms <= parts.now() && !blocked[index]);
};

/** The default policy with what the configuration says about the sink. */
const policyOf = (settings: Settings, name: string): DeliveryPolicy => {
  const limits = settings.sinks.find((sink) => sink.name === name)?.limits;
  // A fallback that is off is none.
  const isOn = (other: string): boolean => settings.sinks.some((sink) => sink.name === other && !sink.off);
  return {
    ...DEFAULT_DELIVERY_POLICY,
    ...(limits && {
      pace: limits.pace,
      foldAbove: limits.foldAbove,
      maxAgeMs: limits.maxAgeMs,
      fallback: limits.fallback !== undefined && isOn(limits.fallback) ? limits.fallback : undefined,
    }),
  };
};
