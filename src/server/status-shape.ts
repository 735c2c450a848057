import { z } from 'zod';
import { level, time } from './api-common.ts';

/* The answer to "is everything all right?", the same for the command `status`, `GET /api/v1/status` and the page. */

const unverifiedRange = z.object({
  from: time,
  to: time,
  read_again_at: time.nullable().describe('Null: the API has contradicted itself for good.'),
  reason: z.string(),
});
const neverRead = z.object({ from: time.nullable().describe('Null: since ever.'), to: time });

/** What is proven about the trail of one account. */
export const completeness = z.object({
  complete_until: time.nullable().describe('Everything before is read but for the ranges below.'),
  unverified: z.array(unverifiedRange),
  never_read: z.array(neverRead),
  late: z.number().int().describe('Events found in a stretch that had been read before.'),
});

export const accountStatus = completeness.extend({
  name: z.string(),
  state: z.enum(['ok', 'starting', 'behind', 'failing', 'standby']),
  reason: z.string().nullable().describe('Why it is not `ok`.'),
  watermark: time.nullable(),
  watermark_age_seconds: z.number().nullable(),
  last_poll_at: time.nullable().describe('When the last pass was committed.'),
  last_poll_error: z.string().nullable(),
  events: z.number().int().nullable().describe('Stored.'),
  overlap_seconds: z.number().nullable(),
  proposed_overlap_seconds: z.number().nullable(),
  backfills: z
    .array(z.object({ id: z.string(), from: time, to: time, unread_until: time, events: z.number().int() }))
    .describe('Under way, newest stretch first: everything from `unread_until` on has been read.'),
});

export const sinkStatus = z.object({
  name: z.string(),
  type: z.string(),
  state: z.enum(['ok', 'off', 'retrying', 'paused', 'circuit_open', 'parked', 'behind']),
  reason: z.string().nullable(),
  queue: z.number().int().describe('Deliveries that wait or are being sent.'),
  held: z.number().int().describe('Those of them that wait for their time on purpose.').nullable(),
  parked: z.number().int(),
  sent: z.number().int(),
  oldest_due_at: time.nullable().describe('Since when the oldest delivery that is due waits.'),
  last_success_at: time.nullable().describe('Of the newest 5,000 deliveries of all sinks.'),
  circuit_open_until: time.nullable(),
  feed: z
    .object({ events: z.number().int(), oldest_seen_at: time.nullable() })
    .nullable()
    .describe('For sinks that are fed with events: what they have still to get.'),
});

export const status = z.object({
  /** One sentence for a person in a hurry. */
  summary: z.string(),
  healthy: z.boolean(),
  /** Everything that is wrong, worst first, one sentence each. */
  problems: z.array(
    z.object({ severity: z.enum(['bad', 'doubtful']), text: z.string(), subject: z.string().nullable() }),
  ),
  now: time,
  version: z.string(),
  role: z
    .enum(['active', 'standby', 'offline'])
    .describe('`offline`: read from the store, no monitor was asked.'),
  lease: z
    .object({
      holder: z.string().describe('Host, namespace of process ids, process id and a random part.'),
      renewed_at: time,
      expires_at: time,
    })
    .nullable()
    .describe('The process that polls and delivers; null: none does.'),
  started_at: time.nullable(),
  config: z.object({
    file: z.string(),
    hash: z.string().nullable(),
    loaded_at: time.nullable(),
    last_reload: z.object({ at: time, ok: z.boolean(), problems: z.array(z.string()) }).nullable(),
  }),
  accounts: z.array(accountStatus),
  sinks: z.array(sinkStatus),
  rules: z.object({
    loaded: z.number().int(),
    shadow: z.number().int(),
    skipped: z.number().int(),
    failing: z.array(z.object({ title: z.string(), since: time })),
  }),
  conditions: z.array(z.object({ name: z.string(), subject: z.string(), since: time })),
  silences: z.object({ in_force: z.number().int(), hidden: z.number().int() }),
  alerts_24h: z.record(level, z.number().int()),
  replicas: z
    .array(
      z.object({
        id: z.string().describe('Host, where its process ids count, process id, and a part drawn at random.'),
        version: z.string(),
        config_hash: z.string(),
        config_refused: z
          .string()
          .nullable()
          .describe('Why its latest configuration is not in force; null: it is.'),
        started_at: time,
        seen_at: time.describe('Its latest beat, by the clock of the database.'),
        accounts: z.number().int().describe('That it polls.'),
        sinks: z.number().int(),
        feeds: z.number().int(),
        duties: z.number().int(),
      }),
    )
    .describe(
      'Living processes that share the work on a database, with how much each holds; none on a file.',
    ),
  config_skew: z.boolean().describe('Whether they work by different configurations.'),
  api_budget: z
    .object({ requests_per_second: z.number(), used_ratio: z.number() })
    .nullable()
    .describe(
      'The shared budget of requests, of a replica its part, and how much of it the last minute used; null: not limited.',
    ),
  store: z.object({
    events: z.number().int(),
    alerts: z.number().int(),
    quarantined: z.number().int(),
    bytes: z.number().int(),
    kind: z.enum(['sqlite', 'postgres']),
    writable: z.boolean().nullable().describe('Null: it was not tried.'),
  }),
});

export type AccountStatus = z.infer<typeof accountStatus>;
export type SinkStatus = z.infer<typeof sinkStatus>;
export type StatusAnswer = z.infer<typeof status>;
