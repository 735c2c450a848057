import { z } from 'zod';
import { json, kind, level, page, time } from './api-common.ts';
import { completeness } from './status-shape.ts';

/* Events: lists, one in detail, explanations, counts over time. */

export const eventRow = z.object({
  account: z.string(),
  id: z.string(),
  event_type: z.string(),
  created_at: time,
  seen_at: time.nullable().describe('Null: read from the API, not from the store.'),
  who: z.string().describe('E-mail or id of the user; empty when there is none.'),
  ip: z.string(),
  country: z.string(),
  sentence: z.string().describe('What happened, in words.'),
  alerts: z.array(z.object({ id: z.string(), level, kind, title: z.string() })),
});
export const eventPage = page(eventRow).extend({
  searched_until: time
    .nullable()
    .describe('A search over much stops after a while: up to here it has looked; go on with `next`.'),
});

export const eventDetail = z.object({
  event: eventRow.extend({ json }),
  previous: eventRow
    .extend({ json })
    .nullable()
    .describe('The event before it about the same object (user, number, application …) of the same account.'),
  alerts: z.array(
    z.object({
      id: z.string(),
      kind,
      level,
      rule: z.string(),
      title: z.string(),
      message: z.string(),
      decided_at: time,
    }),
  ),
});

export interface ExplanationNode {
  readonly text: string;
  readonly holds: boolean | null;
  readonly seen: string | null;
  readonly parts: readonly ExplanationNode[];
}
const explanationNode: z.ZodType<ExplanationNode> = z
  .object({
    text: z.string(),
    holds: z.boolean().nullable(),
    seen: z.string().nullable().describe('The value in the event, for leaves.'),
    parts: z.array(z.lazy(() => explanationNode)).readonly(),
  })
  .meta({ id: 'ExplanationNode' });
export const explanation = z.object({
  rule: z.object({ id: z.string(), title: z.string(), level }),
  lines: z.array(z.string()).describe('The rule in plain English.'),
  findings: z.array(
    z.object({
      rule: z.object({ id: z.string(), title: z.string() }),
      matches: z.boolean().nullable().describe('Null: that depends on other events as well.'),
      notes: z.array(z.string()),
      tree: explanationNode,
    }),
  ),
});
export const explanations = z.object({ items: z.array(explanation) });

export const eventTypes = z.object({
  items: z.array(
    z.object({
      event_type: z.string(),
      listed: z.boolean().describe('The API lists it.'),
      stored: z.number().int().nullable().describe('How many are stored, counted up to a bound.'),
      last_at: time.nullable(),
      rules: z.array(z.string()).describe('Titles of rules that name it.'),
    }),
  ),
});

/** Counts in steps of time: `from + i * step_seconds` is where step i begins. */
export const volume = z.object({
  from: time,
  step_seconds: z.number().int(),
  counted_from: time
    .nullable()
    .describe('Not null: there was too much to count, and only what happened since then is in the counts.'),
  events: z.array(z.object({ event_type: z.string(), counts: z.array(z.number().int()) })),
  alerts: z.array(z.object({ level, counts: z.array(z.number().int()) })),
});

export const completenessList = z.object({
  items: z.array(completeness.extend({ account: z.string(), proposed_overlap_seconds: z.number() })),
});
export const calendar = z.object({
  account: z.string(),
  days: z.array(
    z.object({
      date: z.string().describe('Day in UTC.'),
      complete_ratio: z.number().describe('Of the part of the day that is past: 0 to 1.'),
      unverified_ratio: z.number(),
      events: z.number().int(),
      late: z.number().int(),
    }),
  ),
  ranges: z
    .array(
      z.object({
        from: time,
        to: time,
        verified: z.boolean(),
        events: z.number().int(),
        late: z.number().int(),
        read_at: time,
        reason: z.string(),
      }),
    )
    .describe('The ledger itself, in order.'),
  lateness: z
    .array(z.object({ up_to_seconds: z.number(), count: z.number().int() }))
    .describe('How late events were found; 0: on time.'),
});

export type EventRow = z.infer<typeof eventRow>;
export type EventPage = z.infer<typeof eventPage>;
export type EventDetail = z.infer<typeof eventDetail>;
export type ExplanationAnswer = z.infer<typeof explanation>;
export type EventTypesAnswer = z.infer<typeof eventTypes>;
export type Explanations = z.infer<typeof explanations>;
export type CompletenessList = z.infer<typeof completenessList>;
export type VolumeAnswer = z.infer<typeof volume>;
export type CalendarAnswer = z.infer<typeof calendar>;
