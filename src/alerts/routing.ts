import { stableId } from '../base/hash.ts';
import type { Alert } from '../core/alert.ts';
import type { Why } from '../core/decided.ts';
import { compileMatch, matchText, type TextsOf } from '../core/matcher.ts';
import type { Route } from '../core/route.ts';
import { createNextOpening, type TimeWindow } from '../core/time-window.ts';
import { alertTexts } from './alert-texts.ts';

/** A route made ready to be asked. */
export interface CompiledRoute {
  readonly route: Route;
  /** Identity of its content: what it remembers survives a change of the routes around it. */
  readonly id: string;
  takes(textsOf: TextsOf): boolean;
  /** Whether it lets alerts through at this moment. */
  isOpen(atMs: number): boolean;
  /** When it does next; the moment itself when it is open. */
  opensMs(atMs: number): number;
}

/** A sink that an alert goes to, and how it was found. */
export interface Target {
  readonly sink: string;
  /** Undefined when not a route but the rule or the monitor itself named the sink. */
  readonly route: CompiledRoute | undefined;
  readonly why: Why;
}

/** What became of one route when it was asked. */
export interface RouteAnswer {
  /** Place in the list, from 0. */
  readonly index: number;
  readonly answer: 'took' | 'does not match' | 'no sink of it is on' | 'closed, passed on' | 'not asked';
  /** Its sinks that are in use. */
  readonly to: readonly string[];
}

/** Where an alert goes, with what every route said. */
export interface Routed {
  readonly targets: readonly Target[];
  /** Empty when the rule names its sinks. */
  readonly routes: readonly RouteAnswer[];
}

/** Compiles routes. Throws an Error for an unknown time window or a wrong expression: the configuration was checked. */
export const compileRoutes = (
  routes: readonly Route[],
  windows: Readonly<Record<string, TimeWindow>>,
): readonly CompiledRoute[] =>
  routes.map((route) => {
    const { hours } = route;
    const window = hours && windows[hours.window];
    if (hours && !window) throw new Error(`no time window is called "${hours.window}"`);
    const isOpen = (atMs: number): boolean => !hours || !window || window(atMs) === hours.inside;
    return {
      route,
      id: stableId('route', JSON.stringify([route.match, route.to, route.group, route.hours])),
      takes: compileMatch(route.match),
      isOpen,
      opensMs: createNextOpening(isOpen),
    };
  });

/** `route 2 (level=critical | high)`: counted from 1, as people do. */
const routeText = ({ match }: Route, index: number): string => `route ${index + 1} (${matchText(match)})`;

/**
 * Asks the routes, in order, for the sinks of an alert; the first that takes it is the last unless it says `continue`.
 * What is not `usable` (off, or not to carry this alert) counts as not written: a rule that names only such sinks leaves
 * the alert to the routes, and a route that has only such sinks is passed over, so that no alert gets lost for a missing
 * URL.
 */
export const routeAlert = (
  alert: Alert,
  routes: readonly CompiledRoute[],
  usable: ReadonlySet<string>,
  nowMs: number,
): Routed => {
  const named = [...new Set(alert.to)].filter((sink) => usable.has(sink));
  if (named.length > 0) {
    const why: Why = { reason: 'rule', detail: alert.rule.title };
    return { targets: named.map((sink) => ({ sink, route: undefined, why })), routes: [] };
  }
  const textsOf = alertTexts(alert);
  const targets = new Map<string, Target>();
  const answers: RouteAnswer[] = [];
  let done = false;
  for (const [index, compiled] of routes.entries()) {
    const { route } = compiled;
    const to = route.to.filter((sink) => usable.has(sink));
    const answer = (): RouteAnswer['answer'] => {
      if (done) return 'not asked';
      if (to.length === 0 && route.to.length > 0) return 'no sink of it is on';
      if (!compiled.takes(textsOf)) return 'does not match';
      return route.hours?.otherwise === 'next' && !compiled.isOpen(nowMs) ? 'closed, passed on' : 'took';
    };
    const said = answer();
    answers.push({ index, answer: said, to });
    if (said !== 'took') continue;
    for (const sink of to) {
      if (targets.has(sink)) continue;
      targets.set(sink, { sink, route: compiled, why: { reason: 'route', detail: routeText(route, index) } });
    }
    done = !route.continue;
  }
  return { targets: [...targets.values()], routes: answers };
};
