import { z } from 'zod';
import { FEED_STARTS } from '../core/feed.ts';
import { ROLES } from '../core/role.ts';
import type { SinkLimitDefaults } from './sink-limits.ts';
import {
  duration,
  durationOrAuto,
  isDays,
  isHours,
  isTimezone,
  name,
  parseBaseUrl,
  parseListen,
  parseStart,
  text,
  whole,
} from './values.ts';

/*
 * The shape of the configuration file, section by section. The editor's JSON Schema and the table in
 * docs/configuration.md are generated from it, so every option carries its description here.
 */

const START_ALLOWED =
  'allowed: now, a duration such as 24h, or a time with its zone such as 2026-01-01T00:00:00Z';
const LISTEN_ALLOWED =
  'allowed: host:port such as 127.0.0.1:8080 or "[::1]:8080" (port 0: any free one), or off';
const BASE_URL_ALLOWED = 'allowed: an http or https URL without user, "?" and "#"';
const EXTERNAL_URL_ALLOWED = 'allowed: an http or https URL without user, "?" and "#", or an empty text';
const HEARTBEAT_URL_ALLOWED = 'allowed: an http or https URL, or an empty text';
const TRACING_URL_ALLOWED = 'allowed: an http or https URL without user, "?" and "#", or an empty text';
const SAMPLE_ALLOWED = 'allowed: a number from 0 to 1';
const DRILL_AT_ALLOWED = 'allowed: a time of the day such as 09:00';
const SECRET_ALLOWED = 'allowed: a text that is not empty';
const TIMEZONE_ALLOWED = 'allowed: a name of the IANA time zone database, such as UTC or Europe/London';
const DAYS_ALLOWED = 'allowed: mon, tue, wed, thu, fri, sat, sun and ranges such as mon-fri';
const HOURS_ALLOWED = 'allowed: a range of hours such as 09:00-17:30, over midnight such as 22:00-06:00';

const account = z.strictObject({
  name: name().describe('Name of the account in logs, metrics, alerts and routes. Unique.'),
  api_key: z
    .string()
    .regex(/^[^\s:]+$/, { error: 'allowed: a text that is not empty, without white space and ":"' })
    .describe('The Vonage API key.'),
  api_secret: z
    .string()
    .min(1, { error: SECRET_ALLOWED })
    .optional()
    .describe('Its secret. Exactly one of `api_secret` and `api_secret_file` is needed.'),
  api_secret_file: text()
    .optional()
    .describe(
      'A file that holds the secret; read again whenever it changes, so a rotation needs no restart.',
    ),
});

const api = z.strictObject({
  base_url: z
    .string()
    .refine((value) => parseBaseUrl(value) !== undefined, { error: BASE_URL_ALLOWED })
    .transform((value) => parseBaseUrl(value) ?? value)
    .prefault('https://api.nexmo.com/beta/audit')
    .describe('Where the Audit API is.')
    .meta({ allowed: 'http(s) URL' }),
  page_size: whole(1, 100).default(100).describe('Events per page.'),
  timeout: duration('100ms', '5m', '10s').describe('How long one request may take.'),
  requests_per_second: whole(1, 1_000)
    .optional()
    .describe('A budget of requests that all accounts share, evenly spaced. Absent: not limited by us.'),
});

const poll = z.strictObject({
  interval: duration('50ms', '24h', '30s').describe('Time between two passes of one account.'),
  overlap: durationOrAuto('0s', '30d', '10m').describe(
    'How far behind the watermark every pass reads again, for events that become visible late. `auto`: as far as the lateness measured asks for, from 10m to 1d.',
  ),
  settle: duration('0s', '1h', '5s').describe(
    'How far behind the present a pass ends, for events that are still being written.',
  ),
  start: z
    .string({ error: START_ALLOWED })
    .refine((value) => parseStart(value) !== undefined, { error: START_ALLOWED })
    .transform((value) => parseStart(value) ?? ({ kind: 'now' } as const))
    .prefault('now')
    .describe('Where reading begins for an account that was never read before.')
    .meta({ allowed: '`now`, duration (ago), or time with zone' }),
  max_window_events: whole(100, 100_000)
    .default(5_000)
    .describe('Events that one window may hold; a fuller one is read in parts.'),
});

