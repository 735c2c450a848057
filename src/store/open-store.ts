import type { Clock } from '../core/clock.ts';
import { explicitPlanner, type Planner } from '../core/planner.ts';
import type { Store } from '../core/store.ts';
import { createRecordAct } from './acts.ts';
import { createInsertAlert, createInsertAlerts, createInsertDelivery } from './alerts.ts';
import { createBackfills } from './backfills.ts';
import { createBrowse } from './browse.ts';
import { createOpenChain } from './chain-append.ts';
import { createChains } from './chain-heads.ts';
import { createCollectStore } from './collect.ts';
import { createApplyConditions, createConditions } from './conditions.ts';
import { connect } from './connection.ts';
import { createApplyDrift, createDriftStore } from './drift.ts';
import { createFeeds } from './feeds.ts';
import { createFoldDue, createSummarise } from './fold.ts';
import { createHistory } from './history.ts';
import { createCheckLease, createLeases } from './leases.ts';
import { createLedger, createLedgerStore } from './ledger.ts';
import { createLinkKey } from './link-key.ts';
import { createNames } from './names.ts';
import { createOutbox } from './outbox.ts';
import { createOverview } from './overview.ts';
import { createPlannerMemory } from './planner-memory.ts';
import { createRetention } from './retention.ts';
import { createRuleMemory } from './rule-memory.ts';
import { createSilences } from './silences.ts';
import { createStatus } from './status.ts';

/** How to open a store. */
export interface StoreOptions {
  /** The SQLite file; made with its directory, readable by its owner only, when there is none. */
  readonly path: string;
  readonly now: Clock;
  /** `full` (default): what is committed survives a power cut. `off` is for tests and benchmarks. */
  readonly durability?: 'full' | 'off';
  /** Decides how alerts travel. Left out: only to sinks that are named with them. */
  readonly planner?: Planner;
}

/**
 * Opens the store in one SQLite file, brought up to date if an older version wrote it. Throws a StoreError when the
 * file is damaged, another program's, a newer version's, or in a place that cannot be written; such a file is never
 * changed. Several processes may have the same file open; leases say who acts.
 */
export const openStore = (options: StoreOptions): Store => {
  const { path, now, durability = 'full', planner = explicitPlanner } = options;
  const connection = connect({ path, durability });
  const { db } = connection;
  const accounts = createNames(db, 'accounts');
  const eventTypes = createNames(db, 'event_types');
  const insertAlert = createInsertAlert(db);
  const insertDelivery = createInsertDelivery(db);
  const insertAlerts = createInsertAlerts(insertAlert, insertDelivery, planner, createPlannerMemory(db, now));
  const summarise = createSummarise(db, planner, insertAlert, insertDelivery);
  const openChain = createOpenChain(db);
  const recordAct = createRecordAct(db, openChain);
  const applyConditions = createApplyConditions(db, insertAlerts, now);
  const checkLease = createCheckLease(db);
  const applyDrift = createApplyDrift(db);
  return {
    collect: createCollectStore(connection, {
      accounts,
      eventTypes,
      insertAlerts,
      checkLease,
      ledger: createLedger(db),
      applyDrift,
      openChain,
    }),
    ledger: createLedgerStore(connection, accounts, checkLease),
    backfills: createBackfills(connection, accounts),
    drift: createDriftStore(connection, { accounts, checkLease, insertAlerts, applyDrift }),
    leases: createLeases(connection, now),
    outbox: createOutbox(connection, {
      insertAlerts,
      insertDelivery,
      applyConditions,
      foldDue: createFoldDue(db, summarise),
      recordAct,
      now,
    }),
    silences: createSilences(connection, { planner, summarise, recordAct, now }),
    ruleMemory: createRuleMemory(connection, { accounts, checkLease, recordAct, now }),
    acts: { record: (act) => connection.commit(() => recordAct(act)) },
    conditions: createConditions(connection, applyConditions),
    status: createStatus(connection, now),
    overview: createOverview(connection),
    feeds: createFeeds(connection, { accounts, eventTypes, applyConditions, now }),
    retention: createRetention(connection, now),
    chains: createChains(connection),
    history: createHistory(connection, accounts, eventTypes),
    browse: createBrowse(connection, accounts, eventTypes),
    linkKey: createLinkKey(connection),
    async close() {
      connection.close();
    },
  };
};
