import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { Poller } from '../collect/poller.ts';
import { FLEET } from '../core/fleet.ts';
import { kindOf, type ShareName } from '../core/replicas.ts';
import { createFeed, feedsOfSinks } from './feeds.ts';
import { createFleet, isFleetJudged } from './fleet.ts';
import { createGate } from './gate.ts';
import { openConditions, warnOfFormerAccounts, warnOfOrphans } from './leftovers.ts';
import { forgetUnlessHeldSince, type Holdings, type Memory } from './memory.ts';
import type { Budget } from './pace.ts';
import type { Monitor } from './parts.ts';
import { checksOf } from './proofs.ts';
import type { Replica } from './replica.ts';
import { createFarWatch, watchConfigurations } from './replica-watch.ts';
import { runShares, type ShareWork } from './run-shares.ts';
import { runInTurn, runTogether } from './tasks.ts';
import { parkedWatch } from './watch-parked.ts';
import { watch } from './watchdog.ts';
import { createWorkshop, type Workshop } from './workshop.ts';

/** What one configuration has done of the shares that this process holds. */
export interface SharedWork {
  /** Of the accounts that are polled here at the moment. */
  pollers(): readonly Poller[];
  readonly budget: Budget | undefined;
  /** As `Work.run`: works the shares that this process holds, as they come and go. */
  run(signal: AbortSignal, ending: AbortSignal): Promise<void>;
}

/** Shares that a configuration knows. */
export const sharesOf = ({ parts, sinks, feedWakes }: Monitor): readonly ShareName[] => [
  ...parts.settings.accounts.map(({ name }): ShareName => `account:${name}`),
  ...sinks.map(({ name }): ShareName => `sink:${name}`),
  ...[...feedWakes.keys()].map((name): ShareName => `feed:${name}`),
  ...(isFleetJudged(parts) ? (['duty:fleet'] as const) : []),
  ...DUTIES,
];

/** Work that one replica at a time does for all: what is due by the clock, and what proves that the monitor works. */
const DUTIES = ['duty:clock', 'duty:checks'] as const satisfies readonly ShareName[];

/**
 * Accounts that are prepared at a time. Ten thousand that are taken at once would stand in line for the store's connections, and the
 * beat that keeps their leases behind them. So each asks for what it has to know while others have their first pass.
 */
const BEGINNING = 16;

/** How often what others have opened and closed is read. */
const REFRESH_EVERY_MS = 15_000;

