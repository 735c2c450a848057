import { alertFromMatch } from '../alerts/alert-from-match.ts';
import { ownCredentialAlert } from '../alerts/event-alerts.ts';
import { fleetAlert } from '../alerts/fleet-alert.ts';
import { compileRoutes, routeAlert } from '../alerts/routing.ts';
import type { Settings } from '../config/settings.ts';
import type { Alert } from '../core/alert.ts';
import type { PlannedDelivery } from '../core/decided.ts';
import type { AuditEvent } from '../core/event.ts';
import { matchText } from '../core/matcher.ts';
import type { PlannerMemory } from '../core/planner.ts';
import type { Silence } from '../core/silence.ts';
import type { CompiledRules } from './load.ts';
import { plannerFor, windowsOf } from './planner.ts';
import { createRuleState } from './rule-state.ts';

/** What one route says about an alert. */
export interface RouteSaid {
  /** From 1, as people count. */
  readonly number: number;
  readonly match: string;
  readonly to: readonly string[];
  readonly answer: string;
}

/** Where an alert goes, and why. */
export interface RouteTest {
  readonly alert: Alert;
  /** Empty when the rule names its sinks, or is in shadow. */
  readonly routes: readonly RouteSaid[];
  readonly deliveries: readonly PlannedDelivery[];
}

/** No memory of earlier alerts: what is shown is what becomes of the first one. */
const firstOne = (silences: readonly Silence[]): PlannerMemory => ({
  get: () => undefined,
  set() {},
  silences: () => silences,
});

/**
 * What becomes of an alert at a moment, by the code that plans for real: the same routes, silences, groups and hours. It
 * is taken for the first of its group and its suppression.
 */
export const testRoutes = (
  settings: Settings,
  silences: readonly Silence[],
  alert: Alert,
  nowMs: number,
): RouteTest => {
  const live = settings.sinks.filter(({ off }) => !off).map(({ name }) => name);
  const compiled = compileRoutes(settings.routes, windowsOf(settings));
  const shadow = alert.to?.length === 0;
  const { routes } = shadow ? { routes: [] } : routeAlert(alert, compiled, new Set(live), nowMs);
  return {
    alert,
    routes: routes.map(({ index, answer, to }) => ({
      number: index + 1,
      match: matchText(settings.routes[index]?.match),
      to,
      answer,
    })),
    deliveries: plannerFor(settings).plan({ alert }, firstOne(silences), nowMs).deliveries,
  };
};

/** The alerts that an event gives rise to by itself, with rules that remember nothing. */
export const alertsOf = (rules: CompiledRules, event: AuditEvent, nowMs: number): readonly Alert[] => {
  const judge = (engine: CompiledRules['engine'] | undefined) =>
    engine?.evaluate(event, createRuleState(new Map())).matches ?? [];
  return [
    ...judge(rules.engine).map((match) => alertFromMatch(match, nowMs, event.account)),
    ...judge(rules.fleet).map((match) => fleetAlert(match, nowMs)),
    ownCredentialAlert(event, nowMs),
  ].filter((alert) => alert !== undefined);
};
