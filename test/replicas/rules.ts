/* What the rules of an ordeal say, each as a file. What they are to decide is in episodes.ts, in plain words of code. */

interface Correlation {
  readonly type: string;
  readonly rules: readonly string[];
  readonly 'group-by': readonly string[];
  readonly timespan: string;
  readonly condition?: object;
}

/** Titles of the rules whose decisions depend on more than one event, or on what people ordered. */
export const TITLES = {
  count: 'Three changes of billing',
  order: 'A user, then a number',
  first: 'First country of a user',
  absence: 'Gone',
  fleet: 'Four accounts',
  hushed: 'A number given up',
} as const;

/** The types of events that only they look at. */
export const TYPES = {
  count: 'USER_BILLING_UPDATE',
  orderFirst: 'USER_CREATE',
  orderSecond: 'NUMBER_UPDATED',
  first: 'USER_STATUS',
  absence: 'AUTORELOAD_UPDATE',
  fleet: 'NUMBER_ASSIGN',
  hushed: 'NUMBER_RELEASE',
} as const;

/** How long nothing has to come before {@link TITLES.absence} says so. ms */
export const ABSENCE_MS = 6_000;

const single = (title: string, type: string, rest: object = {}): object => ({
  title,
  logsource: { product: 'vonage', service: 'audit' },
  detection: { selection: { event_type: type }, condition: 'selection' },
  level: 'medium',
  ...rest,
});

const part = (name: string, type: string): object => single(`Part: ${name}`, type, { name });

const together = (title: string, correlation: Correlation, monitor: object = {}): object => ({
  title,
  correlation,
  level: 'high',
  monitor: { message: '{user_email}', ...monitor },
});

const BY_USER = ['user_email'];

/** All of them in one file of several documents; JSON is YAML. */
export const EPISODE_RULES: string = [
  part('count', TYPES.count),
  together(TITLES.count, {
    type: 'event_count',
    rules: ['count'],
    'group-by': BY_USER,
    timespan: '1h',
    condition: { gte: 3 },
  }),
  part('order_first', TYPES.orderFirst),
  part('order_second', TYPES.orderSecond),
  together(TITLES.order, {
    type: 'temporal_ordered',
    rules: ['order_first', 'order_second'],
    'group-by': BY_USER,
    timespan: '1h',
  }),
  single(TITLES.first, TYPES.first, { monitor: { first_seen: { field: 'source_country', by: BY_USER } } }),
  part('absence', TYPES.absence),
  together(TITLES.absence, {
    type: 'event_count',
    rules: ['absence'],
    'group-by': BY_USER,
    timespan: `${ABSENCE_MS / 1_000}s`,
    condition: { eq: 0 },
  }),
  part('fleet', TYPES.fleet),
  together(
    TITLES.fleet,
    {
      type: 'value_count',
      rules: ['fleet'],
      'group-by': BY_USER,
      timespan: '1h',
      condition: { field: 'account', gte: 4 },
    },
    { scope: 'fleet' },
  ),
  single(TITLES.hushed, TYPES.hushed),
]
  .map((rule) => JSON.stringify(rule))
  .join('\n---\n');
