import { z } from 'zod';
import { severalDays } from './schema-times.ts';
import { duration, parseBaseUrl, text } from './values.ts';

const DRILL_AT_ALLOWED = 'allowed: a time of the day such as 09:00';
const HEARTBEAT_URL_ALLOWED = 'allowed: an http or https URL, or an empty text';
const TRACING_URL_ALLOWED = 'allowed: an http or https URL without user, "?" and "#", or an empty text';
const SAMPLE_ALLOWED = 'allowed: a number from 0 to 1';

/** How the monitor itself is watched, and when it reads its files again. */
export const WATCH_SECTIONS = {
  drill: z
    .strictObject({
      at: z
        .string({ error: DRILL_AT_ALLOWED })
        .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: DRILL_AT_ALLOWED })
        .describe('Time of the day, by the `timezone` above.')
        .meta({ allowed: 'time such as `09:00`' }),
      days: severalDays()
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
