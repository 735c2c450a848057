import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/base/errors.ts';
import type { Sink } from '../../src/core/delivery.ts';
import type { SinkDeps } from '../../src/sinks/sink-type.ts';
import { webhookSink } from '../../src/sinks/webhook.ts';
import { CA_CERT, CLIENT_CERT, CLIENT_KEY, SERVER_CERT, SERVER_KEY } from '../support/certs.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { sinkContract, textOf } from './contract.ts';
import { type HttpRig, httpCases } from './http-cases.ts';
import { sampleAlert, sampleDelivery, sampleDeps, sampleSummary } from './sample.ts';

const SECRET = `whsec_${Buffer.from('a key that is long enough').toString('base64')}`;
const never = new AbortController().signal;

const createSink = (settings: Record<string, unknown>, deps: Partial<SinkDeps> = {}): Sink =>
  webhookSink.create('sink', webhookSink.options.parse(settings), sampleDeps(deps));

const rig = async (settings: Record<string, unknown>): Promise<HttpRig> => {
  const receiver = await createReceiver();
  const sink = createSink({
    url: `${receiver.url.replace('//', '//hook:pass%40word@')}/hooks/T0kenInPath?key=T0kenInQuery`,
    ...settings,
  });
  return {
    receiver,
    sink,
    arrivals: () =>
      receiver.requests.map(({ method, path, headers, body }) => ({
        identity: String(headers['webhook-id']),
        content: `${method} ${path} ${body}`,
        bytes: Buffer.byteLength(body),
      })),
    inspect: (alert) => {
      const [request] = receiver.requests;
      const sent = JSON.parse(request?.body ?? '') as Record<string, unknown>;
      const shown = (sent.specversion === undefined ? sent : sent.data) as Record<string, unknown>;
      expect(Buffer.byteLength(request?.body ?? '')).toBeLessThan(2_000_000);
      expect(request?.body.isWellFormed()).toBe(true);
      expect(request?.body).not.toMatch(/\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])/);
      const message = alert.message.toWellFormed();
      if (message.length <= 20_000) expect(shown.message).toBe(message);
      else expect(shown.message).toMatch(/ … \(cut\)$/);
      expect(shown.id).toBe(alert.id);
    },
    reached: () => receiver.received(1),
    disconnected: () => receiver.disconnected(),
    close: () => receiver.close(),
  };
};

const secrets = ['T0kenInPath', 'T0kenInQuery', 'pass@word', 'pass%40word', SECRET, 'Bearer t0ken', 't0ken'];
const headers = { authorization: 'Bearer t0ken', 'x-tenant': 'a' };

for (const format of ['json', 'cloudevents']) {
  sinkContract({
    type: 'webhook',
    status: 200,
    secrets,
    cases: format === 'json' ? httpCases : [],
    silence: (rig) => (rig as HttpRig).receiver.next('hang'),
    open: (timeout) => rig({ secret: SECRET, headers, timeout, format }),
  });
}