/** Sets up work by shares. `memory` is what the work before, by another configuration, knew, and `holdings` under which leases. */
export const startSharedWork = async (
  monitor: Monitor,
  replica: Replica,
  memory: Memory,
  holdings: Holdings,
): Promise<SharedWork> => {
  const { store, sinks } = monitor;
  const { settings, log, now } = monitor.parts;
  await warnOfOrphans(monitor, memory.warned);
  await warnOfFormerAccounts(monitor, memory.warned);
  const pollers = new Map<string, Poller>();
  const beginning = createGate(BEGINNING);
  const workshop = createWorkshop(monitor, memory, {
    open: [...(await store.conditions.open()).keys()],
    // At least one of them, or a division by nothing.
    part: () => Math.max(pollers.size, 1) / settings.accounts.length,
    isHeld: replica.isHeld,
  });
  const { trouble } = workshop;
  const feeds = feedsOfSinks(settings.feeds, sinks);
  // Before anything is collected: what is stored from now on is what a new feed sends.
  for (const { sink, from } of feeds) await store.feeds.open(sink.name, from);
  await (isFleetJudged(monitor.parts) ? store.feeds.open(FLEET, 'now') : store.fleet.rest());

  const works = new Map<ShareName, ShareWork>([
    ...settings.accounts.map((account): [ShareName, ShareWork] => [
      `account:${account.name}`,
      async (lease, until, hurry) => {
        await trouble.refresh();
        forgetUnlessHeldSince(memory, holdings, account.name, lease);
        const one = workshop.account(account, lease);
        pollers.set(account.name, one.poller);
        try {
          await beginning(() => (until.aborted ? Promise.resolve() : one.prepare()));
          await one.run(until, hurry);
        } finally {
          pollers.delete(account.name);
          await one.close();
        }
      },
    ]),
    ...sinks.map((sink): [ShareName, ShareWork] => [
      `sink:${sink.name}`,
      async (lease, until, hurry) => {
        await trouble.refresh();
        // Nobody else sends under this lease: what a crashed predecessor was sending is due again at once.
        await store.outbox.reclaim(sink.name, lease);
        await workshop.sinkLoop(sink, lease).run(until, hurry);
      },
    ]),
    ...feeds.map((feed): [ShareName, ShareWork] => [
      `feed:${feed.sink.name}`,
      async (lease, until, _hurry, lost) => {
        await trouble.refresh();
        await createFeed(feed, monitor, trouble, lease, replica.isHeld).run(until, lost);
      },
    ]),
    ['duty:fleet', async (lease, until) => createFleet(monitor, lease, workshop.failures)?.run(until)],
    ['duty:checks', (_lease, until) => check(monitor, replica, workshop, pollers, until)],
  ]);
  const isReader = (name: ShareName): boolean => kindOf(name) === 'account';
  const workIf =
    (wanted: (name: ShareName) => boolean) =>
    (name: ShareName): ShareWork | undefined =>
      wanted(name) ? works.get(name) : undefined;

  const refreshing = async (until: AbortSignal): Promise<void> => {
    for (; !until.aborted; await sleep(REFRESH_EVERY_MS, until)) {
      try {
        await trouble.refresh();
      } catch (error) {
        log.error('store.error', { operation: 'read conditions', reason: errorText(error) });
      }
    }
  };

  return {
    pollers: () => [...pollers.values()],
    budget: workshop.budget,
    run: (signal, ending) =>
      runInTurn(
        [(until, hurry) => runShares(replica, workIf(isReader), log, until, hurry)],
        [
          (until, hurry) =>
            runShares(
              replica,
              workIf((name) => !isReader(name)),
              log,
              until,
              hurry,
            ),
          refreshing,
          (until) =>
            watch(
              () => [...pollers.values()],
              {
                intervalMs: settings.poll.intervalMs,
                now,
                trouble,
                onError: storeError(monitor, 'raise stale'),
              },
              until,
            ),
        ],
        signal,
        ending,
      ),
  };
};

const storeError =
  ({ parts }: Monitor, operation: string) =>
  (error: unknown): void =>
    parts.log.error('store.error', { operation, reason: errorText(error) });

/** What proves that all replicas together do what they are for. */
const check = async (
  monitor: Monitor,
  replica: Replica,
  { trouble }: Workshop,
  pollers: ReadonlyMap<string, Poller>,
  until: AbortSignal,
): Promise<void> => {
  const { store } = monitor;
  const { settings, now, log } = monitor.parts;
  await trouble.refresh();
  const known = new Set(replica.standing()?.replicas.flatMap(({ wants }) => wants));
  await openConditions(monitor, (share) => known.has(share));
  const far = createFarWatch({
    accounts: settings.accounts.map(({ name }) => name),
    isNear: (account) => pollers.has(account),
    collect: store.collect,
    now,
    log,
  });
  await far.look();
  await runTogether(
    [
      far.run,
      (signal) =>
        watch(
          far.owed,
          { intervalMs: settings.poll.intervalMs, now, trouble, onError: storeError(monitor, 'raise stale') },
          signal,
        ),
      (signal) => watchConfigurations({ standing: replica.standing, trouble, now, log }, signal),
      (signal) => parkedWatch(monitor, trouble, storeError(monitor, 'end parked'), signal),
      ...checksOf(
        monitor,
        () => [...pollers.values(), ...far.watched()],
        trouble,
        () => replica.holds('duty:checks'),
      ),
    ],
    until,
  );
};
