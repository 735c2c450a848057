import { z } from 'zod';
import type { EventSearch } from './api-console.ts';
import { wrongInput } from './api-error.ts';
import { flag, moment, names, order, paging, text, whole } from './api-input.ts';
import { type ApiRoute, foundOr404, route } from './api-route.ts';
import {
  calendar,
  completenessList,
  eventDetail,
  eventPage,
  eventTypes,
  explanations,
  volume,
} from './trail-shapes.ts';

/* Routes about the trail: events, their types, counts, completeness. */

const DAY_MS = 86_400_000;
const tag = 'trail';

const account = text(64).describe('Name of an account.');
const from = moment().optional().describe('First moment: a time, a day, or a duration before now.');
const to = moment().optional().describe('Moment to stop before, written likewise.');
const eventPath = z.strictObject({ account, id: text(200).describe('Id of the event.') });

/** A network or an address; what it is exactly is looked at by whoever compares. */
const ip = z
  .string()
  .regex(/^[0-9A-Fa-f:.]{2,45}(\/\d{1,3})?$/, {
    error: 'allowed: an address such as 203.0.113.9, or a network such as 203.0.113.0/24',
  })
  .describe('An address, or a network such as `203.0.113.0/24`.');

const eventQuery = z.strictObject({
  account: account.optional(),
  from,
  to,
  type: names().optional().describe('Event types, with commas between.'),
  user: text(200).optional().describe('Id of the user, or part of the e-mail address.'),
  search: text(200).optional().describe('Part of the JSON of the event, in any case of letters.'),
  country: z
    .string()
    .regex(/^[A-Za-z]{2}$/, { error: 'allowed: two letters such as NL' })
    .optional()
    .describe('`source_country`.'),
  ip: ip.optional(),
  matched: flag().describe('`true`: only events that took part in an alert.'),
  ...paging,
  order,
});

/** Refuses a range that ends before it begins. */
export const rangeOf = (
  query: {
    readonly from?: ((nowMs: number) => number) | undefined;
    readonly to?: ((nowMs: number) => number) | undefined;
  },
  nowMs: number,
): { readonly fromMs: number | undefined; readonly toMs: number | undefined } => {
  const fromMs = query.from?.(nowMs);
  const toMs = query.to?.(nowMs);
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs)
    throw wrongInput('query.to', 'found a moment that is not after `from`, allowed: a later one');
  return { fromMs, toMs };
};

const searchOf = (query: z.output<typeof eventQuery>, nowMs: number): EventSearch => ({
  account: query.account,
  ...rangeOf(query, nowMs),
  types: query.type,
  user: query.user,
  search: query.search,
  country: query.country,
  ip: query.ip,
  matched: query.matched ?? false,
  newestFirst: query.order !== 'oldest',
  after: query.after,
  limit: query.limit ?? 100,
});

/** Columns of a chart that anybody could tell apart. */
const MAX_STEPS = 2_000;

export const TRAIL_ROUTES: readonly ApiRoute[] = [
  route({
    method: 'GET',
    path: '/events',
    role: 'view',
    tag,
    summary: 'Stored events, newest first',
    query: eventQuery,
    answer: eventPage,
    handle: ({ query }, { console, nowMs, signal }) => console.events(searchOf(query, nowMs), signal),
  }),
  route({
    method: 'GET',
    path: '/events/:account/:id',
    role: 'view',
    tag,
    summary: 'One event, with the one before it about the same object and the alerts it took part in',
    params: eventPath,
    answer: eventDetail,
    handle: async ({ params }, { console, signal }) =>
      foundOr404(await console.event(params.account, params.id, signal), 'there is no such event'),
  }),
  route({
    method: 'GET',
    path: '/events/:account/:id/explain',
    role: 'view',
    tag,
    summary: 'What rules make of an event, condition by condition',
    params: eventPath,
    query: z.strictObject({
      rule: text(200).optional().describe('Id of a rule; absent: the rules behind the alerts of the event.'),
    }),
    answer: explanations,
    handle: async ({ params, query }, { console }) =>
      foundOr404(
        await console.explain(params.account, params.id, query.rule),
        'there is no such event, or no such rule',
      ),
  }),
  route({
    method: 'GET',
    path: '/event-types',
    role: 'view',
    tag,
    summary: 'Event types that are listed by the API, stored, or named by a rule',
    answer: eventTypes,
    handle: (_, { console, signal }) => console.eventTypes(signal),
  }),
  route({
    method: 'GET',
    path: '/volume',
    role: 'view',
    tag,
    summary: 'How many events and alerts there were, in steps of time',
    query: z.strictObject({
      account: account.optional(),
      from,
      to,
      step: whole(60, 31 * 86_400)
        .optional()
        .describe('Seconds of a step; absent: such that there are about a hundred of them.'),
    }),
    answer: volume,
    handle: ({ query }, { console, nowMs, signal }) => {
      const { fromMs, toMs } = rangeOf(query, nowMs);
      const endMs = toMs ?? nowMs;
      const beginMs = fromMs ?? endMs - DAY_MS;
      const stepMs = (query.step ?? Math.max(60, Math.ceil((endMs - beginMs) / 100 / 60_000) * 60)) * 1_000;
      if ((endMs - beginMs) / stepMs > MAX_STEPS)
        throw wrongInput(
          'query.step',
          `found a step that makes more than ${MAX_STEPS} of them, allowed: a longer one, or less time`,
        );
      return console.volume({ account: query.account, fromMs: beginMs, toMs: endMs, stepMs }, signal);
    },
  }),
  route({
    method: 'GET',
    path: '/completeness',
    role: 'view',
    tag,
    summary: 'Up to when the trail of each account is completely read, and every exception',
    answer: completenessList,
    handle: (_, { console }) => console.completeness(),
  }),
  route({
    method: 'GET',
    path: '/completeness/:account',
    role: 'view',
    tag,
    summary: 'The ledger of an account as a calendar',
    params: z.strictObject({ account }),
    query: z.strictObject({ from, to }),
    answer: calendar,
    handle: async ({ params, query }, { console, nowMs, signal }) => {
      const { fromMs, toMs } = rangeOf(query, nowMs);
      const endMs = toMs ?? nowMs;
      const beginMs = fromMs ?? endMs - 90 * DAY_MS;
      if (endMs - beginMs > 750 * DAY_MS)
        throw wrongInput('query.from', 'found more than 750 days before `to`, allowed: at most 750 days');
      return foundOr404(
        await console.calendar(params.account, beginMs, endMs, signal),
        'no account of this name was ever read',
      );
    },
  }),
];
