import { z } from 'zod';
import { type Matchers, matchValueProblem } from '../core/matcher.ts';
import {
  backtest,
  type matchers,
  ruleDetail,
  ruleList,
  silence,
  silenceList,
  silencePreview,
} from './alert-shapes.ts';
import { ApiError, wrongInput } from './api-error.ts';
import { duration, flag, moment, text } from './api-input.ts';
import { type ApiRoute, foundOr404, route } from './api-route.ts';
import { reason } from './api-routes-alerts.ts';

/* Routes about rules and silences. */

const DAY_MS = 86_400_000;
const MAX_SOURCE = 200_000;

const id = z.strictObject({ id: text(200) });

const range = {
  from: moment().optional().describe('First moment; 30 days ago unless said.'),
  to: moment().optional().describe('Moment to stop before; now unless said.'),
};

const rangeOf = (
  body: {
    readonly from?: ((nowMs: number) => number) | undefined;
    readonly to?: ((nowMs: number) => number) | undefined;
  },
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } => {
  const toMs = body.to?.(nowMs) ?? nowMs;
  const fromMs = body.from?.(nowMs) ?? toMs - 30 * DAY_MS;
  if (fromMs >= toMs)
    throw wrongInput('body.to', 'found a moment that is not after `from`, allowed: a later one');
  return { fromMs, toMs };
};

const MATCH_ALLOWED = 'allowed: a JSON object with at least one key, and for each a text or a list of texts';
const match = z
  .record(
    text(200),
    z.union([z.string().max(4_096), z.array(z.string().max(4_096)).min(1).max(100)], {
      error: 'allowed: a text or a list of texts',
    }),
    {
      error: MATCH_ALLOWED,
    },
  )
  .refine((keys) => Object.keys(keys).length > 0 && Object.keys(keys).length <= 50, { error: MATCH_ALLOWED })
  .describe('What it hides, as in routes: for each key a value or several; `=`, `!`, `~` before a value.');

const matchersOf = (given: z.output<typeof matchers>): Matchers => {
  const made = Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, typeof value === 'string' ? [value] : value]),
  );
  for (const [key, values] of Object.entries(made))
    for (const value of values) {
      const problem = matchValueProblem(value);
      if (problem !== undefined)
        throw wrongInput(
          `body.match.${key}`,
          `found ${JSON.stringify(value.slice(0, 80))} (${problem}), allowed: VALUE, =VALUE, !VALUE, ~EXPRESSION, !~EXPRESSION`,
        );
    }
  return made;
};

export const RULE_ROUTES: readonly ApiRoute[] = [
  route({
    method: 'GET',
    path: '/rules',
    role: 'view',
    tag: 'rules',
    summary: 'All rules, with how often they alerted',
    answer: ruleList,
    handle: (_, { console }) => console.rules(),
  }),
  route({
    method: 'GET',
    path: '/rules/:id',
    role: 'view',
    tag: 'rules',
    summary: 'One rule: source, meaning, alerts over time, its tests',
    params: id,
    answer: ruleDetail,
    handle: async ({ params }, { console }) =>
      foundOr404(await console.rule(params.id), 'there is no such rule'),
  }),
  route({
    method: 'POST',
    path: '/rules/backtest',
    role: 'operate',
    tag: 'rules',
    summary: 'Holds a rule that is not loaded against the stored events; sends and stores nothing',
    body: z.strictObject({
      source: text(MAX_SOURCE).describe('A rule file as a text.'),
      ...range,
    }),
    bodyLimit: MAX_SOURCE * 4,
    answer: backtest,
    handle: async ({ body }, { console, nowMs, signal }) =>
      foundOr404(
        await console.backtest({ rule: undefined, source: body.source, ...rangeOf(body, nowMs) }, signal),
        'there is no rule in the text',
      ),
  }),
  route({
    method: 'POST',
    path: '/rules/:id/backtest',
    role: 'operate',
    tag: 'rules',
    summary: 'Holds a rule against the stored events; sends and stores nothing',
    params: id,
    body: z.strictObject({
      source: text(MAX_SOURCE).optional().describe('Another wording of the rule; absent: as it is loaded.'),
      ...range,
    }),
    bodyLimit: MAX_SOURCE * 4,
    answer: backtest,
    handle: async ({ params, body }, { console, nowMs, signal }) =>
      foundOr404(
        await console.backtest({ rule: params.id, source: body.source, ...rangeOf(body, nowMs) }, signal),
        'there is no such rule',
      ),
  }),
];

