import { stableId } from '../base/hash.ts';
import type { Alert } from '../core/alert.ts';
import type { DecidedAlert, NewAlert, PlannedDelivery, Why } from '../core/decided.ts';
import { dueNow, type Planner, type PlannerMemory, threadOf } from '../core/planner.ts';
import type { Route } from '../core/route.ts';
import type { Silence } from '../core/silence.ts';
import type { TimeWindow } from '../core/time-window.ts';
import type { TimeZone } from '../core/time-zone.ts';
import { alertTexts } from './alert-texts.ts';
import { timeText } from './condition-texts.ts';
import { compileRoutes, routeAlert, type Target } from './routing.ts';
import { createSilencing } from './silencing.ts';
import { summaryAlert } from './summary-alert.ts';

/** What {@link createPlanner} works with. */
export interface PlannerOptions {
  readonly routes: readonly Route[];
  /** The named time windows of the configuration, compiled. */
  readonly windows: Readonly<Record<string, TimeWindow>>;
  /** The configured zone, for the schedules of silences that name none. */
  readonly zone: TimeZone;
  /** Sinks that are on. */
  readonly liveSinks: readonly string[];
}

/**
 * The way of an alert to its deliveries: silences, the suppression its rule asks for, then for each sink the group and
 * the hours of the route that chose it. A pure decision about (alert, memory, now): every step names its reason, and
 * nothing is ever dropped, only hidden with a summary, folded or held.
 */
export const createPlanner = (options: PlannerOptions): Planner => {
  const routes = compileRoutes(options.routes, options.windows);
  const live = new Set(options.liveSinks);
  const silencing = createSilencing(options.zone);

  const targetsOf = (alert: Alert, except: readonly string[], nowMs: number): readonly Target[] => {
    // An empty list is a decision (a rule in shadow), a list of sinks that are all off is an accident.
    if (alert.to?.length === 0) return [];
    const usable = new Set([...live].filter((sink) => !except.includes(sink)));
    const { targets } = routeAlert(alert, routes, usable, nowMs);
    if (targets.length > 0 || except.length === 0) return targets;
    // Trouble of a sink must be said somewhere.
    const why: Why = { reason: 'others', detail: `not through ${except.join(', ')}` };
    return [...usable].map((sink) => ({ sink, route: undefined, why }));
  };

  const plan = (
    { alert, sinks, except = [] }: NewAlert,
    memory: PlannerMemory,
    nowMs: number,
  ): DecidedAlert => {
    if (sinks) {
      const why: Why = { reason: 'named', detail: '' };
      return decided(
        alert,
        [...new Set(sinks)].map((sink) => dueNow(alert, sink, nowMs, [why])),
      );
    }
    const targets = targetsOf(alert, except, nowMs);
    const silence = silencing.hides(alert, memory.silences(), nowMs);
    if (silence)
      return decided(
        alert,
        targets.map((target) => silenced(alert, target, silence, nowMs)),
      );
    const suppressedUntilMs = suppression(alert, memory, nowMs);
    return decided(
      alert,
      targets.map((target) => timed(alert, target, suppressedUntilMs, memory, nowMs)),
    );
  };
  // Of the most severe ones: the summary may hide thousands, and is told when any of them would have been.
  const toldAtMs = (hidden: readonly Alert[], sink: string, nowMs: number): number => {
    const opens = hidden.map((alert) => {
      if (alert.to?.includes(sink)) return nowMs;
      const textsOf = alertTexts(alert);
      const leading = routes.filter(({ route, takes }) => route.to.includes(sink) && takes(textsOf));
      return leading.length === 0 ? nowMs : Math.min(...leading.map((route) => route.opensMs(nowMs)));
    });
    return Math.max(nowMs, Math.min(...opens));
  };
  return { plan, summarise: summaryAlert, toldAtMs, inForce: silencing.inForce };
};