const SWEEPS_ALLOWED = 'allowed: off, or a list of maps with last and every';

const sweep = z.strictObject({
  last: duration('1m', '400d', '1h').describe('How much of the past is read again.'),
  every: duration('1m', '400d', '10m').describe('How often.'),
});

const reconcile = z.strictObject({
  requests_per_minute: whole(1, 6_000)
    .default(60)
    .describe(
      'What the second reader of all accounts together may ask, evenly spaced; it waits for passes that are under way.',
    ),
  windows: z
    .union([z.literal('off'), z.array(sweep)], { error: SWEEPS_ALLOWED })
    .transform((value) => (value === 'off' ? [] : value))
    .prefault([
      { last: '1h', every: '10m' },
      { last: '1d', every: '6h' },
      { last: '30d', every: '7d' },
    ])
    .describe(
      'What is read again and how often, as `{ last: 1h, every: 10m }`. `off`: only windows that are unverified.',
    )
    .meta({ allowed: '`off`, or list of maps' }),
  backfill_requests_per_minute: whole(1, 60_000)
    .default(300)
    .describe('The same for backfills, which people wait for.'),
});

const drift = z.strictObject({
  learn: duration('0s', '90d', '7d').describe(
    'For how long the forms of events are learnt without a word, from the first event of an account on and from the first event of each type.',
  ),
});

const store = z.strictObject({
  path: text()
    .refine((value) => !value.includes('\0') && !value.startsWith(':memory:') && !value.startsWith('file:'), {
      error: 'allowed: the path of a file',
    })
    .prefault('data/monitor.db')
    .describe('The database file (SQLite), relative to the working directory. Not with `url`.'),
  url: text()
    .optional()
    .describe(
      'A database on PostgreSQL 14 or later instead of the file ([scale.md](scale.md)): `postgres://user:password@host:port/database`. A secret.',
    )
    .meta({ allowed: 'postgres:// URL' }),
  url_file: text().optional().describe('A file that holds the `url`.'),
  tls: z
    .strictObject({
      ca: text()
        .optional()
        .describe('A file with the certificates that the server is known by. Absent: those of Node.'),
      cert: text().optional().describe('A file with a certificate of our own.'),
      key: text().optional().describe('A file with its key.'),
      servername: text()
        .optional()
        .describe('The name in the certificate of the server, when it is not the host of the `url`.'),
    })
    .optional()
    .describe(
      'Encrypts the connection to the database and checks who answers. Absent: as the `url` says (`sslmode`).',
    ),
  lease: duration('2s', '1m', '10s').describe(
    'How long what a replica holds stays its own without a word from it: so long after a crash another takes over. Only with a database.',
  ),
  pool_size: whole(2, 100)
    .optional()
    .describe(
      'Connections to the database at a time, for all work; one more listens, and one is for the beats of a replica. Absent: 10.',
    ),
  retention: duration('1h', '36500d', '400d').describe(
    'How long events, alerts and attempts are kept. Longer than `poll.overlap`.',
  ),
});

const listFile = z.strictObject({
  file: text().describe(
    'A file with one text a line; empty lines and comments (`#`) are left out. Relative to the configuration file.',
  ),
});

const lists = z
  .record(
    name(),
    z.union([z.array(z.string()), listFile], {
      error: 'allowed: a list of texts, or a map with the key "file"',
    }),
  )
  .prefault({})
  .describe(
    'Named lists of texts, for `|expand` in rules: `%name%` there is any text of the list. Instead of a list, `{ file: PATH }` takes them from a file, one a line.',
  );

