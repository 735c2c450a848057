import type { Alert, DecidedAlert } from '../core/alert.ts';
import type { Route } from '../core/route.ts';
import { fieldValues, scalarText } from './event-field.ts';

/** Where an alert goes and why. */
export interface Routed {
  /** Names of sinks, each once, in the order of the routes. */
  readonly sinks: readonly string[];
  /** Places in the list of the routes that took it; empty when the rule itself names its sinks. */
  readonly taken: readonly number[];
}

/** All texts an alert has under a key of `match`. */
const textsOf = (alert: Alert, key: string): readonly string[] => {
  switch (key) {
    case 'level':
      return [alert.rule.level];
    case 'kind':
      return [alert.kind];
    case 'account':
      return [alert.account];
    case 'rule':
      return [alert.rule.id, alert.rule.title];
    case 'tag':
      return alert.rule.tags;
    case 'event_type':
      return alert.eventTypes;
    default:
      return alert.events
        .flatMap((event) => fieldValues(event, key))
        .map(scalarText)
        .filter((text) => text !== undefined);
  }
};

/** Whether all keys of a route's `match` hold, each by any of its values; texts without regard to case. */
const takes = (route: Route, alert: Alert): boolean =>
  Object.entries(route.match ?? {}).every(([key, values]) => {
    const found = new Set(textsOf(alert, key).map((text) => text.toLowerCase()));
    return values.some((value) => found.has(value.toLowerCase()));
  });

/**
 * The sinks of an alert: those its rule names, else those of the first route that takes it, and of the ones below while
 * `continue` is set. No sinks: the alert is recorded and sent nowhere.
 */
export const routeAlert = (alert: Alert, routes: readonly Route[]): Routed => {
  if (alert.to) return { sinks: [...new Set(alert.to)], taken: [] };
  const taken: number[] = [];
  const sinks = new Set<string>();
  for (const [index, route] of routes.entries()) {
    if (!takes(route, alert)) continue;
    taken.push(index);
    for (const sink of route.to) sinks.add(sink);
    if (!route.continue) break;
  }
  return { sinks: [...sinks], taken };
};

/** How {@link decidedAlert} can be told to leave sinks out. */
export interface DecideOptions {
  /** Sinks that must not carry this alert, such as the one that it says is in trouble. */
  readonly except?: readonly string[];
}

/** The routes as far as `usable` sinks go. One whose sinks are all out of use must not keep an alert from the next. */
const usableRoutes = (routes: readonly Route[], usable: ReadonlySet<string>): readonly Route[] =>
  routes
    .filter((route) => route.to.length === 0 || route.to.some((sink) => usable.has(sink)))
    .map((route) => ({ ...route, to: route.to.filter((sink) => usable.has(sink)) }));

/**
 * An alert with its deliveries: the sinks its rule names or its routes give, as far as they are on (`liveSinks`) and not
 * excepted. What is off or excepted counts as not written: an alert whose rule names only such sinks goes where the
 * routes say, and a route that has only such sinks is passed over, so that no alert gets lost for a missing URL. An
 * alert with exceptions that would reach nobody goes to all other live sinks: trouble of a sink must be said somewhere.
 */
export const decidedAlert = (
  alert: Alert,
  routes: readonly Route[],
  liveSinks: Iterable<string>,
  options: DecideOptions = {},
): DecidedAlert => {
  const except = new Set(options.except);
  const usable = new Set([...liveSinks].filter((sink) => !except.has(sink)));
  const named = alert.to && [...new Set(alert.to)];
  // An empty list is a decision (a rule in shadow), a list of sinks that are all off is an accident.
  if (named?.length === 0) return { alert, sinks: [] };
  const own = (named ?? []).filter((sink) => usable.has(sink));
  if (own.length > 0) return { alert, sinks: own };
  const { to: _, ...routable } = alert;
  const { sinks } = routeAlert(routable, usableRoutes(routes, usable));
  if (sinks.length === 0 && except.size > 0) return { alert, sinks: [...usable] };
  return { alert, sinks };
};
