import { errorText } from '../base/errors.ts';
import type { Poller } from '../collect/poller.ts';
import type { DeliveryState } from '../core/delivery.ts';
import { type Lease, LeaseLostError } from '../core/lease.ts';
import type { Log } from '../core/log.ts';
import { kindOfTrouble } from '../core/store.ts';
import type { Account } from './account.ts';
import { createFeed, feedsOfSinks } from './feeds.ts';
import { createFleet } from './fleet.ts';
import { openConditions, warnOfFormerAccounts, warnOfOrphans } from './leftovers.ts';
import type { Memory } from './memory.ts';
import type { Budget } from './pace.ts';
import type { Monitor } from './parts.ts';
import { checksOf } from './proofs.ts';
import { runInTurn, runTogether, type Task } from './tasks.ts';
import { tellOfConfig } from './tell-of-config.ts';
import { parkedWatch } from './watch-parked.ts';
import { watch } from './watchdog.ts';
import { createWorkshop } from './workshop.ts';

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
  const { store, sinks } = monitor;
  const { settings, log, now } = monitor.parts;

  // Nobody else sends under this lease: what a crashed predecessor was sending is due again at once.
  await store.outbox.reclaim();
  await warnOfOrphans(monitor, memory.warned);
  await warnOfFormerAccounts(monitor, memory.warned);

  const workshop = createWorkshop(monitor, memory, { open: await openConditions(monitor) });
  const { trouble, budget } = workshop;
  for (const name of memory.accounts.keys())
    if (!settings.accounts.some((account) => account.name === name)) memory.accounts.delete(name);
  const accounts = settings.accounts.map((account) => workshop.account(account, lease));
  const close = async (): Promise<void> => {
    await Promise.all(accounts.map((account) => account.close()));
  };
  const pollers = accounts.map((account) => account.poller);

  const loops = sinks.map((sink) => workshop.sinkLoop(sink, lease));
  const feeds = feedsOfSinks(settings.feeds, sinks).map((feed) => createFeed(feed, monitor, trouble, lease));
  const fleet = createFleet(monitor, lease, workshop.failures);
  try {
    for (const account of accounts) await account.prepare();
    for (const feed of feeds) await feed.open();
    await (fleet ? fleet.open() : store.fleet.rest());
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
          async (until) => fleet?.run(until),
          (until) =>
            watch(
              () => pollers,
              { intervalMs: settings.poll.intervalMs, now, trouble, onError: storeError('raise stale') },
              until,
            ),
          (until) => parkedWatch(monitor, trouble, storeError('end parked'), until),
          ...checksOf(monitor, () => pollers, trouble),
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
      const judged = (await fleet?.drain(signal)) ?? true;
      // Nobody else tells what a silence hid where the monitor only ever runs once at a time.
      await store.silences.tellEnded();
      await repairAll(accounts, log, signal);
      // Again as long as something is due: what one sink refuses is told through the others, which may be done by then.
      let blocked: readonly boolean[];
      // Asked of one moment: what falls due between the two questions is late for nobody, a later run sends it.
      let atMs: number;
      do {
        blocked = (await Promise.all(loops.map((loop) => loop.drain(signal)))).map((end) => end.blocked);
        atMs = now();
      } while (!signal.aborted && (await isAnyDue(monitor, blocked, atMs)));
      const delivered =
        !(await isAnyLate(monitor, atMs)) && (await countDeliveries(monitor, 'parked')) <= parkedBefore;
      return passed.every(Boolean) && fed.every(Boolean) && judged && delivered && !signal.aborted;
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
        log.warn('reconcile.failed', {
          account: account.poller.account,
          ...kindOfTrouble(error),
          reason: errorText(error),
        });
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

/** Whether at `atMs` a delivery waits for anything but its time: what a route or a rule holds until later is no failure. */
const isAnyLate = async ({ store, sinks }: Monitor, atMs: number): Promise<boolean> => {
  for (const { name } of sinks) {
    let after: string | undefined;
    do {
      const page = await store.history.deliveries({ sink: name, state: 'pending', limit: 1_000, after });
      if (page.items.some(({ attempts, dueAtMs }) => attempts > 0 || (dueAtMs ?? 0) <= atMs)) return true;
      after = page.next;
    } while (after !== undefined);
  }
  return false;
};

/** Whether something is due at `atMs` for a sink that is not `blocked` (its receiver is down, or asked for a pause). */
const isAnyDue = async (
  { store, sinks }: Monitor,
  blocked: readonly boolean[],
  atMs: number,
): Promise<boolean> => {
  const dueMs = await Promise.all(sinks.map((sink) => store.outbox.nextDueMs(sink.name)));
  return dueMs.some((ms, index) => ms !== undefined && ms <= atMs && !blocked[index]);
};
