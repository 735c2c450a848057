import { z } from 'zod';
import { duration, durationOrAuto, name, parseBaseUrl, parseStart, text, whole } from './values.ts';

const START_ALLOWED =
  'allowed: now, a duration such as 24h, or a time with its zone such as 2026-01-01T00:00:00Z';
const BASE_URL_ALLOWED = 'allowed: an http or https URL without user, "?" and "#"';
const SECRET_ALLOWED = 'allowed: a text that is not empty';
const SWEEPS_ALLOWED = 'allowed: off, or a list of maps with last and every';

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

/** Whose trail is read, and how. */
export const TRAIL_SECTIONS = {
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
} as const;