const timezone = () =>
  z.string().refine(isTimezone, { error: TIMEZONE_ALLOWED }).meta({ allowed: 'IANA time zone' });

/** One text or a list of them; becomes a list. */
const several = (isRight: (value: string) => boolean, error: string) => {
  const one = z.string({ error }).refine(isRight, { error });
  return z
    .union([one, z.array(one).min(1, { error })], { error })
    .transform((value): readonly string[] => (typeof value === 'string' ? [value] : value))
    .optional();
};

const timeWindow = z.strictObject({
  days: several(isDays, DAYS_ALLOWED)
    .describe('Days of the week, such as `mon-fri` or `[mon-thu, sat]`. Absent: every day.')
    .meta({ allowed: 'day or range of days, or a list of these' }),
  hours: several(isHours, HOURS_ALLOWED)
    .describe(
      'Hours by the wall clock, such as `09:00-17:30` or `[08:00-12:00, 13:00-17:00]`; the end is not part of them. A range over midnight belongs to the day on which it begins. Absent: all day.',
    )
    .meta({ allowed: 'range of hours, or a list of these' }),
  timezone: timezone().optional().describe('Zone of days and hours. Absent: the `timezone` above.'),
});

const group = z.strictObject({
  by: z.array(text()).default([]).describe('Keys whose values make the group.'),
  wait: duration('0s', '1h', '30s').describe('How long the first alert of a group waits for others.'),
  interval: duration('1s', '7d', '5m').describe('Time between two messages about the same group.'),
});

const routeMatch = z
  .record(
    text(),
    z.union([z.string(), z.array(z.string()).min(1, { error: 'allowed: a list of at least one text' })], {
      error: 'allowed: a text or a list of texts',
    }),
  )
  .refine((match) => Object.keys(match).length > 0, {
    error: 'allowed: at least one key (without "match" the route takes every alert)',
  });

const route = z.strictObject({
  match: routeMatch
    .optional()
    .describe(
      'What an alert must have: `level`, `kind`, `status`, `account`, `rule` (id or title), `tag`, `event_type` or any dotted event field; one value or a list of which any may hold; `!value`: not this one; `~expression`: a regular expression; `!~expression`. All keys must hold. Absent: every alert. `kind: event` makes the route a feed: its sinks get the audit events themselves, and no alerts.',
    ),
  to: z.array(text()).min(1, { error: 'allowed: a list of at least one sink' }).describe('Names of sinks.'),
  continue: z.boolean().default(false).describe('Whether the routes below are asked as well.'),
  group: group
    .optional()
    .describe(
      'Alerts with the same values of the keys `by` (as in `match`; absent: all of the route) that come within `wait` travel together, later ones every `interval`: `{ by: [rule, account], wait: 30s, interval: 5m }`.',
    ),
  during: text()
    .optional()
    .describe('A time window in which the route is open; outside of it see `otherwise`.'),
  not_during: text().optional().describe('A time window in which the route is closed.'),
  otherwise: z
    .enum(['hold', 'next'])
    .default('hold')
    .describe(
      'What becomes of an alert while the route is closed: it waits until the route opens, or the routes below are asked.',
    ),
  from: z
    .enum(FEED_STARTS)
    .optional()
    .describe(
      'Only with `kind: event`: where a feed that is new begins, with events stored from then on (`now`, the default) or with the oldest that is kept (`start`).',
    ),
});

const apiToken = z.strictObject({
  name: name().describe('Who holds it: the name in the history of what people did. Unique.'),
  role: z.enum(ROLES).describe('`view` reads everything; `operate` also acknowledges, silences, retries.'),
  token: z
    .string()
    .optional()
    .describe(
      'The token: 20 to 500 printable characters without white space, such as `openssl rand -hex 24` makes. A secret. Exactly one of `token` and `token_file` is needed; empty: nobody comes in by this entry.',
    ),
  token_file: text().optional().describe('A file that holds the `token`; read again whenever it changes.'),
});

