import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../src/core/alert.ts';
import type { Sink } from '../../src/core/delivery.ts';
import type { AlertAction } from '../../src/sinks/sink-type.ts';
import { slackSink } from '../../src/sinks/slack.ts';
import { slackMessage } from '../../src/sinks/slack-message.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { slackProblems } from '../support/slack-blocks.ts';
import { anyAlert } from './any-alert.ts';
import { type Case, sinkContract, textOf } from './contract.ts';
import { type HttpRig, httpCases } from './http-cases.ts';
import { hugeAlert, sampleAlert, sampleDelivery, sampleDeps, sampleSummary } from './sample.ts';

const PATH = '/services/T0123456789/B0123456789/xXxXxXxXxXxXxXxXxXxXxXxX';
const never = new AbortController().signal;

interface Text {
  readonly type: string;
  readonly text: string;
}
interface Block {
  readonly type: string;
  readonly text?: Text;
  readonly fields?: readonly Text[];
  readonly elements?: readonly (Text & {
    readonly url?: string;
    readonly action_id?: string;
    readonly text: Text | string;
  })[];
}
interface Message {
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly attachments: readonly { readonly color: string; readonly blocks: readonly Block[] }[];
}

const checkMessage = (message: Message): void => {
  expect(slackProblems({ ...message })).toEqual([]);
};

const render = (alert: Alert, actions: readonly AlertAction[] = []): Message =>
  JSON.parse(JSON.stringify(slackMessage(alert, { actions }))) as Message;

const inspect = ({ requests: [request] }: Receiver): void => {
  expect(request).toMatchObject({ method: 'POST', path: PATH });
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'vonage-audit-monitor/1.2.3',
  });
  checkMessage(JSON.parse(request?.body ?? '') as Message);
};

const answering = (status: number, body: string): Pick<Case, 'name' | 'arrange'> => ({
  name: `${status} ${body}`,
  arrange: (rig) => (rig as HttpRig).receiver.answer({ status, body }),
});

sinkContract({
  type: 'slack',
  status: 200,
  secrets: ['T0123456789', 'B0123456789', 'xXxXxXxXxXxXxXxXxXxXxXxX'],
  cases: [
    ...httpCases,
    ...(
      [
        [400, 'invalid_payload'],
        [400, 'user_not_found'],
        [400, 'invalid_blocks'],
        [400, 'no_text'],
        [400, 'too_many_attachments'],
        [403, 'action_prohibited'],
        [403, 'invalid_token'],
        [403, 'posting_to_general_channel_denied'],
        [404, 'channel_not_found'],
        [404, 'no_service'],
        [404, 'no_team'],
        [410, 'channel_is_archived'],
        [500, 'no_service'],
        [200, 'invalid_token'],
      ] as const
    ).map(
      ([status, body]): Case => ({
        ...answering(status, body),
        status,
        outcome: 'rejected',
        tells: new RegExp(body),
      }),
    ),
    { ...answering(500, 'rollup_error'), status: 500, outcome: 'retry', tells: /rollup_error/ },
    { ...answering(400, 'rollup_error'), status: 400, outcome: 'retry', tells: /rollup_error/ },
    {
      ...answering(200, '<html>please log in</html>'),
      status: 200,
      outcome: 'retry',
      tells: /a page instead of "ok"/,
    },
    { ...answering(200, 'ok'), status: 200, outcome: 'sent', tells: /HTTP 200 from 127\.0\.0\.1/ },
  ],
  silence: (rig) => (rig as HttpRig).receiver.next('hang'),
  open: async (timeout): Promise<HttpRig> => {
    const receiver = await createReceiver();
    receiver.answer({ body: 'ok' });
    const settings = slackSink.options.parse({ url: receiver.url + PATH, timeout });
    return {
      receiver,
      sink: slackSink.create('sink', settings, sampleDeps()),
      // Incoming webhooks know no identity; the alert's id in the message is what a person can go by.
      arrivals: () =>
        receiver.requests.map(({ body }) => ({
          identity: /alert (\w+)/.exec(body)?.[1] ?? '',
          content: body,
          bytes: Buffer.byteLength(body),
        })),
      inspect: () => inspect(receiver),
      reached: () => receiver.received(1),
      disconnected: () => receiver.disconnected(),
      close: () => receiver.close(),
    };
  },
});

