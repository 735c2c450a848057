import type { FeedRoute } from '../core/feed.ts';
import type { Section } from './section.ts';
import type { SinkSettings } from './settings.ts';
import { type Path, pathLabel, valueAt } from './tree.ts';

/** The value of `kind` that makes a route a feed. */
export const EVENT_KIND = 'event';

/** What only alerts have. */
const ALERT_KEYS = ['level', 'rule', 'tag', 'status'];
/** Options that decide about alerts. */
const ALERT_OPTIONS = ['continue', 'group', 'during', 'not_during', 'otherwise'];

/** Whether a route, as it stands in the file, is about events: `kind: event`, alone or (a problem) among others. */
export const isFeedRoute = (route: unknown): boolean =>
  [valueAt(route, ['match', 'kind'])].flat().some((kind) => String(kind).toLowerCase() === EVENT_KIND);

/** A checked route, as far as a feed is made of it. */
interface CheckedRoute {
  readonly match?: Readonly<Record<string, string | readonly string[]>> | undefined;
  readonly to: readonly string[];
  readonly from?: FeedRoute['from'] | undefined;
}

/** The feeds among checked routes. */
export const feedsOf = (routes: readonly CheckedRoute[]): readonly FeedRoute[] =>
  routes.filter(isFeedRoute).map(({ match, to, from }) => {
    const rest = Object.entries(match ?? {}).filter(([key]) => key !== 'kind');
    return {
      match:
        rest.length === 0 ? undefined : Object.fromEntries(rest.map(([key, value]) => [key, [value].flat()])),
      to: [...new Set(to)],
      from: from ?? 'now',
    };
  });

/**
 * Reports what a feed cannot have: keys and options that are about alerts, and sinks that take no events. Also `from` in
 * a route that is no feed. `types` are kinds of sink that take events, to be named.
 */
export const checkFeeds = (
  section: Section,
  sinks: readonly SinkSettings[],
  types: readonly string[],
): void => {
  const raw = section.value(['routes']);
  if (!Array.isArray(raw)) return;
  for (const [index, route] of raw.entries()) {
    const path: Path = ['routes', index];
    if (isFeedRoute(route)) checkFeed(section, path, route, sinks, types);
    else if (valueAt(route, ['from']) !== undefined)
      section.keyProblem(
        [...path, 'from'],
        `${pathLabel(path)}: "from" says where a feed begins, and this route takes alerts; allowed: "from" in a route whose match has kind: ${EVENT_KIND}`,
      );
  }
};

const checkFeed = (
  section: Section,
  path: Path,
  route: unknown,
  sinks: readonly SinkSettings[],
  types: readonly string[],
): void => {
  if ([valueAt(route, ['match', 'kind'])].flat().length > 1)
    section.problem(
      [...path, 'match', 'kind'],
      `${pathLabel([...path, 'match', 'kind'])}: ${EVENT_KIND} beside kinds of alert; allowed: kind: ${EVENT_KIND} alone, and a route of its own for alerts`,
    );
  const match = valueAt(route, ['match']) as object;
  for (const key of ALERT_KEYS.filter((key) => Object.hasOwn(match, key)))
    section.keyProblem(
      [...path, 'match', key],
      `${pathLabel([...path, 'match'])}: an event has no "${key}"; allowed beside kind: ${EVENT_KIND}: account, event_type and any field of an event`,
    );
  for (const option of ALERT_OPTIONS.filter((option) => Object.hasOwn(route as object, option)))
    section.keyProblem(
      [...path, option],
      `${pathLabel(path)}: "${option}" is about alerts, and a route of kind: ${EVENT_KIND} takes none; allowed: match, to, from`,
    );
  const takers = sinks
    .filter((sink) => sink.sinkType.takesEvents && takesEvents(sink))
    .map(({ name }) => name);
  const to = valueAt(route, ['to']);
  for (const [item, name] of Array.isArray(to) ? to.entries() : []) {
    const sink = sinks.find((candidate) => candidate.name === name);
    if (sink === undefined || takesEvents(sink)) continue;
    const at = [...path, 'to', item];
    section.problem(
      at,
      `${pathLabel(at)}: "${sink.name}" is of type ${sink.type} and takes no events as it is configured; allowed: ${
        takers.length > 0 ? takers.join(', ') : `a sink of type ${types.join(', ')}`
      }`,
    );
  }
};

const takesEvents = (sink: SinkSettings): boolean =>
  // A sink that is off takes nothing; its options are not complete, so nothing is held against it.
  sink.off || (sink.sinkType.takesEvents?.(sink.options) ?? false);
