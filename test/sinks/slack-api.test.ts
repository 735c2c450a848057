import { afterEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/base/errors.ts';
import type { Alert } from '../../src/core/alert.ts';
import type { Delivery, Sink, Verdict } from '../../src/core/delivery.ts';
import { slackSink } from '../../src/sinks/slack.ts';
import type { Receiver } from '../support/receiver.ts';
import { createSlackApi, type SlackApi } from '../support/slack-api.ts';
import { type Case, sinkContract, textOf } from './contract.ts';
import type { HttpRig } from './http-cases.ts';
import { sampleAlert, sampleDelivery, sampleDeps, sampleSummary } from './sample.ts';

const TOKEN = 'xoxb-123456789012-AbCdEfGhIjKlMnOp';
const CHANNEL = 'C0123456789';
const never = new AbortController().signal;

interface SlackRig extends HttpRig {
  readonly api: SlackApi;
}

const create = (api: Pick<SlackApi, 'url'>, settings: Record<string, unknown> = {}): Sink =>
  slackSink.create(
    'sink',
    slackSink.options.parse({ token: TOKEN, channel: CHANNEL, api_url: api.url, ...settings }),
    sampleDeps(),
  );

const open = async (timeout: string): Promise<SlackRig> => {
  const api = await createSlackApi(TOKEN, { alerts: CHANNEL });
  const { receiver } = api;
  return {
    api,
    receiver,
    sink: create(api, { timeout }),
    arrivals: () =>
      api.messages().map(({ content }, index) => ({
        identity: /alert (\w+)/.exec(JSON.stringify(content))?.[1] ?? '',
        content: JSON.stringify(content),
        bytes: Buffer.byteLength(receiver.requests[index]?.body ?? ''),
      })),
    // The fake takes nothing that is malformed, over a limit, or able to mention anybody.
    inspect: () => expect(api.messages()).toHaveLength(1),
    reached: () => receiver.received(1),
    disconnected: () => receiver.disconnected(),
    close: () => api.close(),
  };
};

const answering = (
  name: string,
  answer: Parameters<Receiver['answer']>[0],
): Pick<Case, 'name' | 'arrange'> => ({
  name,
  arrange: (rig) => (rig as HttpRig).receiver.answer(answer),
});

const saying = (
  error: string,
  outcome: Case['outcome'],
  tells: RegExp,
  more: Readonly<Record<string, unknown>> = {},
): Case => ({
  ...answering(`ok: false, ${error}`, { body: JSON.stringify({ ok: false, error, ...more }) }),
  outcome,
  status: 200,
  tells,
});

const REJECTED: readonly (readonly [words: string, tells: RegExp])[] = [
  ['invalid_auth not_authed account_inactive token_revoked token_expired', /install the Slack app again/],
  ['missing_scope no_permission not_allowed_token_type', /scope chat:write/],
  ['not_in_channel', /invite the Slack app/],
  ['channel_not_found', /no such channel/],
  ['is_archived', /archived/],
  [
    `restricted_action restricted_action_read_only_channel restricted_action_thread_only_channel
     restricted_action_non_threadable_channel ekm_access_denied access_denied accesslimited enterprise_is_restricted
     two_factor_setup_required`,
    /administrators/,
  ],
  ['team_access_not_granted', /not for the workspace/],
  [
    `msg_too_long invalid_blocks invalid_blocks_format invalid_attachments too_many_attachments no_text invalid_arguments
     invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_post_type missing_post_type invalid_json
     json_not_object`,
    /does not take this message/,
  ],
  ['method_deprecated deprecated_endpoint', /needs an update/],
  ['something_new', /$/],
];

const RETRIED =
  `ratelimited rate_limited message_limit_exceeded fatal_error internal_error service_unavailable
  request_timeout team_added_to_org org_login_required external_channel_migrating update_failed`.split(/\s+/);

sinkContract({
  type: 'slack',
  status: 200,
  secrets: [TOKEN],
  open,
  silence: (rig) => (rig as HttpRig).receiver.next('hang'),
  cases: [
    ...REJECTED.flatMap(([words, tells]) =>
      words
        .split(/\s+/)
        .map((word) =>
          saying(word, 'rejected', new RegExp(`127\\.0\\.0\\.1:\\d+: ${word}.*${tells.source}`)),
        ),
    ),
    ...RETRIED.map((word) => saying(word, 'retry', new RegExp(`: ${word}$`))),
    saying('missing_scope', 'rejected', /needed: chat:write$/, {
      needed: 'chat:write',
      provided: 'users:read',
    }),
    saying('invalid_blocks', 'rejected', /must be less than 151 characters/, {
      response_metadata: { messages: ['[ERROR] must be less than 151 characters'] },
    }),
    saying(`x ${TOKEN} y`, 'rejected', /x \[redacted\] y/),
    {
      ...answering('429 with Retry-After', {
        status: 429,
        headers: { 'retry-after': '30' },
        body: '{"ok":false,"error":"ratelimited"}',
      }),
      outcome: 'retry',
      status: 429,
      afterMs: 30_000,
      tells: /ratelimited/,
    },
    {
      ...answering('200 with Retry-After', {
        headers: { 'retry-after': '4' },
        body: '{"ok":false,"error":"rate_limited"}',
      }),
      outcome: 'retry',
      status: 200,
      afterMs: 4_000,
    },
    {
      ...answering('503 with a refusal in it', { status: 503, body: '{"ok":false,"error":"invalid_auth"}' }),
      outcome: 'retry',
      status: 503,
    },
    { ...answering('500 without words', { status: 500 }), outcome: 'retry', status: 500, tells: /HTTP 500/ },
    { ...answering('404', { status: 404 }), outcome: 'rejected', status: 404, tells: /HTTP 404/ },
    {
      ...answering('a redirect', { status: 302, headers: { location: '/elsewhere' } }),
      outcome: 'rejected',
      status: 302,
      tells: /redirects are not followed/,
    },
    {
      ...answering('200 with a page', { body: '<html>please log in</html>' }),
      outcome: 'retry',
      status: 200,
      tells: /no answer of Slack's/,
    },
    { ...answering('200 with half an answer', { body: '{"ok":true,"chan' }), outcome: 'retry', status: 200 },
    { ...answering('200 with another JSON', { body: '["ok"]' }), outcome: 'retry', status: 200 },
    { ...answering('an answer that breaks off', 'reset in body'), outcome: 'retry', status: 200 },
    { ...answering('a connection cut before the answer', 'reset'), outcome: 'retry', tells: /127\.0\.0\.1/ },
    { ...answering('bytes that are no HTTP', 'garbage'), outcome: 'retry' },
    {
      name: 'a refused connection',
      arrange: (rig) => (rig as HttpRig).receiver.down(),
      outcome: 'retry',
      tells: /ECONNREFUSED/,
    },
  ],
});

describe('slack sink with a bot token', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  const start = async (settings: Record<string, unknown> = {}) => {
    const api = await createSlackApi(TOKEN, { alerts: CHANNEL, other: 'C0999999999' });
    closers.push(() => api.close());
    const sink = create(api, settings);
    closers.push(() => sink.close());
    let count = 0;
    const send = (change: Partial<Alert> = {}, references: Partial<Delivery> = {}): Promise<Verdict> => {
      count += 1;
      return sink.send(sampleDelivery(sampleAlert({ id: `alert${count}`, ...change }), 1, references), never);
    };
    return { api, sink, send };
  };
  const refOf = (verdict: Verdict): string => {
    const ref = verdict.outcome === 'sent' ? verdict.ref : undefined;
    expect(ref).toMatch(/^C0123456789:\d+\.\d+$/);
    return ref ?? '';
  };
  const level = (name: Alert['rule']['level']): Partial<Alert> => ({
    rule: { ...sampleAlert().rule, level: name },
  });
  const resolved = (atMs: number): Partial<Alert> => ({
    kind: 'system',
    status: 'resolved',
    resolves: 'alert1',
    message: 'The Audit API accepts its key again. It lasted 2h.',
    createdAtMs: atMs,
  });
  const textsOf = (content: unknown): string => JSON.stringify(content);

  it('posts the first alert of a thread and answers to it with the later ones', async () => {
    const { api, send } = await start();
    const ref = refOf(await send({}, { thread: 't' }));
    await send({}, { thread: 't', threadRef: ref });
    await send(level('critical'), { thread: 't', threadRef: ref });
    await send({ ...sampleSummary() }, { thread: 't', threadRef: ref });
    const [first, ...later] = api.messages();
    expect(first).toMatchObject({ channel: CHANNEL, thread: undefined });
    expect(later.map(({ thread, broadcast }) => [thread, broadcast])).toEqual([
      [first?.ts, false],
      [first?.ts, true],
      [first?.ts, true],
    ]);
    expect(api.calls()).toEqual(Array.from({ length: 4 }, () => 'chat.postMessage'));
  });

  it('finds a channel by its name as well', async () => {
    const { api, send } = await start({ channel: '#alerts' });
    const ref = refOf(await send());
    await send({}, { threadRef: ref });
    expect(api.messages().map(({ channel, thread }) => [channel, thread === undefined])).toEqual([
      [CHANNEL, true],
      [CHANNEL, false],
    ]);
  });

  it.each(['thread_not_found', 'cannot_reply_to_message', 'restricted_action_non_threadable_channel'])(
    'posts anew when the thread takes no answer: %s',
    async (error) => {
      const { api, send } = await start();
      const ref = refOf(await send());
      api.refuse('chat.postMessage', error);
      const verdict = await send({}, { threadRef: ref });
      expect(refOf(verdict)).not.toBe(ref);
      expect(api.messages().map(({ thread }) => thread)).toEqual([undefined, undefined]);
    },
  );

  it('posts anew when the first message was deleted', async () => {
    const { api, send } = await start();
    const ref = refOf(await send());
    api.remove(ref.split(':')[1] ?? '');
    expect((await send({}, { threadRef: ref })).outcome).toBe('sent');
    expect(api.messages()).toMatchObject([{ thread: undefined }]);
  });

  it('does not follow a reference into a channel that is no longer configured', async () => {
    const { api, send } = await start();
    expect((await send({}, { threadRef: 'C0999999999:1.2', firingRef: 'C0999999999:1.2' })).outcome).toBe(
      'sent',
    );
    expect(api.messages()).toMatchObject([{ channel: CHANNEL, thread: undefined }]);
    expect(api.calls()).toHaveLength(1);
  });

  it('ignores a reference it cannot read', async () => {
    const { api, send } = await start();
    for (const threadRef of ['', 'x', 'C0123456789:', '../../api:1.1', 'C0123456789:1.1:2'])
      expect((await send({}, { threadRef })).outcome).toBe('sent');
    expect(api.messages().every(({ thread }) => thread === undefined)).toBe(true);
  });

  it('changes the first message when it is resolved, and answers in its thread', async () => {
    const { api, send } = await start();
    const ref = refOf(await send({ kind: 'system' }));
    const [firing] = api.messages();
    const verdict = await send(resolved(Number(firing?.ts) * 1_000 + 7_200_000), {
      firingRef: ref,
      threadRef: ref,
    });
    expect(verdict).toMatchObject({
      outcome: 'sent',
      receipt: expect.stringMatching(/the first message was changed$/),
    });
    expect(refOf(verdict)).not.toBe(ref);
    const [changed, answer] = api.messages();
    expect(changed?.edits).toBe(1);
    expect(textsOf(changed?.content)).toMatch(/\[MONITOR RESOLVED\].*#2e9e5b/);
    expect(textsOf(changed?.content)).toContain(', 2h after it was reported here.');
    expect(answer).toMatchObject({ thread: firing?.ts, broadcast: false });
    expect(textsOf(answer?.content)).toContain('It lasted 2h.');
    const sizes = api.receiver.requests.slice(1).map(({ body }) => Buffer.byteLength(body));
    expect(verdict.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });

  it('answers to the first message of the thread when the one it resolves was an answer itself', async () => {
    const { api, send } = await start();
    const threadRef = refOf(await send());
    const firingRef = refOf(await send({ kind: 'system' }, { threadRef }));
    expect((await send(resolved(0), { threadRef, firingRef })).outcome).toBe('sent');
    const [root, firing, answer] = api.messages();
    expect([root?.edits, firing?.edits]).toEqual([0, 1]);
    expect(answer?.thread).toBe(root?.ts);
  });

  it('posts anew when the message it resolves was deleted', async () => {
    const { api, send } = await start();
    const ref = refOf(await send());
    api.remove(ref.split(':')[1] ?? '');
    const verdict = await send(resolved(0), { firingRef: ref, threadRef: ref });
    expect(verdict).toMatchObject({ outcome: 'sent', receipt: expect.stringContaining('message_not_found') });
    expect(api.messages()).toMatchObject([{ thread: undefined, channel: CHANNEL }]);
  });

  it.each(['cant_update_message', 'edit_window_closed', 'block_mismatch'])(
    'tells the end in the channel when the message may not be changed: %s',
    async (error) => {
      const { api, send } = await start();
      const ref = refOf(await send());
      api.refuse('chat.update', error);
      const verdict = await send(resolved(0), { firingRef: ref, threadRef: ref });
      expect(verdict).toMatchObject({
        outcome: 'sent',
        receipt: expect.stringContaining(`stays as it was: ${error}`),
      });
      const [firing, answer] = api.messages();
      expect(firing?.edits).toBe(0);
      expect(answer).toMatchObject({ thread: firing?.ts, broadcast: true });
    },
  );

  it('tells nothing twice when the change has to wait', async () => {
    const { api, send } = await start();
    const ref = refOf(await send());
    api.refuse('chat.update', 'ratelimited');
    const delivery = { firingRef: ref, threadRef: ref };
    expect(await send(resolved(0), delivery)).toMatchObject({ outcome: 'retry' });
    expect(api.messages()).toHaveLength(1);
    expect(await send(resolved(0), delivery)).toMatchObject({ outcome: 'sent' });
    expect(api.messages()).toHaveLength(2);
  });

  it('repeats the change without harm when only the answer failed', async () => {
    const { api, send } = await start();
    const ref = refOf(await send());
    const delivery = { firingRef: ref, threadRef: ref };
    api.refuse('chat.postMessage', 'internal_error');
    expect(await send(resolved(0), delivery)).toMatchObject({
      outcome: 'retry',
      reason: expect.stringMatching(/internal_error; the first message was changed$/),
    });
    expect(await send(resolved(0), delivery)).toMatchObject({ outcome: 'sent' });
    expect(api.messages().map(({ edits }) => edits)).toEqual([2, 0]);
  });

  it('is refused, and says that half was done, when the answer is refused for good', async () => {
    const { api, send } = await start();
    const ref = refOf(await send());
    api.refuse('chat.postMessage', 'restricted_action_read_only_channel');
    expect(await send(resolved(0), { firingRef: ref, threadRef: ref })).toMatchObject({
      outcome: 'rejected',
      reason: expect.stringMatching(/restricted_action_read_only_channel .*; the first message was changed$/),
    });
  });

  it('asks no further when the token is refused', async () => {
    const { api, send } = await start();
    const ref = refOf(await send());
    api.refuse('chat.update', 'token_revoked');
    expect(await send(resolved(0), { firingRef: ref, threadRef: ref })).toMatchObject({
      outcome: 'rejected',
    });
    expect(api.calls()).toEqual(['chat.postMessage', 'chat.update']);
  });

  it('posts what ended where nothing is known of its beginning', async () => {
    const { api, send } = await start();
    expect((await send({ ...resolved(0), ...level('critical') })).outcome).toBe('sent');
    expect(api.messages()).toMatchObject([{ thread: undefined, edits: 0 }]);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ url: 'https://hooks.slack.com/services/x' }, /both url and token/],
    [{ token: '', channel: '' }, /neither url nor token/],
    [{ channel: '' }, /token needs channel/],
    [{ token: '', url: 'https://hooks.slack.com/services/x' }, /channel is of use with token only/],
  ])('refuses options that cannot work together: %j', (settings, message) => {
    const make = () => create({ url: 'https://slack.com/api' }, settings);
    expect(make).toThrow(UsageError);
    expect(make).toThrow(message);
  });

  it('takes no text for a token that is none, and does not repeat it', () => {
    const result = slackSink.options.safeParse({ token: 'https://hooks.slack.com/T0ken' });
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).not.toContain('T0ken');
  });

  it('keeps the token out of what it says of a failure', async () => {
    const { send } = await start({ api_url: 'http://slack.invalid/api' });
    const text = textOf(await send());
    expect(text).toMatch(/^slack\.invalid: /);
    expect(text).not.toContain(TOKEN);
  });
});
