import { didYouMean, similar } from '../base/similar.ts';
import { ALERT_KINDS, LEVELS } from '../core/alert.ts';
import type { FeedRoute } from '../core/feed.ts';
import { ROUTE_KEYS, type Route } from '../core/route.ts';
import { EVENT_KIND, feedsOf, isFeedRoute } from './read-feeds.ts';
import { SECTIONS } from './schema.ts';
import type { Section } from './section.ts';
import { type Path, pathLabel } from './tree.ts';

/** Fields of every event, as the Audit API documents them. Others may appear, inside `context` above all. */
const EVENT_FIELDS = [
  'id',
  'event_type_description',
  'created_at',
  'account_id',
  'user_email',
  'user_id',
  'source',
  'source_description',
  'source_ip',
  'source_country',
];

/** Names that routes may refer to; undefined where they could not be read, so that nothing can be said about them. */
export interface RouteNames {
  readonly sinks: readonly string[] | undefined;
  readonly accounts: readonly string[] | undefined;
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
    }));
  return { routes: forAlerts, feeds: feedsOf(routes) };
};

const checkRoutes = (section: Section, names: RouteNames, raw: readonly unknown[]): void => {
  for (const [index, route] of raw.entries()) {
    if (typeof route !== 'object' || route === null) continue;
    const path: Path = ['routes', index];
    checkSinks(section, path, names.sinks);
    checkMatch(section, [...path, 'match'], names.accounts);
    // A feed takes no alert, so it keeps none from the others.
    const rest = raw.slice(index + 1).filter((other) => !isFeedRoute(other)).length;
    if (Object.hasOwn(route, 'match') || section.value([...path, 'continue']) === true || rest === 0)
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
  ]);
  for (const [key, value] of Object.entries(match)) {
    checkKey(section, [...path, key], key);
    const allowed = choices.get(key);
    if (allowed === undefined) continue;
    if (!Array.isArray(value)) checkChoice(section, [...path, key], value, allowed);
    else
      for (const [item, text] of value.entries()) checkChoice(section, [...path, key, item], text, allowed);
  }
};

const checkChoice = (
  section: Section,
  path: Path,
  value: unknown,
  allowed: readonly string[],
  what = '',
): void => {
  if (typeof value !== 'string' || section.tree.place(path)?.bad) return;
  // Sinks are named exactly; levels, kinds and accounts are compared as routes compare them.
  const same = (choice: string): boolean =>
    what === '' ? choice.toLowerCase() === value.toLowerCase() : choice === value;
  if (allowed.some(same)) return;
  section.problem(
    path,
    `${pathLabel(path)}: found ${section.shown(path)}, ${what}allowed: ${allowed.join(', ')}${section.hint(path, allowed)}`,
  );
};

const checkKey = (section: Section, path: Path, key: string): void => {
  if (key.includes('.') || (ROUTE_KEYS as readonly string[]).includes(key) || EVENT_FIELDS.includes(key))
    return;
  const meant = similar(key, ROUTE_KEYS);
  const label = pathLabel(path.slice(0, -1));
  const shown = JSON.stringify(key.slice(0, 80));
  if (meant !== undefined)
    section.keyProblem(path, `${label}: unknown key ${shown}; did you mean "${meant}"?`);
  else
    section.keyWarn(
      path,
      `${label}: ${shown} is no field that events are known to have${didYouMean(key, EVENT_FIELDS)}`,
    );
};
