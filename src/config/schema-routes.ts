import { z } from 'zod';
import { FEED_STARTS } from '../core/feed.ts';
import { duration, text } from './values.ts';

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

/** Where alerts and events go, and of what kinds the sinks may be beside ours. */
export const ROUTE_SECTIONS = {
  presets: z
    .array(text())
    .default(['presets'])
    .describe(
      'Folders with presets of your own, or preset files; relative to this file. A sink of `type: NAME` is made of `NAME.yml`.',
    ),
  routes: z
    .array(route)
    .min(1, { error: 'allowed: a list of at least one route' })
    .optional()
    .describe(
      'Which sinks get which alerts: the first route that takes an alert decides, unless it says `continue`. The last one takes every alert. Absent: every alert goes to every sink.',
    ),
} as const;