export const SILENCE_ROUTES: readonly ApiRoute[] = [
  route({
    method: 'GET',
    path: '/silences',
    role: 'view',
    tag: 'silences',
    summary: 'Silences that are in force or to come, newest first',
    query: z.strictObject({ ended: flag().describe('`true`: also those that have ended.') }),
    answer: silenceList,
    handle: async ({ query }, { console }) => ({
      items: [...(await console.silences(query.ended ?? false))],
    }),
  }),
  route({
    method: 'POST',
    path: '/silences',
    role: 'operate',
    tag: 'silences',
    summary: 'Adds a silence: alerts are recorded, not sent, and told in a summary at its end',
    body: z.strictObject({
      match,
      reason,
      starts_at: moment().optional().describe('When it begins; now unless said.'),
      ends_at: moment()
        .optional()
        .describe('When it ends. Exactly one of `ends_at` and `duration` is needed.'),
      duration: duration().optional().describe('How long it lasts, such as `2h`.'),
      schedule: z
        .strictObject({
          days: text(100).optional().describe('Such as `sun` or `mon-fri`.'),
          hours: text(100).optional().describe('Such as `02:00-04:00`.'),
          timezone: text(100).optional().describe('IANA zone; that of the configuration unless said.'),
        })
        .optional()
        .describe('In force only at these times of the week.'),
    }),
    answer: silence,
    handle: ({ body }, { console, who, nowMs }) => {
      if ((body.ends_at === undefined) === (body.duration === undefined))
        throw wrongInput(
          'body.ends_at',
          `found ${body.ends_at === undefined ? 'neither' : 'both'} ends_at ${body.ends_at === undefined ? 'nor' : 'and'} duration, allowed: exactly one of them`,
        );
      const startsAtMs = body.starts_at?.(nowMs) ?? nowMs;
      const schedule = body.schedule && {
        ...(body.schedule.days !== undefined && { days: body.schedule.days }),
        ...(body.schedule.hours !== undefined && { hours: body.schedule.hours }),
        ...(body.schedule.timezone !== undefined && { timezone: body.schedule.timezone }),
      };
      return console.addSilence(
        {
          match: matchersOf(body.match),
          reason: body.reason,
          startsAtMs,
          endsAtMs: body.ends_at?.(nowMs) ?? startsAtMs + (body.duration ?? 0),
          schedule: schedule && Object.keys(schedule).length > 0 ? schedule : undefined,
        },
        who.name,
      );
    },
  }),
  route({
    method: 'POST',
    path: '/silences/preview',
    role: 'view',
    tag: 'silences',
    summary: 'What a silence would have hidden in the last 30 days',
    body: z.strictObject({ match }),
    answer: silencePreview,
    handle: ({ body }, { console, signal }) => console.previewSilence(matchersOf(body.match), signal),
  }),
  route({
    method: 'POST',
    path: '/silences/:id/expire',
    role: 'operate',
    tag: 'silences',
    summary: 'Ends a silence now',
    params: id,
    body: z.strictObject({}),
    answer: silence,
    handle: async ({ params }, { console, who }) => {
      const ended = await console.expireSilence(params.id, who.name);
      if (!ended) throw new ApiError(404, 'no silence of this id is in force or to come');
      return ended;
    },
  }),
];
