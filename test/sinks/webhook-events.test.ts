import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import type { FedEvent, Sink } from '../../src/core/delivery.ts';
import { webhookSink } from '../../src/sinks/webhook.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { ecsFaults } from './ecs-rules.ts';
import { fedEvent } from './fed-events.ts';
import { ocsfFaults } from './ocsf-rules.ts';
import { sampleDelivery, sampleDeps } from './sample.ts';

const SECRET = `whsec_${Buffer.from('a key that is long enough').toString('base64')}`;
const never = new AbortController().signal;

describe('webhook sink that is fed with events', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  const open = async (
    settings: Record<string, unknown> = {},
  ): Promise<{ sink: Sink; receiver: Receiver }> => {
    const receiver = await createReceiver();
    const sink = webhookSink.create(
      'sink',
      webhookSink.options.parse({ url: receiver.url, ...settings }),
      sampleDeps(),
    );
    closers.push(
      () => receiver.close(),
      () => sink.close(),
    );
    return { sink, receiver };
  };
  const feed = (sink: Sink, ...events: readonly FedEvent[]) =>
    sink.sendEvents?.(events, never) ?? expect.fail('takes no events');

  it('posts an array, signed, with an identity that is the same on every attempt', async () => {
    const { sink, receiver } = await open({ secret: SECRET });
    const events = [
      fedEvent({ id: 'a' }),
      fedEvent({ id: 'b', json: '{"id":"b","n":12345678901234567890}' }),
    ];
    expect((await feed(sink, ...events)).outcome).toBe('sent');
    await feed(sink, ...events);
    await feed(sink, fedEvent({ id: 'a' }));
    const [first, second, other] = receiver.requests;
    expect(first?.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(first?.body).toContain('"event":{"id":"b","n":12345678901234567890}');
    expect(
      new Webhook(SECRET).verify(first?.body ?? '', first?.headers as Record<string, string>),
    ).toMatchObject([
      { kind: 'event', account: 'default', id: 'a', event: { user_email: 'alice@example.com' } },
      { id: 'b' },
    ]);
    expect([second?.headers['webhook-id'], second?.body]).toEqual([
      first?.headers['webhook-id'],
      first?.body,
    ]);
    expect(other?.headers['webhook-id']).not.toBe(first?.headers['webhook-id']);
  });

  it('posts lines where it is told to', async () => {
    const { sink, receiver } = await open({ batch: 'ndjson' });
    await feed(sink, fedEvent({ id: 'a', json: '{"id":\n"a"}' }), fedEvent({ id: 'b' }));
    const [request] = receiver.requests;
    expect(request?.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    const lines = (request?.body ?? '').split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(['a', 'b']);
  });

  it('posts a batch of CloudEvents', async () => {
    const { sink, receiver } = await open({ format: 'cloudevents' });
    await feed(sink, fedEvent({ id: 'a' }));
    const [request] = receiver.requests;
    expect(request?.headers['content-type']).toBe('application/cloudevents-batch+json; charset=utf-8');
    expect(JSON.parse(request?.body ?? '')).toMatchObject([
      {
        specversion: '1.0',
        id: 'a',
        source: '/vonage-audit-monitor/accounts/default',
        type: 'vonage-audit-monitor.event',
        subject: 'ACCOUNT_SECRET_CREATE',
        time: '2026-03-01T02:14:07.000Z',
        data: { kind: 'event', event: { id: 'a' } },
      },
    ]);
  });

  it.each([
    ['ecs', ecsFaults],
    ['ocsf', ocsfFaults],
  ] as const)('posts alerts and events as %s', async (format, faults) => {
    const { sink, receiver } = await open({ format });
    await sink.send(sampleDelivery(), never);
    await feed(sink, fedEvent());
    const [alert, events] = receiver.requests.map(({ body }) => JSON.parse(body));
    expect([alert, ...events].map(faults)).toEqual([[], []]);
  });

  it.each([
    [{ status: 400 }, { outcome: 'rejected' }],
    [
      { status: 503, headers: { 'retry-after': '7' } },
      { outcome: 'retry', afterMs: 7_000 },
    ],
  ] as const)('makes of an answer %j what it makes of it for an alert', async (answer, expected) => {
    const { sink, receiver } = await open();
    receiver.answer(answer);
    expect(await feed(sink, fedEvent())).toMatchObject(expected);
  });
});
