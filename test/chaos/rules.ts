import type { WireEvent } from '../../src/simulator/wire.ts';

/** A rule of the day, as a file and as a plain sentence of code that must come to the same. */
export interface DayRule {
  readonly title: string;
  readonly level: string;
  readonly yaml: string;
  /** Whether an event alerts; undefined where that depends on others: such a rule is only looked at for sense. */
  readonly alerts?: (event: WireEvent) => boolean;
  readonly unsilenceable?: boolean;
  /** Sinks the rule itself names. */
  readonly to?: readonly string[];
}

const AT_HOME = ['DE', 'GB', 'ES', 'US', 'IE'];

const ofTypes = (
  title: string,
  level: string,
  types: readonly string[],
  rest: { readonly monitor?: object; readonly unsilenceable?: boolean } = {},
): DayRule => ({
  title,
  level,
  ...(rest.unsilenceable === undefined ? {} : { unsilenceable: rest.unsilenceable }),
  yaml: JSON.stringify({
    title,
    logsource: { product: 'vonage', service: 'audit' },
    detection: { selection: { event_type: types }, condition: 'selection' },
    level,
    ...(rest.monitor === undefined ? {} : { monitor: rest.monitor }),
  }),
  alerts: ({ event_type }) => types.includes(event_type),
});

/** Rules of every level and with every wish a rule can have about how its alerts travel. */
export const DAY_RULES: readonly DayRule[] = [
  ofTypes('Application touched', 'high', ['APP_CREATE', 'APP_DELETE', 'APP_UPDATE', 'APP_DISABLE']),
  ofTypes('Number touched', 'medium', ['NUMBER_UPDATED', 'NUMBER_RELEASE', 'NUMBER_USER_CANCELED']),
  ofTypes('Access touched', 'critical', ['ACCOUNT_SECRET_CREATE', 'IP_WHITELIST_DELETE'], {
    monitor: { unsilenceable: true },
    unsilenceable: true,
  }),
  ofTypes('Money touched', 'low', ['AUTORELOAD_ENABLE', 'AUTORELOAD_UPDATE', 'USER_BILLING_UPDATE'], {
    monitor: { suppress: { by: ['user_email'], for: '30m' } },
  }),
  ofTypes('Something looked up', 'informational', ['USER_PRODUCT_SEARCH']),
  {
    title: 'Login from elsewhere',
    level: 'high',
    to: ['pager'],
    yaml: JSON.stringify({
      title: 'Login from elsewhere',
      logsource: { product: 'vonage', service: 'audit' },
      detection: {
        selection: { event_type: 'USER_LOGIN' },
        filter_main_home: { source_country: AT_HOME },
        condition: 'selection and not 1 of filter_main_*',
      },
      level: 'high',
      monitor: { to: ['pager'] },
    }),
    alerts: ({ event_type, source_country = '' }) =>
      event_type === 'USER_LOGIN' && !AT_HOME.includes(source_country),
  },
  {
    title: 'First country of a user',
    level: 'medium',
    yaml: JSON.stringify({
      title: 'First country of a user',
      logsource: { product: 'vonage', service: 'audit' },
      detection: { selection: { event_type: 'USER_LOGIN' }, condition: 'selection' },
      level: 'medium',
      monitor: { first_seen: { field: 'source_country', by: ['user_email'] } },
    }),
  },
  {
    title: 'Many numbers given up',
    level: 'critical',
    yaml: [
      'title: A number given up',
      'name: given_up',
      'logsource: {product: vonage, service: audit}',
      'detection: {selection: {event_type: [NUMBER_RELEASE, NUMBER_USER_CANCELED]}, condition: selection}',
      'level: low',
      'monitor: {shadow: true}',
      '---',
      'title: Many numbers given up',
      'correlation: {type: event_count, rules: [given_up], group-by: [user_email], timespan: 10m, condition: {gte: 5}}',
      'level: critical',
    ].join('\n'),
  },
];