const decided = (alert: Alert, deliveries: readonly PlannedDelivery[]): DecidedAlert => ({
  alert,
  sinks: deliveries.filter(({ state }) => state === 'pending').map(({ sink }) => sink),
  deliveries,
});

const silenced = (alert: Alert, { sink, why }: Target, silence: Silence, nowMs: number): PlannedDelivery => ({
  sink,
  state: 'silenced',
  dueAtMs: nowMs,
  thread: threadOf(alert),
  silence: silence.id,
  why: [why, { reason: 'silenced', detail: `silence ${silence.id} by ${silence.author}: ${silence.reason}` }],
});

/**
 * Until when this alert is suppressed; undefined for the first of its key, which starts the time. What a clock that was
 * set back left in the memory is further away than the rule asks for and does not count.
 */
const suppression = (alert: Alert, memory: PlannerMemory, nowMs: number): number | undefined => {
  const { suppress } = alert;
  if (suppress === undefined || alert.status !== 'firing') return undefined;
  const key = `suppressed:${suppress.key}`;
  const untilMs = memory.get(key);
  if (typeof untilMs === 'number' && nowMs < untilMs && untilMs - nowMs <= suppress.forMs) return untilMs;
  memory.set(key, nowMs + suppress.forMs, nowMs + suppress.forMs);
  return undefined;
};

/** When a delivery is due and with what it travels. */
const timed = (
  alert: Alert,
  { sink, route, why: chosen }: Target,
  suppressedUntilMs: number | undefined,
  memory: PlannerMemory,
  nowMs: number,
): PlannedDelivery => {
  const why: Why[] = [chosen];
  let dueAtMs = nowMs;
  let bundle: string | undefined;
  let thread = threadOf(alert);
  if (suppressedUntilMs !== undefined) {
    dueAtMs = suppressedUntilMs;
    bundle = `suppressed:${alert.suppress?.key}`;
    why.push({ reason: 'suppressed', detail: `until ${timeText(dueAtMs)}` });
  } else if (route?.route.group) {
    const { by, waitMs, intervalMs } = route.route.group;
    const textsOf = alertTexts(alert);
    const values = by.map((key): [string, readonly string[]] => [key, [...textsOf(key)].sort()]);
    const id = stableId('group', route.id, JSON.stringify(values));
    const shown = by.map((key) => `${key}=${textsOf(key).at(-1) ?? ''}`).join(', ');
    dueAtMs = nextFlushMs(memory, `group:${id}`, waitMs, intervalMs, nowMs);
    bundle = `group:${id}`;
    thread = id;
    why.push({
      reason: 'grouped',
      detail: `${shown || 'all of the route'}, until ${timeText(dueAtMs)}`,
    });
  }
  if (route && !route.isOpen(dueAtMs)) {
    const opensMs = route.opensMs(dueAtMs);
    dueAtMs = opensMs;
    bundle = bundle?.startsWith('suppressed:') ? bundle : `held:${route.id}:${opensMs}`;
    const { window, inside } = route.route.hours ?? { window: '', inside: true };
    why.push({
      reason: 'held',
      detail: `${inside ? 'outside' : 'inside'} ${window}, until ${timeText(opensMs)}`,
    });
  }
  return { sink, state: 'pending', dueAtMs, ...(bundle === undefined ? {} : { bundle }), thread, why };
};

/**
 * When the group of an alert is sent next: `wait` after its first alert, then `interval` after each sending. The memory
 * holds the time of the sending that was agreed last.
 */
const nextFlushMs = (
  memory: PlannerMemory,
  key: string,
  waitMs: number,
  intervalMs: number,
  nowMs: number,
): number => {
  const known = memory.get(key);
  const longestMs = Math.max(waitMs, intervalMs);
  const last = typeof known === 'number' && known - nowMs <= longestMs ? known : undefined;
  if (last !== undefined && nowMs <= last) return last;
  const flushMs = last !== undefined && nowMs < last + intervalMs ? last + intervalMs : nowMs + waitMs;
  memory.set(key, flushMs, flushMs + intervalMs);
  return flushMs;
};
