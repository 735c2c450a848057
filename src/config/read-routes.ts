import { didYouMean, similar } from '../base/similar.ts';
import { ALERT_KINDS, LEVELS } from '../core/alert.ts';
import { EVENT_FIELDS } from '../core/event.ts';
import type { FeedRoute } from '../core/feed.ts';
import { FLEET } from '../core/fleet.ts';
import { matchValueProblem, plainValue } from '../core/matcher.ts';
import { ROUTE_KEYS, type Route } from '../core/route.ts';
import { EVENT_KIND, feedsOf, isFeedRoute } from './read-feeds.ts';
import { SECTIONS } from './schema.ts';
import type { Section } from './section.ts';
import { type Path, pathLabel } from './tree.ts';

/** Fields of events that a route can look at by their own names; `event_type` is a key of routes as it is. */
const FIELDS: readonly string[] = EVENT_FIELDS.filter((name) => name !== 'event_type' && name !== 'context');

/** Names that routes may refer to; undefined where they could not be read, so that nothing can be said about them. */
export interface RouteNames {
  readonly sinks: readonly string[] | undefined;
  readonly accounts: readonly string[] | undefined;
  readonly timeWindows: readonly string[] | undefined;
}

/**
 * Reads `routes` and holds them against what they name: sinks, accounts, levels and kinds. A route that can never take
 * an alert is how alerts are lost quietly, so a slip in one is a problem and not a warning.
 */
export const readRoutes = (
  section: Section,
  names: RouteNames,
): { readonly routes: readonly Route[]; readonly feeds: readonly FeedRoute[] } | undefined => {
  const routes = section.check(SECTIONS.routes, ['routes']);
  const raw = section.value(['routes']);
  if (raw === undefined)
    return names.sinks && { routes: [{ match: undefined, to: names.sinks, continue: false }], feeds: [] };
  // The raw values: one problem in one route must not hide those of the others.
  if (Array.isArray(raw)) checkRoutes(section, names, raw);
  if (routes === undefined) return undefined;
  const forAlerts = routes
    .filter((route) => !isFeedRoute(route))
    .map((route) => ({
      match:
        route.match &&
        Object.fromEntries(Object.entries(route.match).map(([key, value]) => [key, [value].flat()])),
      to: [...new Set(route.to)],
      continue: route.continue,
      ...(route.group && {
        group: { by: route.group.by, waitMs: route.group.wait, intervalMs: route.group.interval },
      }),
      ...hoursOf(route),
    }));
  return { routes: forAlerts, feeds: feedsOf(routes) };
};

const hoursOf = (route: {
  readonly during?: string | undefined;
  readonly not_during?: string | undefined;
  readonly otherwise: 'hold' | 'next';
}): Pick<Route, 'hours'> => {
  const window = route.during ?? route.not_during;
  if (window === undefined) return {};
  return { hours: { window, inside: route.during !== undefined, otherwise: route.otherwise } };
};

/** Hours of a route name a time window, and only one. */
const checkHours = (section: Section, path: Path, windows: readonly string[] | undefined): void => {
  const given = (['during', 'not_during'] as const).filter(
    (key) => section.value([...path, key]) !== undefined,
  );
  if (given.length === 2)
    section.problem(
      [...path, 'not_during'],
      `${pathLabel(path)}: found both during and not_during, allowed: one of them`,
    );
  if (given.length === 0 && section.value([...path, 'otherwise']) !== undefined)
    section.problem(
      [...path, 'otherwise'],
      `${pathLabel([...path, 'otherwise'])}: has no meaning without during or not_during`,
    );
  for (const key of given) {
    if (windows !== undefined)
      checkChoice(
        section,
        [...path, key],
        section.value([...path, key]),
        windows,
        'which is no time window, ',
      );
  }
};

