import type { Matchers } from './matcher.ts';

/**
 * What a route or a silence can ask about an alert: `level`, `kind`, `status`, `account`, `rule` (id or title), `tag`,
 * `event_type`, or any dotted field of its events such as `context.country`.
 */
export const ROUTE_KEYS = ['level', 'kind', 'status', 'account', 'rule', 'tag', 'event_type'] as const;

/** Alerts of a key that come within `waitMs` travel together; later ones of the same key every `intervalMs`. */
export interface RouteGroup {
  /** Keys as in a match; their values together are the key of the group. Empty: all alerts of the route. */
  readonly by: readonly string[];
  readonly waitMs: number;
  readonly intervalMs: number;
}

/** When a route is open, by a named time window of the configuration. */
export interface RouteHours {
  readonly window: string;
  /** Open inside the window (`during`) or outside of it (`not_during`). */
  readonly inside: boolean;
  /** What becomes of an alert while the route is closed: it waits until it opens, or the routes below are asked. */
  readonly otherwise: 'hold' | 'next';
}

/** One entry of the ordered list that decides which sinks get an alert. A route without `match` takes every alert. */
export interface Route {
  readonly match: Matchers | undefined;
  /** Names of sinks. */
  readonly to: readonly string[];
  /** Whether the routes below are asked as well; otherwise the first that takes an alert is the last. */
  readonly continue: boolean;
  readonly group?: RouteGroup | undefined;
  readonly hours?: RouteHours | undefined;
}
