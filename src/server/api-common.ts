import { z } from 'zod';
import { ALERT_KINDS, LEVELS } from '../core/alert.ts';

/* Shapes that several answers share. Names are snake_case, times ISO 8601 in UTC, durations seconds unless the name says otherwise. */

export const time = z.iso.datetime().describe('ISO 8601, UTC.');
export const level = z.enum(LEVELS);
export const kind = z.enum(ALERT_KINDS);
export const json = z.unknown().describe('Any JSON value.');

/** One part of a list: `next` is the value for `after` that gives the next part; null after the last one. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable() });

/** How every refusal and failure is told. */
export const failure = z.object({
  error: z.string().describe('For people: what is wrong, with place, value and what is allowed.'),
  problems: z
    .array(z.object({ place: z.string(), message: z.string() }))
    .optional()
    .describe('One for each part of a request, a configuration or a rule that is wrong.'),
});

/** Something a person did. */
export const act = z.object({
  act: z.string(),
  at: time,
  by: z.string(),
  subject: z.string().describe('Id of a silence, a delivery or an alert.'),
  detail: z.string(),
});

export type Failure = z.infer<typeof failure>;
export type ActAnswer = z.infer<typeof act>;