const checkRoutes = (section: Section, names: RouteNames, raw: readonly unknown[]): void => {
  for (const [index, route] of raw.entries()) {
    if (typeof route !== 'object' || route === null) continue;
    const path: Path = ['routes', index];
    checkSinks(section, path, names.sinks);
    const feed = isFeedRoute(route);
    // An event is of an account; only an alert can be of all of them.
    checkMatch(section, [...path, 'match'], feed ? names.accounts : names.accounts?.concat(FLEET));
    // What decides about alerts alone is a problem of its own in a feed.
    if (feed) continue;
    checkHours(section, path, names.timeWindows);
    checkGroup(section, path);
    const rest = raw.slice(index + 1).filter((other) => !isFeedRoute(other)).length;
    const passesOn = section.value([...path, 'otherwise']) === 'next';
    if (passesOn && rest === 0)
      section.problem(
        [...path, 'otherwise'],
        `${pathLabel([...path, 'otherwise'])}: the last route passes alerts on to no other, so they could go nowhere; allowed: hold`,
      );
    if (
      Object.hasOwn(route, 'match') ||
      passesOn ||
      section.value([...path, 'continue']) === true ||
      rest === 0
    )
      continue;
    section.problem(
      path,
      `${pathLabel(path)}: takes every alert, so the ${rest} after it can get none; allowed: "match", "continue: true", or this route as the last`,
    );
  }
  const index = raw.findLastIndex((route) => !isFeedRoute(route));
  if (index < 0 && raw.length > 0)
    section.problem(
      ['routes'],
      `routes: every route feeds events, so an alert could go nowhere; allowed: a last route without "match", such as { to: [${names.sinks?.[0] ?? 'console'}] }`,
    );
  const last: unknown = raw[index];
  if (typeof last === 'object' && last !== null && Object.hasOwn(last, 'match'))
    section.problem(
      ['routes', index],
      `routes[${index}]: the last route has "match", so an alert could go nowhere; allowed: a last route without it, such as { to: [${names.sinks?.[0] ?? 'console'}] }`,
    );
};

const checkSinks = (section: Section, path: Path, known: readonly string[] | undefined): void => {
  const to = section.value([...path, 'to']);
  if (known === undefined || !Array.isArray(to)) return;
  for (const [index, name] of to.entries())
    checkChoice(section, [...path, 'to', index], name, known, 'which is no sink, ');
};

const checkMatch = (section: Section, path: Path, accounts: readonly string[] | undefined): void => {
  const match = section.value(path);
  if (typeof match !== 'object' || match === null || Array.isArray(match)) return;
  const choices = new Map<string, readonly string[] | undefined>([
    ['level', LEVELS],
    ['kind', [...ALERT_KINDS, EVENT_KIND]],
    ['account', accounts],
    ['status', ['firing', 'resolved']],
  ]);
  for (const [key, value] of Object.entries(match)) {
    checkKey(section, [...path, key], key);
    const allowed = choices.get(key);
    const one = Array.isArray(value) ? undefined : [...path, key];
    for (const [item, text] of [value].flat().entries())
      checkValue(section, one ?? [...path, key, item], text, allowed);
  }
};

/** One value of a match: an expression must be one, a plain text must be one of the choices where there are such. */
const checkValue = (
  section: Section,
  path: Path,
  value: unknown,
  allowed: readonly string[] | undefined,
): void => {
  if (typeof value !== 'string' || section.tree.place(path)?.bad) return;
  const problem = matchValueProblem(value);
  if (problem !== undefined) {
    section.problem(
      path,
      `${pathLabel(path)}: found ${section.shown(path)}, ${problem}; allowed: a text, or "~" and a regular expression, either with "!" before it`,
    );
    return;
  }
  const plain = plainValue(value);
  if (plain !== undefined && allowed !== undefined) checkChoice(section, path, value, allowed, '', plain);
};

const checkGroup = (section: Section, path: Path): void => {
  const by = section.value([...path, 'group', 'by']);
  if (!Array.isArray(by)) return;
  for (const [index, key] of by.entries())
    if (typeof key === 'string') checkKey(section, [...path, 'group', 'by', index], key);
};

const checkChoice = (
  section: Section,
  path: Path,
  value: unknown,
  allowed: readonly string[],
  what = '',
  text: unknown = value,
): void => {
  if (typeof value !== 'string' || typeof text !== 'string' || section.tree.place(path)?.bad) return;
  // Sinks are named exactly; levels, kinds and accounts are compared as routes compare them.
  const same = (choice: string): boolean =>
    what === '' ? choice.toLowerCase() === text.toLowerCase() : choice === text;
  if (allowed.some(same)) return;
  section.problem(
    path,
    `${pathLabel(path)}: found ${section.shown(path)}, ${what}allowed: ${allowed.join(', ') || 'nothing, since there is none'}${section.hint(path, allowed)}`,
  );
};

const checkKey = (section: Section, path: Path, key: string): void => {
  if (key.includes('.') || (ROUTE_KEYS as readonly string[]).includes(key) || FIELDS.includes(key)) return;
  const meant = similar(key, ROUTE_KEYS);
  const label = pathLabel(path.slice(0, -1));
  const shown = JSON.stringify(key.slice(0, 80));
  if (meant !== undefined)
    section.keyProblem(path, `${label}: unknown key ${shown}; did you mean "${meant}"?`);
  else
    section.keyWarn(
      path,
      `${label}: ${shown} is no field that events are known to have${didYouMean(key, FIELDS)}`,
    );
};