/** Every section but `sinks`, whose types are handed in. */
export const SECTIONS = {
  accounts: z
    .array(account)
    .min(1, { error: 'allowed: a list of at least one account' })
    .describe('The API accounts to watch.'),
  api: api.prefault({}).describe('The Audit API.'),
  poll: poll.prefault({}).describe('How the trail is read.'),
  reconcile: reconcile
    .prefault({})
    .describe('The slow second reader: what was unverified, and what may have become visible late.'),
  drift: drift.prefault({}).describe('Noticing event types and fields that the API never gave before.'),
  store: store.prefault({}).describe('What is remembered, and for how long.'),
  rules: z
    .array(text())
    .default(['rules'])
    .describe('Rule files, or folders that are searched for `*.yml` and `*.yaml`; relative to this file.'),
  presets: z
    .array(text())
    .default(['presets'])
    .describe(
      'Folders with presets of your own, or preset files; relative to this file. A sink of `type: NAME` is made of `NAME.yml`.',
    ),
  lists,
  timezone: timezone().default('UTC').describe('Zone in which rules read the time of day.'),
  time_windows: z
    .record(name(), timeWindow)
    .prefault({})
    .describe('Named times, such as office hours, for `inside` and `outside` in rules.'),
  routes: z
    .array(route)
    .min(1, { error: 'allowed: a list of at least one route' })
    .optional()
    .describe(
      'Which sinks get which alerts: the first route that takes an alert decides, unless it says `continue`. The last one takes every alert. Absent: every alert goes to every sink.',
    ),
  http: z
    .strictObject({
      listen: z
        .string({ error: LISTEN_ALLOWED })
        .refine((value) => value === 'off' || parseListen(value) !== undefined, { error: LISTEN_ALLOWED })
        .transform((value) => parseListen(value))
        .prefault('127.0.0.1:8080')
        .describe('Where health, metrics, the HTTP API and the dashboard are served.')
        .meta({ allowed: '`host:port` or `off`' }),
      external_url: z
        .string()
        .refine((value) => value === '' || parseBaseUrl(value) !== undefined, { error: EXTERNAL_URL_ALLOWED })
        .transform((value) => (value === '' ? undefined : parseBaseUrl(value)))
        .prefault('')
        .describe(
          'Where people reach this server from outside, such as `https://audit.example.com`. With it alerts carry links to silence and acknowledge. Empty: no links.',
        )
        .meta({ allowed: 'http(s) URL' }),
      tokens: z
        .array(apiToken)
        .default([])
        .describe(
          'Who may use the HTTP API and the dashboard. Absent, or all empty: on a loopback address everybody who reaches it, with role `operate`; beyond loopback nobody.',
        )
        .meta({ allowed: 'list of maps' }),
      metrics: z
        .enum(['open', 'token'])
        .default('open')
        .describe('Whether `/metrics` is served to everybody, or only with one of the `tokens`.'),
    })
    .prefault({})
    .describe('The HTTP server.'),
  drill: z
    .strictObject({
      at: z
        .string({ error: DRILL_AT_ALLOWED })
        .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: DRILL_AT_ALLOWED })
        .describe('Time of the day, by the `timezone` above.')
        .meta({ allowed: 'time such as `09:00`' }),
      days: several(isDays, DAYS_ALLOWED)
        .describe('Days of the week, such as `mon` or `mon-fri`. Absent: every day.')
        .meta({ allowed: 'day or range of days, or a list of these' }),
      to: z
        .array(text())
        .min(1, { error: 'allowed: a list of at least one sink' })
        .optional()
        .describe('Names of sinks. Absent: all that are on.'),
      within: duration('10s', '24h', '10m').describe(
        'How long a drill may take to arrive before that is an alert.',
      ),
    })
    .optional()
    .describe(
      'A regular test: a marked alert goes through outbox and sinks, and it is an alert when it does not arrive. Absent: none.',
    ),
  heartbeat: z
    .strictObject({
      url: z
        .string()
        .refine((value) => value === '' || parseBaseUrl(value.replace(/[?#].*$/s, '')) !== undefined, {
          error: HEARTBEAT_URL_ALLOWED,
        })
        .optional()
        .describe('Where it is sent, by POST. A secret: it often holds a token. Empty: no heartbeat.')
        .meta({ allowed: 'http(s) URL' }),
      url_file: text().optional().describe('A file that holds the `url`.'),
      interval: duration('5s', '24h', '1m').describe('Time between two heartbeats.'),
      heads: z
        .boolean()
        .default(true)
        .describe(
          'Whether the body holds the heads of the chains that have changed, with names of accounts: a copy outside, for `verify --heads`. Off: no body.',
        ),
    })
    .optional()
    .describe(
      'Tells a dead-man switch elsewhere that all is well, and only then: every account polled completely, the store writable, no delivery overdue.',
    ),
  tracing: z
    .strictObject({
      endpoint: z
        .string()
        .refine((value) => value === '' || parseBaseUrl(value) !== undefined, { error: TRACING_URL_ALLOWED })
        .prefault('')
        .describe(
          'Where spans are sent: an OTLP receiver that takes JSON over HTTP, such as `http://127.0.0.1:4318`. `/v1/traces` is added unless it is there. Empty: no traces.',
        )
        .meta({ allowed: 'http(s) URL' }),
      headers: z
        .string()
        .default('')
        .describe('Headers of every request, as `name=value,name=value`. A secret.'),
      headers_file: text().optional().describe('A file that holds the `headers`.'),
      service_name: text().prefault('vonage-audit-monitor').describe('`service.name` of the traces.'),
      sample: z
        .number({ error: SAMPLE_ALLOWED })
        .min(0, { error: SAMPLE_ALLOWED })
        .max(1, { error: SAMPLE_ALLOWED })
        .default(1)
        .describe('Share of the traces that are kept.'),
    })
    .optional()
    .describe('OpenTelemetry traces of polls and deliveries. Absent: none, and nothing of it is loaded.'),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('The least important lines that are written.'),
      events: z
        .enum(['all', 'matched', 'none'])
        .default('all')
        .describe('Which new audit events are written to the log, one line each.'),
    })
    .prefault({})
    .describe('The log on standard output.'),
  reload: z
    .strictObject({
      watch: z
        .boolean({ error: 'allowed: true or false' })
        .default(true)
        .describe(
          'Whether configuration and rules are loaded again when a file they were read from changes. Without it only by SIGHUP or the API.',
        ),
    })
    .prefault({})
    .describe('Loading configuration and rules again while running.'),
} as const;

/** Order of the sections in the file and in its documentation. */
export const SECTION_ORDER = [
  'accounts',
  'api',
  'poll',
  'reconcile',
  'drift',
  'store',
  'rules',
  'lists',
  'timezone',
  'time_windows',
  'presets',
  'sinks',
  'routes',
  'http',
  'drill',
  'heartbeat',
  'tracing',
  'log',
  'reload',
] as const;

/** A kind of sink, as far as its configuration goes. */
export interface SinkOptionsType {
  readonly type: string;
  /** A strict object; the common option `type` is not part of it. */
  readonly options: z.ZodObject;
  /** Names of the options that are secrets: they may be given as `<name>_file` and are redacted from the log. */
  readonly secrets: readonly string[];
  /** Pacing and folding where the operator says nothing. */
  readonly limits?: SinkLimitDefaults;
  /** The options that switch the sink off when those given are all empty; at least one is needed. Left out: `url`. */
  readonly switches?: readonly string[];
  /** Whether a sink with these checked options takes audit events; absent: none of this kind does. */
  readonly takesEvents?: (options: Readonly<Record<string, unknown>>) => boolean;
}
