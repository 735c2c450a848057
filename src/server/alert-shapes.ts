import { z } from 'zod';
import { DELIVERY_STATES } from '../core/delivery.ts';
import { act, json, kind, level, page, time } from './api-common.ts';

/* Alerts, deliveries, silences, rules. */

export const alertRow = z.object({
  id: z.string(),
  incident: z.string().describe('The same for an alert and the one that resolves it.'),
  kind,
  status: z.enum(['firing', 'resolved']),
  level,
  rule: z.object({ id: z.string(), title: z.string() }),
  account: z.string().nullable(),
  message: z.string(),
  created_at: time,
  decided_at: time,
  acknowledged: z.object({ at: time, by: z.string() }).nullable(),
  deliveries: z
    .partialRecord(z.enum(DELIVERY_STATES), z.number().int())
    .describe('How many of each state; states without any are left out.'),
});
export const alertPage = page(alertRow).extend({
  searched_until: time
    .nullable()
    .describe('A search over much stops after a while: up to here it has looked; go on with `next`.'),
});

export const deliveryRow = z.object({
  id: z.string(),
  alert: z.string(),
  sink: z.string(),
  state: z.enum(DELIVERY_STATES),
  attempts: z.number().int(),
  created_at: time,
  due_at: time.nullable(),
  ended_at: time.nullable(),
  silence: z.string().nullable(),
  why: z.array(
    z.object({ reason: z.string(), text: z.string().describe('The reason in words.'), detail: z.string() }),
  ),
  last_detail: z.string().nullable().describe('What the last attempt came to.'),
});
export const deliveryPage = page(
  deliveryRow.extend({ level, title: z.string(), account: z.string().nullable() }),
).extend({
  searched_until: time
    .nullable()
    .describe('A search over much stops after a while: up to here it has looked; go on with `next`.'),
});

/** The story of one alert: what happened, what was decided, where it went. */
export const alertStory = z.object({
  alert: alertRow.extend({
    fields: z.array(z.object({ name: z.string(), value: z.string() })),
    tags: z.array(z.string()),
    references: z.array(z.string()),
    event_ids: z.array(z.string()),
    summary: json.describe(
      'For `kind: summary`: reason, total, levels and members, as in webhook payloads; else null.',
    ),
  }),
  events: z.array(
    z.object({
      account: z.string(),
      id: z.string(),
      event_type: z.string(),
      created_at: time,
      seen_at: time,
      json,
    }),
  ),
  deliveries: z.array(
    deliveryRow.extend({
      told_in: z.object({ delivery: z.string(), alert: z.string(), state: z.string() }).nullable(),
      tries: z.array(
        z.object({
          started_at: time,
          duration_ms: z.number(),
          outcome: z.enum(['sent', 'retry', 'rejected']),
          status: z.number().int().nullable(),
          bytes: z.number().int().nullable(),
          detail: z.string(),
        }),
      ),
      acts: z.array(act),
    }),
  ),
  folded: z.array(z.object({ id: z.string(), level, title: z.string(), message: z.string() })),
  acts: z.array(act),
});

export const matchers = z
  .record(z.string(), z.union([z.string(), z.array(z.string())]))
  .describe('As in routes and `silences add --match`: `=`, lists, `!`, `~`.');
export const silence = z.object({
  id: z.string(),
  match: matchers,
  author: z.string(),
  reason: z.string(),
  created_at: time,
  starts_at: time,
  ends_at: time,
  schedule: z
    .object({ days: z.string().nullable(), hours: z.string().nullable(), timezone: z.string().nullable() })
    .nullable(),
  state: z.enum(['in_force', 'waiting', 'ended']),
  expired: z.object({ at: time, by: z.string() }).nullable(),
  hidden: z.number().int(),
  untold: z.number().int(),
});
/** What a silence would have hidden lately. */
export const silencePreview = z.object({
  alerts: z.number().int().describe('Of the last 30 days.'),
  examples: z.array(alertRow),
  searched_until: time.nullable().describe('Not null: only alerts since then were looked at.'),
});
export const silenceList = z.object({ items: z.array(silence) });

export const ruleRow = z.object({
  id: z.string(),
  title: z.string(),
  level,
  kind: z.enum(['detection', 'correlation']),
  scope: z
    .enum(['account', 'fleet'])
    .describe(
      '`fleet`: it looks at the events of all accounts together; its alerts are of the account `(fleet)`.',
    ),
  shadow: z.boolean(),
  tags: z.array(z.string()),
  file: z.string(),
  hits_24h: z.number().int(),
  hits_30d: z.number().int(),
  last_hit_at: time.nullable(),
  failing_since: time.nullable(),
  tests: z.number().int().describe('How many tests the rule brings along.'),
});
export const ruleList = z.object({
  items: z.array(ruleRow),
  skipped: z.array(z.object({ title: z.string(), file: z.string(), reason: z.string() })),
});
export const ruleDetail = z.object({
  rule: ruleRow.extend({
    description: z.string().nullable(),
    references: z.array(z.string()),
    falsepositives: z.array(z.string()),
    source: z.string().describe('The YAML document as it lies in the file.'),
    lines: z.array(z.string()).describe('The rule in plain English.'),
  }),
  hits: z
    .object({ from: time, step_seconds: z.number().int(), counts: z.array(z.number().int()) })
    .describe('The last 30 days.'),
  tests: z.array(z.object({ name: z.string(), passed: z.boolean(), detail: z.string() })),
});

/** What a rule would have done over the stored history. */
export const backtest = z.object({
  events: z.number().int(),
  from: time.nullable(),
  to: time.nullable(),
  complete: z.boolean().describe('False: the bound of time or events was reached first.'),
  alerts: z.number().int(),
  per_day: z.array(z.object({ date: z.string(), alerts: z.number().int() })),
  examples: z.array(
    z.object({
      at: time,
      account: z.string().nullable(),
      message: z.string(),
      event_ids: z.array(z.string()),
      event_accounts: z.array(z.string()).describe('The account of each of them.'),
    }),
  ),
});

export const actPage = page(act);
export const reloadAnswer = z.object({
  ok: z.boolean(),
  changes: z.array(z.string()),
  problems: z.array(z.string()),
  needs_restart: z.array(z.string()),
});

export type ActPage = z.infer<typeof actPage>;
export type AlertPage = z.infer<typeof alertPage>;
export type DeliveryPage = z.infer<typeof deliveryPage>;
export type SilencePreview = z.infer<typeof silencePreview>;
export type AlertRow = z.infer<typeof alertRow>;
export type AlertStoryAnswer = z.infer<typeof alertStory>;
export type DeliveryRow = z.infer<typeof deliveryRow>;
export type SilenceAnswer = z.infer<typeof silence>;
export type RuleRow = z.infer<typeof ruleRow>;
export type RuleList = z.infer<typeof ruleList>;
export type RuleDetail = z.infer<typeof ruleDetail>;
export type BacktestAnswer = z.infer<typeof backtest>;
export type ReloadAnswer = z.infer<typeof reloadAnswer>;
