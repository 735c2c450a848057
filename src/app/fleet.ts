import { errorText } from '../base/errors.ts';
import { FLEET } from '../core/fleet.ts';
import { type Lease, LeaseLostError } from '../core/lease.ts';
import { mayPass } from '../core/store.ts';
import type { RuleEngine } from '../rules/engine.ts';
import { accountsNeeded } from '../rules/fleet.ts';
import { createCommittedReporter } from './committed.ts';
import { createFleetJudge } from './fleet-judge.ts';
import { forgetRemoved } from './forget-removed.ts';
import type { Monitor } from './parts.ts';
import type { RuleFailures } from './rule-failures.ts';
import { createRuleState, type TrackedRuleState } from './rule-state.ts';

/** Rules over all accounts at work, for whoever holds the lease. */
export interface Fleet {
  /** Rules that are new begin with what is stored from then on. To be awaited before the first pass where that is to count. */
  open(): Promise<void>;
  /** Judges what is committed, as it comes, until the signal aborts. What a store in trouble undoes is done again. */
  run(signal: AbortSignal): Promise<void>;
  /** Judges what is committed by now; resolves with whether it went well. */
  drain(signal: AbortSignal): Promise<boolean>;
}

const PAGE = 500;
/** Other processes ring no bell of ours when the store cannot tell of them. */
const LOOK_EVERY_MS = 15_000;
const TROUBLE_PAUSE_MS = 2_000;

/** Whether somebody has to look: there are rules over all accounts, and they could alert over those of the configuration. */
export const isFleetJudged = ({ rules, settings }: Monitor['parts']): boolean =>
  // Those of a window may be more than are watched at the moment, so only a single one is told apart.
  rules.fleet !== undefined && (settings.accounts.length > 1 || accountsNeeded(rules.linked) < 2);

/** Of one configuration; undefined: nobody has to look at the events of all accounts together. */
export const createFleet = (
  monitor: Monitor,
  lease: Lease,
  ruleFailures: RuleFailures,
): Fleet | undefined => {
  const { rules, log, now, settings } = monitor.parts;
  const { store, telemetry } = monitor;
  if (rules.fleet === undefined || !isFleetJudged(monitor.parts)) return undefined;
  const engine: RuleEngine = rules.fleet;
  const judge = createFleetJudge({ engine, now, log, telemetry, failures: ruleFailures });
  const report = createCommittedReporter({
    account: FLEET,
    typeLabel: monitor.eventTypes.labelOf,
    events: settings.log.events,
    now,
    log,
    telemetry,
    wake: monitor.wake,
  });
  let state: TrackedRuleState | undefined;
  let opened = false;
  let prunedBefore: number | undefined;

  const open = async (): Promise<void> => {
    if (!opened) await store.fleet.open(lease);
    opened = true;
  };

  const tellPruned = (pruned: number): void => {
    const events = pruned - (prunedBefore ?? pruned);
    prunedBefore = pruned;
    if (events > 0) log.error('fleet.pruned', { events });
  };

  /** Judges one page; resolves with whether there may be more. */
  const turn = async (): Promise<boolean> => {
    await open();
    if (state === undefined) {
      state = createRuleState(await store.fleet.ruleState());
      forgetRemoved(state, engine.isOwnState, now());
    }
    const memory = state;
    const { cursor, entries, pruned } = await store.fleet.read(PAGE);
    tellPruned(pruned);
    const last = entries.at(-1);
    if (last === undefined) return false;
    const alerts = entries.flatMap((entry) => judge(entry, memory));
    engine.flush(memory);
    const decision = { alerts, state: memory.takeChanges() };
    report.alerts(await store.fleet.commit(lease, cursor, last.cursor, decision, now()));
    await ruleFailures.report();
    return true;
  };

  /** After a failure nobody knows what was committed: memory and cursor are read again. */
  const carefully = async (): Promise<boolean> => {
    try {
      return await turn();
    } catch (error) {
      state = undefined;
      throw error;
    }
  };
  /** Judges until nothing is left; answers whether the store let it. Rejects with what does not pass by itself. */
  const judgeAll = async (signal: AbortSignal): Promise<boolean> => {
    try {
      while (!signal.aborted && (await carefully()));
      return true;
    } catch (error) {
      if (error instanceof LeaseLostError || !mayPass(error)) throw error;
      log.error('store.error', { operation: 'fleet rules', reason: errorText(error) });
      return false;
    }
  };

  return {
    open,
    async run(signal) {
      while (!signal.aborted) {
        const well = await judgeAll(signal);
        await monitor.fleetWake.wait(well ? LOOK_EVERY_MS : TROUBLE_PAUSE_MS, signal);
      }
    },
    drain: async (signal) => (await judgeAll(signal)) && !signal.aborted,
  };
};
