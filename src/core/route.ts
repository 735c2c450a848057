/**
 * What a route can ask about an alert: `level`, `kind`, `account`, `rule` (id or title), `tag`, `event_type`, or any
 * dotted field of its events such as `context.country`.
 */
export const ROUTE_KEYS = ['level', 'kind', 'account', 'rule', 'tag', 'event_type'] as const;

/**
 * One entry of the ordered list that decides which sinks get an alert. All keys of `match` must hold, each by any of
 * its listed values; texts are compared without regard to case. A route without `match` takes every alert.
 */
export interface Route {
  readonly match: Readonly<Record<string, readonly string[]>> | undefined;
  /** Names of sinks. */
  readonly to: readonly string[];
  /** Whether the routes below are asked as well; otherwise the first that takes an alert is the last. */
  readonly continue: boolean;
}
