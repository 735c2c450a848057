import { afterEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/base/errors.ts';
import { LEVELS } from '../../src/core/alert.ts';
import type { Sink, Verdict } from '../../src/core/delivery.ts';
import { syslogSink } from '../../src/sinks/syslog.ts';
import { CA_CERT, CLIENT_CERT, CLIENT_KEY, SERVER_CERT, SERVER_KEY } from '../support/certs.ts';
import { createStreamSyslog, createUdpSyslog, type SyslogServer } from '../support/syslog-server.ts';
import { type Rig, sinkContract } from './contract.ts';
import { fedEvent } from './fed-events.ts';
import { sampleAlert, sampleDelivery, sampleDeps } from './sample.ts';

const never = new AbortController().signal;
const TLS = { cert: SERVER_CERT, key: SERVER_KEY };

const createSink = (settings: Record<string, unknown>): Sink =>
  syslogSink.create('sink', syslogSink.options.parse(settings), sampleDeps());

interface SyslogRig extends Rig {
  readonly server: SyslogServer;
  mute: boolean;
}

const rigOf = (
  server: SyslogServer,
  settings: Record<string, unknown>,
  isMute: { mute: boolean },
): SyslogRig => ({
  server,
  sink: createSink({ url: server.url, ...settings }),
  get mute() {
    return isMute.mute;
  },
  set mute(value) {
    isMute.mute = value;
  },
  arrivals: () =>
    server.messages.map((message) => ({
      identity: message.data['vonage@32473']?.['delivery_id'] ?? '',
      content: message.raw.toString(),
      bytes: message.raw.length,
    })),
  inspect(alert) {
    expect(server.faults).toEqual([]);
    const [message] = server.messages;
    const { id } = JSON.parse(message?.text ?? '') as { id: string };
    expect(id).toBe(alert.id);
    expect(message?.bom).toBe(true);
    expect(message?.text).not.toMatch(/\p{Cc}/u);
  },
  reached: () => server.reached(),
  disconnected: () => server.disconnected(),
  close: () => server.close(),
});

/** Sends that resolve before the far end has read them: the rig waits for what was sent. */
const settled = (rig: SyslogRig): SyslogRig => {
  let sends = 0;
  const { sink } = rig;
  return Object.assign(rig, {
    sink: {
      ...sink,
      send: async (...all: Parameters<Sink['send']>) => {
        const verdict = await sink.send(...all);
        if (verdict.outcome === 'sent') await rig.server.received(++sends);
        return verdict;
      },
    },
  });
};

sinkContract({
  type: 'syslog',
  status: undefined,
  secrets: [],
  open: async (timeout) => settled(rigOf(await createStreamSyslog(), { timeout }, { mute: false })),
  cases: [
    {
      name: 'a refused connection',
      arrange: (rig) => (rig as SyslogRig).server.close(),
      outcome: 'retry',
      tells: /ECONNREFUSED/,
    },
  ],
});

sinkContract({
  type: 'syslog',
  status: undefined,
  secrets: [CLIENT_KEY],
  open: async (timeout) => {
    const state = { mute: false };
    const server = await createStreamSyslog({ tls: TLS, mute: () => state.mute });
    return settled(rigOf(server, { timeout, ca: CA_CERT, cert: CLIENT_CERT, key: CLIENT_KEY }, state));
  },
  silence: (rig) => {
    (rig as SyslogRig).mute = true;
  },
  cases: [],
});

describe('syslog sink', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  const serve = async (server: Promise<SyslogServer>): Promise<SyslogServer> => {
    const ready = await server;
    closers.push(() => ready.close());
    return ready;
  };
  const open = (settings: Record<string, unknown>): Sink => {
    const sink = createSink(settings);
    closers.push(() => sink.close());
    return sink;
  };
  const feed = (sink: Sink, ...events: Parameters<NonNullable<Sink['sendEvents']>>[0]) =>
    sink.sendEvents?.(events, never) ?? expect.fail('takes no events');

  it('writes every part of the header, and structured data that says what it is about', async () => {
    const server = await serve(createStreamSyslog());
    const sink = open({
      url: server.url,
      facility: 'audit',
      hostname: 'monitor-1',
      app_name: 'vam',
      enterprise_id: 4_242,
    });
    await sink.send(sampleDelivery(), never);
    await server.received(1);
    const [message] = server.messages;
    expect({ ...message, raw: undefined, text: undefined }).toEqual({
      facility: 13,
      severity: 3,
      timestamp: '2026-03-01T02:14:07.000Z',
      hostname: 'monitor-1',
      appName: 'vam',
      procId: String(process.pid),
      msgId: 'ALERT',
      data: {
        'vonage@4242': {
          kind: 'rule',
          status: 'firing',
          level: 'high',
          rule: 'Account secret created',
          rule_id: '6f1c3f0a-2f0e-4e0b-9a51-3d7d2f0c8a11',
          account: 'default',
          alert_id: sampleAlert().id,
          delivery_id: sampleDelivery().id,
        },
      },
      bom: true,
    });
  });

  it('has the severity of the level', async () => {
    const server = await serve(createStreamSyslog());
    const sink = open({ url: server.url });
    for (const level of LEVELS)
      await sink.send(sampleDelivery(sampleAlert({ rule: { ...sampleAlert().rule, level } })), never);
    await server.received(LEVELS.length);
    expect(server.messages.map(({ severity }) => severity)).toEqual([6, 5, 4, 3, 2]);
  });

  it('escapes what structured data reserves, and keeps header fields to what they may hold', async () => {
    const server = await serve(createStreamSyslog());
    await feed(
      open({ url: server.url, bom: false }),
      fedEvent({ account: 'a "b" \\ ]x=', eventType: 'ÄÖ TYPE\n' + 'X'.repeat(99) }),
    );
    await server.received(1);
    expect(server.faults).toEqual([]);
    expect(server.messages[0]?.data['vonage@32473']?.account).toBe('a "b" \\ ]x=');
    expect(server.messages[0]?.msgId).toMatch(/^_TYPE_X{26}$/);
    expect(server.messages[0]?.bom).toBe(false);
  });

  it('sends a batch of events in order, each with its time and type', async () => {
    const server = await serve(createStreamSyslog());
    const verdict = await feed(
      open({ url: server.url }),
      fedEvent({ id: 'a' }),
      fedEvent({ id: 'b', eventType: 'USER_LOGIN', createdAtMs: Date.UTC(2026, 2, 1) }),
    );
    expect(verdict.outcome).toBe('sent');
    await server.received(2);
    expect(server.messages.map(({ msgId, timestamp, severity }) => [msgId, timestamp, severity])).toEqual([
      ['ACCOUNT_SECRET_CREATE', '2026-03-01T02:14:07.000Z', 6],
      ['USER_LOGIN', '2026-03-01T00:00:00.000Z', 6],
    ]);
    expect(server.messages.map(({ text }) => (JSON.parse(text) as { id: string }).id)).toEqual(['a', 'b']);
  });

  it('separates messages by line feeds where it is told to', async () => {
    const server = await serve(createStreamSyslog({ framing: 'lf' }));
    const sink = open({ url: server.url, framing: 'lf' });
    await feed(sink, fedEvent({ id: 'a' }, { context: { text: 'two\nlines' } }), fedEvent({ id: 'b' }));
    await server.received(2);
    expect(server.faults).toEqual([]);
    expect(JSON.parse(server.messages[0]?.text ?? '')).toMatchObject({
      event: { context: { text: 'two\nlines' } },
    });
  });

  it('keeps its connection, and opens a new one when the server has closed it: nothing is lost', async () => {
    const server = await serve(createStreamSyslog());
    const sink = open({ url: server.url });
    await feed(sink, fedEvent({ id: 'a' }));
    await feed(sink, fedEvent({ id: 'b' }));
    await server.received(2);
    expect(server.connections()).toBe(1);
    server.hangUp();
    await server.disconnected();
    expect((await feed(sink, fedEvent({ id: 'c' }))).outcome).toBe('sent');
    await server.received(3);
    expect(server.connections()).toBe(2);
    server.hangUp('reset');
    await server.disconnected();
    await feed(sink, fedEvent({ id: 'd' }));
    await server.received(4);
    expect(server.messages.map(({ text }) => (JSON.parse(text) as { id: string }).id).join('')).toBe('abcd');
  });

  it('answers retry while the server is away and goes on when it is back', async () => {
    const first = await serve(createStreamSyslog());
    const sink = open({ url: first.url });
    await feed(sink, fedEvent());
    await first.close();
    const verdict = await feed(sink, fedEvent());
    expect(verdict).toMatchObject({ outcome: 'retry', reason: expect.stringMatching(/ECONNREFUSED/) });
    const second = await serve(createStreamSyslog({ port: first.port }));
    expect((await feed(sink, fedEvent())).outcome).toBe('sent');
    await second.received(1);
  });

  describe('udp', () => {
    it('sends one datagram a message', async () => {
      const server = await serve(createUdpSyslog());
      const sink = open({ url: server.url });
      expect((await feed(sink, fedEvent({ id: 'a' }), fedEvent({ id: 'b' }))).outcome).toBe('sent');
      await server.received(2);
      expect(server.faults).toEqual([]);
      expect(server.messages).toHaveLength(2);
    });

    it('cuts what does not fit into a datagram between two characters, with a note', async () => {
      const server = await serve(createUdpSyslog());
      const sink = open({ url: server.url });
      const small = open({ url: server.url, max_size: 480 });
      const message = '😀'.repeat(2_000);
      for (let shift = 0; shift < 4; shift += 1) {
        const delivery = sampleDelivery(sampleAlert({ message: `${'x'.repeat(shift)}${message}` }));
        await sink.send(delivery, never);
        await small.send(delivery, never);
      }
      await server.received(8);
      expect(server.faults).toEqual([]);
      for (const [index, { raw, text }] of server.messages.entries()) {
        expect(raw.length).toBeLessThanOrEqual(index % 2 === 0 ? 2_048 : 480);
        expect(raw.length).toBeGreaterThan(index % 2 === 0 ? 2_040 : 472);
        expect(text.endsWith(' … (cut)')).toBe(true);
      }
    });

    it('hears of it when nobody listens there, and goes on when somebody does', async () => {
      const first = await serve(createUdpSyslog());
      const sink = open({ url: first.url });
      await feed(sink, fedEvent());
      await first.close();
      // The first refusal may be heard of only after a datagram that it is about.
      const verdicts: Verdict[] = [];
      for (let n = 0; n < 50; n += 1) {
        const verdict = await feed(sink, fedEvent());
        verdicts.push(verdict);
        if (verdict.outcome === 'retry') break;
      }
      expect(verdicts.at(-1)).toMatchObject({
        outcome: 'retry',
        reason: expect.stringMatching(/ECONNREFUSED/),
      });
      const second = await serve(createUdpSyslog(first.port));
      expect((await feed(sink, fedEvent())).outcome).toBe('sent');
      await second.received(1);
    });
  });

  describe('tls', () => {
    it('shows its certificate to a server that asks for one', async () => {
      const server = await serve(
        createStreamSyslog({ tls: { ...TLS, requestCert: true, rejectUnauthorized: true, ca: CA_CERT } }),
      );
      await feed(open({ url: server.url, ca: CA_CERT, cert: CLIENT_CERT, key: CLIENT_KEY }), fedEvent());
      await server.received(1);
      expect(server.faults).toEqual([]);
    });

    it.each([
      ['that nobody vouches for', {}, /certificate|issuer|CERT/i],
      ['for another name', { ca: CA_CERT, server_name: 'syslog.example.com' }, /altname|ALTNAME/i],
    ])('tells nothing to a server with a certificate %s', async (_name, settings, tells) => {
      const server = await serve(createStreamSyslog({ tls: TLS }));
      const verdict = await feed(open({ url: server.url, ...settings }), fedEvent());
      expect(verdict).toMatchObject({ outcome: 'retry', reason: expect.stringMatching(tells) });
      expect(server.messages).toEqual([]);
    });

    it('checks the name it was given, with which it also asks', async () => {
      const server = await serve(createStreamSyslog({ tls: TLS }));
      expect(
        (await feed(open({ url: server.url, ca: CA_CERT, server_name: 'localhost' }), fedEvent())).outcome,
      ).toBe('sent');
      await server.received(1);
    });
  });

  it.each([
    ['line feeds over TLS', { url: 'tls://h', framing: 'lf' }, /only for tcp/],
    ['a certificate without TLS', { url: 'tcp://h', ca: CA_CERT }, /only for tls/],
    ['half a client certificate', { url: 'tls://h', cert: CLIENT_CERT }, /only of use together/],
  ])('%s is refused', (_name, settings, tells) => {
    expect(() => createSink(settings)).toThrow(UsageError);
    expect(() => createSink(settings)).toThrow(tells);
  });
});