describe('slack message', () => {
  const textsOf = (message: Message): string[] =>
    [...message.blocks, ...message.attachments.flatMap(({ blocks }) => blocks)].flatMap((block) => [
      ...(block.text ? [block.text.text] : []),
      ...(block.fields ?? []).map(({ text }) => text),
      ...(block.elements ?? []).map(({ text }) => (typeof text === 'string' ? text : (text as Text).text)),
    ]);

  it('says what, who, from where and when, with a runbook to press', () => {
    expect(textsOf(render(sampleAlert()))).toEqual([
      '[HIGH] Account secret created (default)',
      'alice@example.com created an API secret from 203.0.113.9 (NL)',
      'Account\ndefault',
      'When\n2026-03-01 02:14:07 UTC',
      'From\n203.0.113.9 (NL)',
      'user_email\nalice@example.com',
      'source\nCustomer dashboard',
      'Runbook: example.com',
      expect.stringMatching(/^rule 6f1c3f0a-.* · alert [0-9a-f]{32} · event 3b1e9d5c-/),
    ]);
  });

  it.each<[Partial<Alert>, RegExp, string]>([
    [{}, /^\[HIGH\] /, '#e8590c'],
    [{ kind: 'system' }, /^\[MONITOR HIGH\] /, '#e8590c'],
    [{ kind: 'drill' }, /^\[DRILL HIGH\] /, '#7a5cc7'],
    [{ kind: 'system', status: 'resolved' }, /^\[MONITOR RESOLVED\] /, '#2e9e5b'],
    [{ kind: 'summary' }, /^\[SUMMARY HIGH\] /, '#e8590c'],
  ])('labels and colours %j', (change, label, colour) => {
    const message = render(sampleAlert(change));
    expect(message.blocks[0]?.text?.text).toMatch(label);
    expect(message.text).toMatch(label);
    expect(message.attachments[0]?.color).toBe(colour);
  });

  it('says how many fields it left out', () => {
    const texts = textsOf(render(hugeAlert()));
    const shown = texts.filter((text) => text.startsWith('field ')).length;
    expect(texts).toContain(`… and ${500 - shown} more fields`);
  });

  it('makes buttons of http and https references only', () => {
    const references = [
      'javascript:alert(1)',
      'mailto:a@example.com',
      'see the wiki',
      'http://wiki.example.com/a',
    ];
    const message = render(sampleAlert({ rule: { ...sampleAlert().rule, references } }));
    const actions = message.attachments[0]?.blocks.filter(({ type }) => type === 'actions');
    expect(actions?.flatMap(({ elements }) => elements?.map(({ url }) => url))).toEqual([
      'http://wiki.example.com/a',
    ]);
  });

  it('makes link buttons of what a reader can do, before the references', () => {
    const actions = [
      { label: 'Silence for 1 h', url: 'https://monitor.example.com/a/silence' },
      { label: 'Expected change', url: 'https://monitor.example.com/a/expected' },
      { label: 'Too long', url: `https://monitor.example.com/${'x'.repeat(3_000)}` },
    ];
    const message = render(sampleAlert(), actions);
    checkMessage(message);
    const buttons = message.attachments[0]?.blocks.filter(({ type }) => type === 'actions');
    expect(buttons?.map(({ elements }) => elements?.map(({ url }) => url))).toEqual([
      ['https://monitor.example.com/a/silence', 'https://monitor.example.com/a/expected'],
      ['https://example.com/runbooks/secret-created'],
    ]);
  });

  it('reads as a digest when it folds others: counted by level, the most severe first, and how many more', () => {
    const message = render(sampleSummary());
    checkMessage(message);
    const texts = textsOf(message);
    expect(texts.slice(0, 6)).toEqual([
      '[SUMMARY CRITICAL] 30 alerts were folded (default)',
      '30 alerts waited for this sink',
      '30 alerts: 1 critical, 4 high, 25 medium. More alerts waited here than can be read one by one, so they were folded into one message.',
      'CRITICAL · 2026-03-01 02:14:07 UTC · default\nAlert 0: message of alert 0',
      'HIGH · 2026-03-01 02:14:06 UTC · default\nAlert 1: message of alert 1',
      'HIGH · 2026-03-01 02:14:05 UTC · default\nAlert 2: message of alert 2',
    ]);
    expect(texts).toContain('… and 10 more');
  });

  it('lists as many alerts of a digest as fit, whatever they hold', () => {
    const { message: text } = hugeAlert();
    const summary = sampleSummary().summary;
    const members = summary?.members.map((member) => ({ ...member, message: text, title: text })) ?? [];
    const message = render(sampleSummary(summary && { summary: { ...summary, members } }));
    checkMessage(message);
    const listed = textsOf(message).filter(
      (shown) => shown.startsWith('MEDIUM ·') || shown.startsWith('HIGH ·'),
    );
    expect(textsOf(message)).toContain(`… and ${30 - 1 - listed.length} more`);
  });

  it('keeps every limit and lets nothing be acted on, whatever an alert holds', () => {
    fc.assert(
      fc.property(anyAlert, (alert) => checkMessage(render(alert))),
      { numRuns: 150 },
    );
  });
});

describe('slack sink', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  it('asks once per attempt, also when Slack is in trouble', async () => {
    const receiver = await createReceiver();
    closers.push(() => receiver.close());
    receiver.answer({ status: 500 });
    const sink: Sink = slackSink.create('sink', slackSink.options.parse({ url: receiver.url }), sampleDeps());
    closers.push(() => sink.close());
    await sink.send(sampleDelivery(), never);
    expect(receiver.requests).toHaveLength(1);
  });

  it('names the host and nothing else of its URL when it cannot be reached', async () => {
    const sink = slackSink.create(
      'sink',
      slackSink.options.parse({ url: `http://slack.invalid${PATH}` }),
      sampleDeps(),
    );
    closers.push(() => sink.close());
    const text = textOf(await sink.send(sampleDelivery(), never));
    expect(text).toMatch(/^slack\.invalid: /);
    expect(text).not.toContain('services');
  });
});
