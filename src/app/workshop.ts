import { systemAlert } from '../alerts/system-alert.ts';
import type { AccountSettings, Settings } from '../config/settings.ts';
import type { ConditionChange, ConditionName } from '../core/conditions.ts';
import type { Sink } from '../core/delivery.ts';
import type { Lease } from '../core/lease.ts';
import { createCommitRest } from '../deliver/commit-rest.ts';
import { DEFAULT_DELIVERY_POLICY, type DeliveryPolicy } from '../deliver/policy.ts';
import { createSinkLoop, type SinkLoop } from '../deliver/sink-loop.ts';
import { type Account, createAccount } from './account.ts';
import { createBackfillWatch } from './backfill-watch.ts';
import { accountMemory, type Memory } from './memory.ts';
import { type Budget, createBudget, createMeasuredPace, type Pace } from './pace.ts';
import type { Monitor } from './parts.ts';
import { createRuleFailures, type RuleFailures } from './rule-failures.ts';
import { createTrouble, type StoredTrouble } from './trouble.ts';

/** Makes what works by one configuration, piece by piece. */
export interface Workshop {
  readonly trouble: StoredTrouble;
  /** Of all requests to the API; undefined: not limited. */
  readonly budget: Budget | undefined;
  readonly failures: RuleFailures;
  account(settings: AccountSettings, lease: Lease): Account;
  sinkLoop(sink: Sink, lease: Lease): SinkLoop;
}

/** What {@link createWorkshop} works with. */
export interface WorkshopOptions {
  /** Keys of the conditions that are open. */
  readonly open: readonly string[];
  /** Which part of the budgets of requests is ours: 0 to 1. Left out: all of it. */
  readonly part?: () => number;
  /** Whether what this process holds still is its own; asked before anything leaves it. Left out: it is. */
  readonly isHeld?: () => boolean;
}

/** Makes a {@link Workshop}. `memory` is what the work before under the same lease knew. */
export const createWorkshop = (monitor: Monitor, memory: Memory, options: WorkshopOptions): Workshop => {
  const { store, telemetry, wakes } = monitor;
  const { settings, log, now, random, redact } = monitor.parts;
  const { open, part = () => 1, isHeld } = options;

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
    createMeasuredPace(budget, () => perSecond * part(), now, telemetry);
  const budget =
    requestsPerSecond === undefined
      ? undefined
      : createBudget(paceOf('all', requestsPerSecond), () => requestsPerSecond * part(), now);
  const paces = {
    all: budget?.pace,
    reconcile: paceOf('reconcile', settings.reconcile.requestsPerMinute / 60),
    backfill: paceOf('backfill', settings.reconcile.backfillRequestsPerMinute / 60),
  };

  const backfills = createBackfillWatch(store.backfills, log);
  const condition = (
    name: Extract<ConditionName, 'parked' | 'circuit'>,
    open: boolean,
    sink: string,
    detail: string,
  ): ConditionChange => trouble.change(open, name, sink, detail);
  const rest = createCommitRest(now);
  const sinkLoop = (sink: Sink, lease: Lease): SinkLoop => {
    const wake = wakes.get(sink.name);
    if (!wake) throw new Error(`no bell for sink ${sink.name}`);
    return createSinkLoop({
      sink,
      outbox: store.outbox,
      lease,
      ...(isHeld && { isHeld }),
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
  };

  return {
    trouble,
    budget,
    failures,
    account: (account, lease) =>
      createAccount(
        account,
        monitor,
        lease,
        trouble,
        failures,
        paces,
        accountMemory(memory, account.name),
        backfills.asked,
        isHeld,
      ),
    sinkLoop,
  };
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
