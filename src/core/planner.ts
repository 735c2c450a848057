import { stableId } from '../base/hash.ts';
import type { Json } from '../base/json.ts';
import { type Alert, LEVELS, type Level, type SummaryMember, type SummaryReason } from './alert.ts';
import type { ChainHead } from './chain.ts';
import type { DecidedAlert, NewAlert, PlannedDelivery } from './decided.ts';
import type { Silence } from './silence.ts';

/**
 * What planning remembers between alerts, read and written inside the transaction that stores the alert: so a restart
 * neither forgets that a group waits nor that a suppression runs.
 */
export interface PlannerMemory {
  get(key: string): Json | undefined;
  /** Kept until `expiresAtMs` at least; forgotten some time after. */
  set(key: string, value: Json, expiresAtMs: number): void;
  /** Every silence that is not over. */
  silences(): readonly Silence[];
}

/** What is to be told of folded alerts. */
export interface FoldedAlerts {
  readonly reason: SummaryReason;
  readonly sink: string;
  /** Identity of the fold: the same for the same deliveries. */
  readonly key: string;
  readonly total: number;
  readonly levels: Readonly<Partial<Record<Level, number>>>;
  /** The most severe first, newest first among equals; at most {@link MAX_SUMMARY_MEMBERS}. */
  readonly alerts: readonly Alert[];
  /** Epoch ms: decided between these. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Heads of chains to be told with it: a copy outside. */
  readonly heads?: readonly ChainHead[];
  /** For `silenced`: what hid them. */
  readonly silence?: Silence;
}

/** As many alerts of a fold are handed over to be listed. */
export const MAX_SUMMARY_MEMBERS = 20;

/** Decides how alerts travel. Synchronous and pure but for the memory; called inside transactions. */
export interface Planner {
  plan(request: NewAlert, memory: PlannerMemory, nowMs: number): DecidedAlert;
  /** The alert that stands for folded ones. */
  summarise(folded: FoldedAlerts, nowMs: number): Alert;
  /**
   * When a sink may be told of alerts that a silence hid: now, or when the first of the routes that lead there opens.
   * Epoch ms.
   */
  toldAtMs(hidden: readonly Alert[], sink: string, nowMs: number): number;
  /** Whether a silence hides alerts at this moment. */
  inForce(silence: Silence, nowMs: number): boolean;
}

/** A delivery that is due at once, for a reason of one word and its detail. */
export const dueNow = (
  alert: Alert,
  sink: string,
  nowMs: number,
  why: PlannedDelivery['why'],
): PlannedDelivery => ({
  sink,
  state: 'pending',
  dueAtMs: nowMs,
  thread: threadOf(alert),
  why,
});

/** The conversation an alert belongs to unless its route groups it: its rule and account. */
export const threadOf = (alert: Alert): string => stableId('thread', alert.rule.id, alert.account);

/** An alert as a summary lists it. */
export const memberOf = (alert: Alert): SummaryMember => ({
  alertId: alert.id,
  kind: alert.kind,
  status: alert.status,
  level: alert.rule.level,
  title: alert.rule.title,
  account: alert.account,
  message: alert.message,
  createdAtMs: alert.createdAtMs,
});

/** The most severe level with a count, `informational` when there is none. */
export const highestLevel = (levels: Readonly<Partial<Record<Level, number>>>): Level =>
  LEVELS.findLast((level) => (levels[level] ?? 0) > 0) ?? 'informational';

/**
 * A planner without routes: deliveries to the sinks that the request names, all due at once, nothing silenced. For
 * stores of which only explicit sinks are asked, such as a drill's.
 */
export const explicitPlanner: Planner = {
  plan({ alert, sinks = [] }, _memory, nowMs) {
    const deliveries = [...new Set(sinks)].map((sink) =>
      dueNow(alert, sink, nowMs, [{ reason: 'named', detail: 'by the request' }]),
    );
    return { alert, sinks: deliveries.map(({ sink }) => sink), deliveries };
  },
  summarise: (folded, nowMs) => ({
    id: stableId('summary', folded.reason, folded.sink, folded.key),
    kind: 'summary',
    status: 'firing',
    rule: {
      id: `summary.${folded.reason}`,
      title: `${folded.total} alerts`,
      level: highestLevel(folded.levels),
      tags: [],
      references: [],
    },
    account: '',
    message: `${folded.total} alerts, folded into one.`,
    fields: [],
    events: [],
    eventIds: [],
    eventTypes: [],
    summary: {
      reason: folded.reason,
      total: folded.total,
      levels: folded.levels,
      members: folded.alerts.map(memberOf),
    },
    createdAtMs: folded.lastMs,
    decidedAtMs: nowMs,
  }),
  toldAtMs: (_hidden, _sink, nowMs) => nowMs,
  inForce: ({ startsAtMs, endsAtMs, expired }, nowMs) =>
    expired === undefined && nowMs >= startsAtMs && nowMs < endsAtMs,
};
