import { z } from 'zod';
import { UsageError } from '../base/errors.ts';
import type { Delivery, Verdict } from '../core/delivery.ts';
import { timeoutOption, urlOption } from './option-schemas.ts';
import type { SinkType } from './sink-type.ts';
import { createSlackApi } from './slack-api.ts';
import { createSlackWebhook } from './slack-webhook.ts';

/** One of the two ways to Slack. */
export interface SlackSender {
  send(delivery: Delivery, signal: AbortSignal): Promise<Verdict>;
  close(): Promise<void>;
}

const options = z.strictObject({
  url: urlOption(
    ['https:', 'http:'],
    'Incoming webhook URL, such as `https://hooks.slack.com/services/…`. A secret. Exactly one of `url` and `token` is needed; both empty: the sink is off.',
  ).default(''),
  token: z
    .string()
    .trim()
    .regex(/^$|^xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]+$/, {
      error: 'allowed: a bot token, which starts with xoxb-, or an empty text',
    })
    .default('')
    .describe(
      'Bot token `xoxb-…` of a Slack app with the scope `chat:write`, instead of `url`: alerts of one thread are answers to the first, resolved ones change it. A secret.',
    ),
  channel: z
    .string()
    .trim()
    .regex(/^[^\s]*$/, { error: 'allowed: the ID of a channel such as C0123456789, or its name' })
    .default('')
    .describe(
      'With `token`: the channel, best by its ID (`C0123456789`, at the foot of its details). The app must be a member.',
    ),
  api_url: urlOption(
    ['https:', 'http:'],
    'With `token`: where the Web API is, such as `https://slack-gov.com/api`.',
  ).default('https://slack.com/api'),
  timeout: timeoutOption('10s', 'How long one attempt may take.'),
});

type Options = z.output<typeof options>;

/** Slack, by incoming webhook (and what understands the same messages) or by Web API. One at a time: order is kept. */
export const slackSink: SinkType<typeof options> = {
  type: 'slack',
  options,
  secrets: ['url', 'token'],
  switches: ['url', 'token'],
  // One message a second is what a webhook and a channel stand (docs.slack.dev, rate limits), short bursts more.
  limits: { perSecond: 1, burst: 5, foldAbove: 20 },
  create: (name, settings, deps) => {
    refuseImpossible(name, settings);
    const sender =
      settings.token === ''
        ? createSlackWebhook(settings.url, settings.timeout, deps)
        : createSlackApi(settings, deps);
    return { name, type: 'slack', concurrency: 1, ...sender };
  },
};

const refuseImpossible = (name: string, { url, token, channel, api_url }: Options): void => {
  const refuse = (text: string): never => {
    throw new UsageError(`sink "${name}": ${text}`);
  };
  if (url !== '' && token !== '') refuse('both url and token are given; exactly one of them is needed');
  if (url === '' && token === '') refuse('neither url nor token is given; exactly one of them is needed');
  if (token !== '' && channel === '') refuse('token needs channel, such as C0123456789');
  if (token !== '' && api_url === '') refuse('token needs api_url; leave it out for https://slack.com/api');
  if (url !== '' && channel !== '')
    refuse('channel is of use with token only; an incoming webhook has its own channel');
};
