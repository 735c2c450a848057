import type { Clock } from '../core/clock.ts';
import type { WindowCommit } from '../core/collect-store.ts';
import type { Planner } from '../core/planner.ts';
import type { Store } from '../core/store.ts';
import { recordActs } from './acts.ts';
import { createInsertAlerts } from './alerts.ts';
import { createBackfills } from './backfills.ts';
import { createBrowse } from './browse.ts';
import { createChains } from './chain-heads.ts';
import { createCollectStore } from './collect.ts';
import { createApplyConditions, createConditions } from './conditions.ts';
import type { Connection } from './connection.ts';
import { createDriftStore } from './drift.ts';
import { createFeeds } from './feeds.ts';
import { createFigures } from './figures.ts';
import { createFleetStore } from './fleet.ts';
import { createFoldDue, createSummarise } from './fold.ts';
import { createHistory } from './history.ts';
import type { InsertEvents } from './insert-events.ts';
import { createLeases } from './leases.ts';
import { createLedgerStore } from './ledger.ts';
import { createLinkKey } from './link-key.ts';
import { createNames } from './names.ts';
import { createOutbox } from './outbox.ts';
import { createOverview } from './overview.ts';
import { createRetention, type Dropped } from './retention.ts';
import { createRuleMemory } from './rule-memory.ts';
import { createSilences } from './silences.ts';
import { createStatus, type StatusDeps } from './status.ts';
import type { Steps } from './steps.ts';

/** What a store is made of beside its connection. */
export interface StoreParts {
  readonly now: Clock;
  /** By which leases run; undefined: the clock of the database. */
  readonly leaseClock: Clock | undefined;
  readonly planner: Planner;
  readonly status: StatusDeps;
  readonly insertEvents: InsertEvents;
  /** What has to be there before the transaction of a window begins. */
  readonly beforeWindow?: (commit: WindowCommit) => Promise<void>;
  /** Takes away at once what lies before a bound, where events lie in tables by their time; answers how many. */
  readonly dropBefore?: (beforeMs: number, nowMs: number) => Steps<Dropped>;
  /** Where several commit at a time: the `seq` of events behind which nothing can appear that lies before it. */
  readonly committedUpTo?: () => Steps<number>;
}

/** Puts the store together over a connection of either kind. */
export const composeStore = (connection: Connection, parts: StoreParts): Store => {
  const { now, planner, insertEvents, beforeWindow, committedUpTo } = parts;
  const accounts = createNames('accounts');
  const eventTypes = createNames('event_types');
  connection.onChangedServer?.(() => {
    accounts.forget();
    eventTypes.forget();
  });
  const insertAlerts = createInsertAlerts(planner, now);
  const summarise = createSummarise(planner);
  const foldDue = createFoldDue(summarise);
  const applyConditions = createApplyConditions(insertAlerts, now);
  const feeds = createFeeds(connection, { accounts, eventTypes, applyConditions, now, committedUpTo });
  return {
    collect: createCollectStore(connection, {
      accounts,
      eventTypes,
      insertAlerts,
      insertEvents,
      beforeWindow,
    }),
    ledger: createLedgerStore(connection, accounts),
    backfills: createBackfills(connection, accounts),
    drift: createDriftStore(connection, { accounts, insertAlerts }),
    leases: createLeases(connection, parts.leaseClock),
    outbox: createOutbox(connection, { insertAlerts, applyConditions, foldDue, now }),
    silences: createSilences(connection, { planner, summarise, now }),
    ruleMemory: createRuleMemory(connection, accounts, now),
    acts: { record: (act) => connection.commit(() => recordActs([act])) },
    conditions: createConditions(connection, applyConditions),
    status: createStatus(connection, parts.status),
    figures: createFigures(connection, { planner, bytes: parts.status.bytes }),
    feeds,
    fleet: createFleetStore(connection, { accounts, insertAlerts, feeds, now }),
    retention: createRetention(connection, now, parts.dropBefore),
    chains: createChains(connection),
    overview: createOverview(connection, parts.status.bytes),
    history: createHistory(connection, accounts, eventTypes),
    browse: createBrowse(connection, accounts, eventTypes, committedUpTo),
    linkKey: createLinkKey(connection),
    close: async () => connection.close(),
  };
};