describe('webhook sink', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  const receive = async (options?: Parameters<typeof createReceiver>[0]): Promise<Receiver> => {
    const receiver = await createReceiver(options);
    closers.push(() => receiver.close());
    return receiver;
  };
  const open = (settings: Record<string, unknown>, deps?: Partial<SinkDeps>): Sink => {
    const sink = createSink(settings, deps);
    closers.push(() => sink.close());
    return sink;
  };

  it('signs so that the public library of Standard Webhooks verifies it, with every secret in use', async () => {
    const receiver = await receive();
    const raw = 'a-secret-as-plain-text';
    const sink = open({ url: receiver.url, secret: [SECRET, raw] });
    await sink.send(sampleDelivery(), never);
    const [request] = receiver.requests;
    const given = request?.headers as Record<string, string>;
    const body = request?.body ?? '';
    expect(new Webhook(SECRET).verify(body, given)).toMatchObject({ id: sampleAlert().id });
    expect(new Webhook(raw, { format: 'raw' }).verify(body, given)).toMatchObject({ id: sampleAlert().id });
    expect(() => new Webhook('whsec_AAAA').verify(body, given)).toThrow('No matching signature');
    expect(() => new Webhook(SECRET).verify(`${body} `, given)).toThrow('No matching signature');
  });

  it('takes several secrets from one text, as a file or a variable gives them', async () => {
    const receiver = await receive();
    await open({ url: receiver.url, secret: `${SECRET}\nother\n` }).send(sampleDelivery(), never);
    expect(String(receiver.requests[0]?.headers['webhook-signature']).split(' ')).toHaveLength(2);
  });

  it('sends the same bytes on a later attempt and signs them with the new time', async () => {
    const receiver = await receive();
    let now = Date.UTC(2026, 2, 1);
    const sink = open({ url: receiver.url, secret: SECRET }, { now: () => now });
    await sink.send(sampleDelivery(sampleAlert(), 1), never);
    now += 60_000;
    await sink.send(sampleDelivery(sampleAlert(), 2), never);
    const [first, second] = receiver.requests;
    expect(second?.body).toBe(first?.body);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(Number(second?.headers['webhook-timestamp']) - Number(first?.headers['webhook-timestamp'])).toBe(
      60,
    );
    expect(second?.headers['webhook-signature']).not.toBe(first?.headers['webhook-signature']);
  });

  it('signs nothing without a secret', async () => {
    const receiver = await receive();
    await open({ url: receiver.url, secret: '' }).send(sampleDelivery(), never);
    expect(receiver.requests[0]?.headers).not.toHaveProperty('webhook-signature');
    expect(receiver.requests[0]?.headers['webhook-id']).toBe(sampleDelivery().id);
  });

  it('posts our JSON with every public member', async () => {
    const receiver = await receive();
    const verdict = await open({ url: receiver.url, headers }).send(sampleDelivery(), never);
    const [request] = receiver.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/' });
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'vonage-audit-monitor/1.2.3',
      authorization: 'Bearer t0ken',
      'x-tenant': 'a',
    });
    const alert = sampleAlert();
    expect(JSON.parse(request?.body ?? '')).toEqual({
      id: alert.id,
      delivery_id: sampleDelivery().id,
      incident: alert.id,
      kind: 'rule',
      status: 'firing',
      level: 'high',
      rule: alert.rule,
      account: 'default',
      message: alert.message,
      fields: alert.fields,
      event_ids: alert.eventIds,
      event_types: alert.eventTypes,
      events: alert.events,
      events_omitted: 0,
      summary: null,
      actions: [],
      created_at: '2026-03-01T02:14:07.000Z',
      decided_at: '2026-03-01T02:14:38.120Z',
    });
    expect(textOf(verdict)).toMatch(/^HTTP 200 from 127\.0\.0\.1:\d+ in \d+ms$/);
  });

  it('tells what a reader can do, the same on every attempt', async () => {
    const receiver = await receive();
    const actions = [{ label: 'Silence for 1 h', url: 'https://monitor.example.com/a/1' }];
    const sink = open({ url: receiver.url }, { actionsFor: ({ id }) => (id === '' ? [] : actions) });
    await sink.send(sampleDelivery(sampleAlert(), 1), never);
    await sink.send(sampleDelivery(sampleAlert(), 2), never);
    const [first, second] = receiver.requests.map(({ body }) => body);
    expect(JSON.parse(first ?? '')).toMatchObject({ actions });
    expect(second).toBe(first);
  });

  it('tells what a summary folds', async () => {
    const receiver = await receive();
    await open({ url: receiver.url }).send(sampleDelivery(sampleSummary()), never);
    const { summary } = JSON.parse(receiver.requests[0]?.body ?? '') as { summary: { alerts: unknown[] } };
    expect(summary).toMatchObject({
      reason: 'backlog',
      total: 30,
      levels: { critical: 1, high: 4, medium: 25 },
    });
    expect(summary.alerts).toHaveLength(25);
    expect(summary.alerts[0]).toMatchObject({ level: 'critical', title: 'Alert 0', account: 'default' });
  });

  it('posts a CloudEvent in structured mode', async () => {
    const receiver = await receive();
    await open({ url: receiver.url, format: 'cloudevents' }).send(sampleDelivery(), never);
    const [request] = receiver.requests;
    expect(request?.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
    expect(JSON.parse(request?.body ?? '')).toMatchObject({
      specversion: '1.0',
      id: sampleDelivery().id,
      source: '/vonage-audit-monitor/accounts/default',
      type: 'vonage-audit-monitor.alert.rule.firing',
      subject: sampleAlert().rule.id,
      time: '2026-03-01T02:14:07.000Z',
      datacontenttype: 'application/json',
      data: { id: sampleAlert().id, events: sampleAlert().events },
    });
  });

  it('leaves out events that make the body too large, and says how many', async () => {
    const receiver = await receive();
    const events = Array.from({ length: 8 }, (_, n) => ({ id: `e${n}`, context: 'x'.repeat(100_000) }));
    await open({ url: receiver.url }).send(sampleDelivery(sampleAlert({ events })), never);
    const sent = JSON.parse(receiver.requests[0]?.body ?? '') as {
      events: unknown[];
      events_omitted: number;
    };
    expect(sent.events).toHaveLength(5);
    expect(sent.events_omitted).toBe(3);
  });

  it('verifies the receiver against the given authority and shows its client certificate', async () => {
    const receiver = await receive({
      tls: { key: SERVER_KEY, cert: SERVER_CERT, ca: CA_CERT, requestCert: true, rejectUnauthorized: true },
    });
    const mutual = open({ url: receiver.url, ca: CA_CERT, cert: CLIENT_CERT, key: CLIENT_KEY });
    expect(await mutual.send(sampleDelivery(), never)).toMatchObject({ outcome: 'sent' });
    const nameless = open({ url: receiver.url, ca: CA_CERT });
    expect(await nameless.send(sampleDelivery(), never)).toMatchObject({ outcome: 'retry' });
    const trusting = open({ url: receiver.url, cert: CLIENT_CERT, key: CLIENT_KEY });
    expect(textOf(await trusting.send(sampleDelivery(), never))).toMatch(/certificate/);
    expect(receiver.requests).toHaveLength(1);
  });

  it('goes through the proxy that is meant for its receiver', async () => {
    const proxy = await receive();
    const url = 'http://receiver.invalid:81/path';
    const asked: string[] = [];
    const proxyFor = (target: string): string => {
      asked.push(target);
      return proxy.url.replace('//', '//user:proxypass@');
    };
    expect(await open({ url }, { proxyFor }).send(sampleDelivery(), never)).toMatchObject({
      outcome: 'sent',
    });
    expect(asked).toEqual([url]);
    expect(proxy.requests[0]).toMatchObject({ method: 'POST', path: url });
    expect(proxy.requests[0]?.headers['proxy-authorization']).toMatch(/^Basic /);
    const receiver = await receive();
    await open({ url: receiver.url }, { proxyFor: () => undefined }).send(sampleDelivery(), never);
    expect(receiver.requests).toHaveLength(1);
    expect(proxy.requests).toHaveLength(1);
    proxy.answer({ status: 407 });
    expect(await open({ url }, { proxyFor }).send(sampleDelivery(), never)).toMatchObject({
      outcome: 'retry',
    });
    const tunnelled = 'https://receiver.example/hook';
    expect(await open({ url: tunnelled }, { proxyFor }).send(sampleDelivery(), never)).toMatchObject({
      outcome: 'retry',
    });
  });

  describe('through a proxy that tunnels and wants a password', () => {
    const start = async () => {
      const receiver = await receive({
        tls: { key: SERVER_KEY, cert: SERVER_CERT, ca: CA_CERT, requestCert: true, rejectUnauthorized: true },
      });
      const tunnels: string[] = [];
      const proxy = createServer();
      proxy.on('connect', (request, socket: Duplex) => {
        const given = String(request.headers['proxy-authorization']).replace('Basic ', '');
        if (Buffer.from(given, 'base64').toString() !== 'user:proxypa@ss')
          return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
        tunnels.push(request.url ?? '');
        const through = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          through.pipe(socket).pipe(through);
        });
        for (const end of [socket, through]) end.on('error', () => {});
        return through;
      });
      await once(proxy.listen(0, '127.0.0.1'), 'listening');
      closers.push(async () => proxy.close());
      const { port } = proxy.address() as AddressInfo;
      const send = (settings: object, login = 'user:proxypa%40ss') =>
        open(
          { url: receiver.url, ...settings },
          { proxyFor: () => `http://${login}@127.0.0.1:${port}` },
        ).send(sampleDelivery(), never);
      return { receiver, tunnels, send };
    };
    const mutual = { ca: CA_CERT, cert: CLIENT_CERT, key: CLIENT_KEY };

    it('asks for a tunnel, verifies the receiver itself and shows it the client certificate', async () => {
      const { receiver, tunnels, send } = await start();
      expect(await send({ ...mutual, secret: SECRET })).toMatchObject({ outcome: 'sent', status: 200 });
      expect(tunnels).toEqual([`localhost:${receiver.port}`]);
      const [request] = receiver.requests;
      // What is for the proxy stays there, and what is for the receiver arrives whole.
      expect(request?.headers).not.toHaveProperty('proxy-authorization');
      expect(() =>
        new Webhook(SECRET).verify(request?.body ?? '', request?.headers as Record<string, string>),
      ).not.toThrow();
    });

    it('sends nothing to a receiver it does not trust, or that does not trust it', async () => {
      const { receiver, send } = await start();
      const untrusted = await send({ cert: CLIENT_CERT, key: CLIENT_KEY });
      expect(untrusted).toMatchObject({ outcome: 'retry', reason: expect.stringMatching(/certificate/) });
      expect(await send({ ca: CA_CERT })).toMatchObject({ outcome: 'retry' });
      expect(receiver.requests).toHaveLength(0);
    });

    it('answers retry when the proxy refuses, and keeps the password to itself', async () => {
      const { receiver, tunnels, send } = await start();
      const refused = await send(mutual, 'user:wr0ngpassword');
      expect(refused).toMatchObject({ outcome: 'retry', reason: expect.stringMatching(/407/) });
      expect(textOf(refused)).not.toMatch(/wr0ngpassword|dXNlcj/);
      expect(tunnels).toEqual([]);
      expect(receiver.requests).toHaveLength(0);
    });
  });

  it('sends nothing any more of what ran out of time while it waited for a connection', async () => {
    const receiver = await receive();
    receiver.next('hang');
    const sink = open({ url: receiver.url, timeout: '120ms', concurrency: 1 });
    const send = (id: string) => sink.send(sampleDelivery(sampleAlert({ id })), never);
    const verdicts = await Promise.all([send('hangs'), send('waits')]);
    expect(verdicts.map(textOf)).toEqual([
      expect.stringMatching(/no answer within 120ms/),
      expect.stringMatching(/no answer within 120ms/),
    ]);
    expect(await send('later')).toMatchObject({ outcome: 'sent' });
    const ids = receiver.requests.map(({ body }) => (JSON.parse(body) as { id: string }).id);
    expect(ids).toEqual(['hangs', 'later']);
  });

  it('takes a success for one even when its body does not end in time, or hints came before it', async () => {
    const receiver = await receive();
    receiver.next('hang in body');
    const slow = open({ url: receiver.url, timeout: '120ms' });
    expect(await slow.send(sampleDelivery(), never)).toMatchObject({ outcome: 'sent' });
    const hinting = createServer((request, response) => {
      request.resume();
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.writeHead(429, { 'retry-after': '7' }).end('later');
    });
    await once(hinting.listen(0, '127.0.0.1'), 'listening');
    closers.push(async () => hinting.close());
    const { port } = hinting.address() as AddressInfo;
    expect(await open({ url: `http://127.0.0.1:${port}/` }).send(sampleDelivery(), never)).toMatchObject({
      outcome: 'retry',
      reason: expect.stringMatching(/HTTP 429 .*: later/),
      afterMs: 7_000,
    });
  });

  it('answers retry when the name of the receiver is unknown', async () => {
    const sink = open({ url: 'http://receiver.invalid/' });
    expect(await sink.send(sampleDelivery(), never)).toMatchObject({ outcome: 'retry' });
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ allow_hosts: ['example.org', '*.example.org'] }, /"hooks\.example\.com".*not in allow_hosts/],
    [{ cert: CLIENT_CERT }, /cert and key/],
    [{ ca: CA_CERT, cert: CLIENT_CERT, key: CLIENT_CERT }, /PEM/],
  ])('refuses options that cannot work together: %#', (settings, message) => {
    const create = () => createSink({ url: 'https://hooks.example.com/', ...settings });
    expect(create).toThrow(UsageError);
    expect(create).toThrow(message);
  });

  it('lets only the named hosts be used', () => {
    for (const allowed of ['hooks.example.com', '*.example.com', 'HOOKS.example.com']) {
      expect(() => open({ url: 'https://hooks.example.com/', allow_hosts: [allowed] })).not.toThrow();
    }
    expect(() => open({ url: 'https://evilexample.com/', allow_hosts: ['*.example.com'] })).toThrow(
      UsageError,
    );
  });

  it.each<[string, Record<string, unknown>]>([
    ['unknown keys', { url: '', colour: 'red' }],
    ['another scheme', { url: 'ftp://example.com/' }],
    ['no URL', { url: 'example.com' }],
    ['a secret that is no Base64', { url: '', secret: 'whsec_???' }],
    ['a header that ends the line', { url: '', headers: { 'x-a': 'a\r\nb: c' } }],
    ['a header that the sink sets', { url: '', headers: { 'Content-Length': '1' } }],
    ['a header name with a space', { url: '', headers: { 'x a': '1' } }],
    ['a timeout without a unit', { url: '', timeout: '10' }],
    ['a timeout of nothing', { url: '', timeout: '0s' }],
    ['no PEM text', { url: '', ca: 'certs/ca.pem' }],
    ['no concurrency', { url: '', concurrency: 0 }],
  ])('refuses in its options: %s', (_name, settings) => {
    expect(webhookSink.options.safeParse(settings).success).toBe(false);
  });

  it('never repeats a URL in a message about it', () => {
    const result = webhookSink.options.safeParse({ url: 'ftp://user:T0ken@example.com/' });
    expect(JSON.stringify(result.error?.issues)).not.toContain('T0ken');
  });
});
