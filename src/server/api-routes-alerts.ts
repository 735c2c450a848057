import { z } from 'zod';
import { ALERT_KINDS, LEVELS } from '../core/alert.ts';
import { DELIVERY_STATES } from '../core/delivery.ts';
import { actPage, alertPage, alertStory, deliveryPage } from './alert-shapes.ts';
import { act } from './api-common.ts';
import type { DeliveryWish } from './api-console.ts';
import { wrongInput } from './api-error.ts';
import { listOf, moment, oneOf, order, paging, text } from './api-input.ts';
import { type ApiRoute, foundOr404, route } from './api-route.ts';
import { rangeOf } from './api-routes-trail.ts';

/* Routes about alerts, deliveries, and what people did. */

const from = moment().optional().describe('First moment: a time, a day, or a duration before now.');
const to = moment().optional().describe('Moment to stop before, written likewise.');
const id = z.strictObject({ id: text(200) });

/** Why somebody does something. */
export const reason = text(500).describe('Why; kept in the history with the name of the token.');

const which = z.strictObject({
  ids: z
    .array(text(200))
    .min(1, { error: 'allowed: at least one id' })
    .max(1_000, { error: 'allowed: at most 1000 ids' })
    .optional()
    .describe('Ids of deliveries; absent: all of the sink.'),
  sink: text(64).optional().describe('Name of a sink.'),
  state: z
    .literal('parked', { error: 'allowed: parked' })
    .optional()
    .describe('Only parked ones are touched.'),
  reason,
});

const wishOf = (body: z.output<typeof which>): DeliveryWish => {
  if (body.ids === undefined && body.sink === undefined)
    throw wrongInput('body', 'found neither ids nor sink, allowed: at least one of them');
  return { ids: body.ids, sink: body.sink, reason: body.reason };
};

const count = z.object({ count: z.number().int().describe('How many deliveries were touched.') });

export const ALERT_ROUTES: readonly ApiRoute[] = [
  route({
    method: 'GET',
    path: '/alerts',
    role: 'view',
    tag: 'alerts',
    summary: 'Alerts, those decided last first',
    query: z.strictObject({
      account: text(64).optional(),
      kind: oneOf(ALERT_KINDS).optional(),
      level: listOf(LEVELS).optional().describe('Levels, with commas between.'),
      rule: text(200).optional().describe('Id of a rule, or `system.…` for the monitor about itself.'),
      status: oneOf(['firing', 'resolved']).optional(),
      from,
      to,
      search: text(200).optional().describe('Part of the title or of the sentence.'),
      ...paging,
      order,
    }),
    answer: alertPage,
    handle: ({ query }, { console, nowMs, signal }) =>
      console.alerts(
        {
          account: query.account,
          kind: query.kind,
          levels: query.level,
          rule: query.rule,
          status: query.status,
          ...rangeOf(query, nowMs),
          search: query.search,
          newestFirst: query.order !== 'oldest',
          after: query.after,
          limit: query.limit ?? 100,
        },
        signal,
      ),
  }),
  route({
    method: 'GET',
    path: '/alerts/:id',
    role: 'view',
    tag: 'alerts',
    summary: 'The story of an alert: events, deliveries with every attempt, acts',
    params: id,
    answer: alertStory,
    handle: async ({ params }, { console }) =>
      foundOr404(await console.alert(params.id), 'there is no such alert'),
  }),
  route({
    method: 'POST',
    path: '/alerts/:id/acknowledge',
    role: 'operate',
    tag: 'alerts',
    summary: 'Records that somebody has seen an alert',
    params: id,
    body: z.strictObject({ reason: text(500).optional() }),
    answer: act,
    handle: async ({ params, body }, { console, who }) =>
      foundOr404(await console.acknowledge(params.id, body.reason ?? '', who.name), 'there is no such alert'),
  }),
  route({
    method: 'GET',
    path: '/deliveries',
    role: 'view',
    tag: 'deliveries',
    summary: 'Deliveries, newest first',
    query: z.strictObject({
      sink: text(64).optional(),
      state: oneOf(DELIVERY_STATES).optional(),
      rule: text(200).optional().describe('Id of a rule.'),
      alert: text(200).optional().describe('Id of an alert.'),
      from,
      to,
      ...paging,
    }),
    answer: deliveryPage,
    handle: ({ query }, { console, nowMs, signal }) =>
      console.deliveries(
        {
          sink: query.sink,
          state: query.state,
          rule: query.rule,
          alert: query.alert,
          ...rangeOf(query, nowMs),
          after: query.after,
          limit: query.limit ?? 100,
        },
        signal,
      ),
  }),
  route({
    method: 'POST',
    path: '/deliveries/retry',
    role: 'operate',
    tag: 'deliveries',
    summary: 'Makes parked deliveries due again',
    body: which,
    answer: count,
    handle: async ({ body }, { console, who }) => ({ count: await console.retry(wishOf(body), who.name) }),
  }),
  route({
    method: 'POST',
    path: '/deliveries/drop',
    role: 'operate',
    tag: 'deliveries',
    summary: 'Gives parked deliveries up',
    body: which,
    answer: count,
    handle: async ({ body }, { console, who }) => ({ count: await console.drop(wishOf(body), who.name) }),
  }),
  route({
    method: 'GET',
    path: '/acts',
    role: 'view',
    tag: 'acts',
    summary: 'What people did, newest first',
    query: z.strictObject({
      subject: text(200).optional().describe('Id of a silence, a delivery or an alert.'),
      ...paging,
    }),
    answer: actPage,
    handle: ({ query }, { console }) =>
      console.acts({ subject: query.subject, after: query.after, limit: query.limit ?? 100 }),
  }),
];
