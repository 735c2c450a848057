import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import { afterEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/base/errors.ts';
import type { Alert } from '../../src/core/alert.ts';
import type { Sink } from '../../src/core/delivery.ts';
import { emailSink } from '../../src/sinks/email.ts';
import { emailMessage } from '../../src/sinks/email-message.ts';
import type { SinkDeps } from '../../src/sinks/sink-type.ts';
import { CA_CERT, SERVER_KEY } from '../support/certs.ts';
import { checkDkim } from '../support/dkim.ts';
import {
  createSmtpServer,
  type ReceivedMail,
  type Reply,
  type SmtpTestServer,
} from '../support/smtp-server.ts';
import { anyAlert } from './any-alert.ts';
import { type Case, type Rig, sinkContract, textOf } from './contract.ts';
import { hostileAlert, sampleAlert, sampleDelivery, sampleDeps, sampleSummary } from './sample.ts';

const never = new AbortController().signal;
const PASSWORD = 'p@ss/w0rd:x';
const WEAK_KEY = generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
}) as string;
const LOGIN = 'SG9va3M6cEBzcy93MHJkOng=';
const FROM = 'Audit monitor <monitor@example.com>';

interface MailRig extends Rig {
  readonly server: SmtpTestServer;
}

const create = (settings: Record<string, unknown>, deps: Partial<SinkDeps> = {}): Sink =>
  emailSink.create(
    'sink',
    emailSink.options.parse({ from: FROM, to: ['oncall@example.com'], ...settings }),
    sampleDeps(deps),
  );

/** Everything of a mail but what may differ between two attempts: its date and the borders between its parts. */
const lasting = (raw: string): string => {
  const border = /boundary="([^"]+)"/.exec(raw)?.[1] ?? 'no border';
  return raw.replaceAll(border, 'border').replace(/^(Date|Received):.*(\r\n[ \t].*)*\r\n/gm, '');
};

/** Bytes of a mail with doubled dots and the line that ends it (RFC 5321, 4.5.2). */
const sizeOnTheWire = (raw: string): number =>
  Buffer.byteLength(raw) + (raw.match(/^\./gm)?.length ?? 0) + (raw.endsWith('\r\n') ? 3 : 5);

const HEADERS = new Set(
  `auto-submitted content-type date from importance in-reply-to message-id mime-version references subject to x-audit-alert-id
   x-audit-kind x-audit-level x-audit-status x-auto-response-suppress x-msmail-priority x-priority received`.split(
    /\s+/,
  ),
);

/** Checks that a mail has the headers it should have and no other, and that its HTML holds nothing that acts. */
const checkMail = (raw: string, parsed: ReceivedMail['parsed']): void => {
  const head = raw.slice(0, raw.indexOf('\r\n\r\n'));
  for (const line of head.split('\r\n')) {
    expect(line.length).toBeLessThanOrEqual(998);
    if (!/^[ \t]/.test(line)) expect(HEADERS).toContain(line.slice(0, line.indexOf(':')).toLowerCase());
  }
  expect(raw).not.toMatch(/[^\r]\n|\r[^\n]/);
  expect(parsed.subject).not.toMatch(/[\r\n]/);
  expect(parsed.subject?.length).toBeLessThanOrEqual(210);
  expect(parsed.bcc).toBeUndefined();
  expect(parsed.cc).toBeUndefined();
  expect(parsed.attachments).toEqual([]);
  const html = parsed.html || '';
  expect(html).not.toMatch(/<(script|img|iframe|object|form|style|link|base)/i);
  expect([...html.matchAll(/href="([^"]*)"/g)].every(([, url]) => /^https?:\/\//.test(url ?? ''))).toBe(true);
  expect(html).not.toMatch(/ on\w+=/i);
  expect(raw.length).toBeLessThan(1_000_000);
};

const inspect = ({ mails: [mail] }: SmtpTestServer): void => {
  expect(mail?.to).toEqual(['oncall@example.com', 'backup@example.com']);
  expect(mail?.encrypted).toBe(true);
  if (mail) checkMail(mail.raw, mail.parsed);
};

const refusing = (habit: keyof SmtpTestServer['habits'], code: number, outcome: Case['outcome']): Case => ({
  name: `${code} to ${habit}`,
  arrange: (rig) => {
    (rig as MailRig).server.habits[habit] = () => ({ code, text: 'said the server' });
  },
  outcome,
  status: code,
  tells: new RegExp(`localhost:\\d+: .*${code}.* said the server`),
});

const breaking = (habit: keyof SmtpTestServer['habits']): Case => ({
  name: `a connection cut at ${habit}`,
  arrange: (rig) => {
    (rig as MailRig).server.habits[habit] = () => 'reset';
  },
  outcome: 'retry',
  tells: /^localhost:\d+: /,
});

sinkContract({
  type: 'email',
  status: 250,
  secrets: [PASSWORD, encodeURIComponent(PASSWORD), LOGIN, Buffer.from(PASSWORD).toString('base64')],
  cases: [
    refusing('onConnect', 421, 'retry'),
    refusing('onConnect', 554, 'rejected'),
    refusing('onLogin', 535, 'rejected'),
    refusing('onLogin', 454, 'retry'),
    refusing('onSender', 451, 'retry'),
    refusing('onSender', 550, 'rejected'),
    refusing('onSender', 503, 'retry'),
    refusing('onRecipient', 450, 'retry'),
    refusing('onRecipient', 421, 'retry'),
    refusing('onRecipient', 550, 'rejected'),
    refusing('onMessage', 452, 'retry'),
    refusing('onMessage', 552, 'rejected'),
    refusing('onMessage', 554, 'rejected'),
    breaking('onConnect'),
    breaking('onLogin'),
    breaking('onSender'),
    breaking('onRecipient'),
    breaking('onMessage'),
    {
      name: 'a refusal that echoes the password',
      arrange: (rig) => {
        (rig as MailRig).server.habits.onLogin = (user, password) => ({
          code: 535,
          text: `${user}:${password} ${Buffer.from(`\0${user}\0${password}`).toString('base64')} is wrong`,
        });
      },
      outcome: 'rejected',
      status: 535,
      tells: /\[redacted\].* is wrong/,
    },
    {
      name: 'a refused connection',
      arrange: (rig) => (rig as MailRig).server.close(),
      outcome: 'retry',
      tells: /ECONNREFUSED/,
    },
  ],
  silence: (rig) => {
    let once = true;
    (rig as MailRig).server.habits.onMessage = (): Reply => {
      const reply = once ? ('hang' as const) : undefined;
      once = false;
      return reply;
    };
  },
  open: async (timeout): Promise<MailRig> => {
    const server = await createSmtpServer({ login: true });
    const url = `smtp://Hooks:${encodeURIComponent(PASSWORD)}@localhost:${server.port}`;
    return {
      server,
      sink: create({ url, ca: CA_CERT, timeout, to: ['oncall@example.com', 'backup@example.com'] }),
      arrivals: () =>
        server.mails.map(({ raw, parsed }) => ({
          identity: parsed.messageId ?? '',
          content: lasting(raw),
          bytes: sizeOnTheWire(raw),
        })),
      inspect: () => inspect(server),
      reached: () => server.connected(),
      disconnected: () => server.disconnected(),
      close: () => server.close(),
    };
  },
});

describe('email sink', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  const serve = async (options?: Parameters<typeof createSmtpServer>[0]): Promise<SmtpTestServer> => {
    const server = await createSmtpServer(options);
    closers.push(() => server.close());
    return server;
  };
  const open = (settings: Record<string, unknown>): Sink => {
    const sink = create(settings);
    closers.push(() => sink.close());
    return sink;
  };
  const mailOf = async (
    change: Partial<Alert> = {},
    settings: Record<string, unknown> = {},
  ): Promise<ReceivedMail> => {
    const server = await serve();
    const sink = open({ url: `smtp://localhost:${server.port}`, ca: CA_CERT, ...settings });
    expect(await sink.send(sampleDelivery(sampleAlert(change)), never)).toMatchObject({ outcome: 'sent' });
    return server.mails[0] as ReceivedMail;
  };

  it('says what happened in text and in HTML', async () => {
    const { parsed } = await mailOf();
    expect(parsed.subject).toBe('[Vonage audit] [HIGH] Account secret created (default)');
    expect(parsed.text).toMatch(
      /^\[HIGH\] Account secret created \(default\)\n\nalice@example\.com created an API secret/,
    );
    expect(parsed.text).toContain('When:       2026-03-01 02:14:07 UTC\n');
    expect(parsed.text).toContain('"event_type": "ACCOUNT_SECRET_CREATE"');
    expect(parsed.html).toContain('bgcolor="#e8590c"');
    expect(parsed.html).toContain('<a href="https://example.com/runbooks/secret-created">');
    expect(parsed.from?.value).toEqual([{ name: 'Audit monitor', address: 'monitor@example.com' }]);
  });

  it('reads well in a terminal: 72 columns, labels aligned, no space at the end of a line, the JSON last', async () => {
    const server = await serve();
    const actionsFor = () => [{ label: 'Silence for 1 h', url: 'https://monitor.example.com/a/1' }];
    const sink = create({ url: `smtp://localhost:${server.port}`, ca: CA_CERT }, { actionsFor });
    closers.push(() => sink.close());
    const message =
      'alice@example.com changed number 447700900000 (GB) from 203.0.113.9 (NL): calls now go to SIP address sip:m@example.net';
    const fields = [
      {
        name: 'Calls go to',
        value: 'SIP address sip:m@example.net, which is a long way from where they went before',
      },
    ];
    await sink.send(sampleDelivery(sampleAlert({ message, fields })), never);
    const { text, html } = (server.mails[0] as ReceivedMail).parsed;
    expect(text?.trimEnd()).toBe(
      `[HIGH] Account secret created (default)

alice@example.com changed number 447700900000 (GB) from 203.0.113.9
(NL): calls now go to SIP address sip:m@example.net

Account:     default
When:        2026-03-01 02:14:07 UTC
Who:         alice@example.com
From:        203.0.113.9 (NL)
Calls go to: SIP address sip:m@example.net, which is a long way from
             where they went before

Silence for 1 h:
  https://monitor.example.com/a/1

See also:
  https://example.com/runbooks/secret-created

------------------------------------------------------------------------

Rule:     6f1c3f0a-2f0e-4e0b-9a51-3d7d2f0c8a11
Alert:    ${sampleAlert().id}
Delivery: ${sampleDelivery().id}

The event, word for word:

${JSON.stringify(sampleAlert().events[0], null, 2)}`,
    );
    expect(html).toContain('<a href="https://monitor.example.com/a/1">Silence for 1 h</a>');
  });

  it('ends no line of the text with a space, also where an event holds a line end of another kind', async () => {
    const { parsed } = await mailOf({
      events: [{ id: 'e1', context: 'first \u2028second' }],
      message: 'so  \n be it',
    });
    expect(parsed.text).toContain('first\nsecond');
    expect(parsed.text).not.toMatch(/[ \t]$/m);
  });

  it('shows a summary as a digest, the most severe first, in both parts', async () => {
    const { parsed } = await mailOf(sampleSummary());
    const order = (text: string): readonly number[] =>
      ['1 critical, 4 high, 25 medium', 'Alert 0', 'Alert 1', 'Alert 24', '… and 5 more'].map((part) =>
        text.indexOf(part),
      );
    for (const part of [parsed.text ?? '', parsed.html || '']) {
      const found = order(part);
      expect(found).not.toContain(-1);
      expect(found).toEqual([...found].sort((a, b) => a - b));
    }
    expect(parsed.subject).toBe('[Vonage audit] [SUMMARY CRITICAL] 30 alerts were folded (default)');
    expect(parsed.text).toContain(
      'CRITICAL · 2026-03-01 02:14:07 UTC · default\n  Alert 0\n  message of alert 0\n',
    );
    expect(parsed.html).toContain('bgcolor="#c8102e"');
  });

  it('shows markup in an alert as text', async () => {
    const markup = '<script>alert(1)</script> <b title="x" onclick=\'y\'>&amp;</b>';
    const change = { message: markup, fields: [{ name: markup, value: markup }], account: markup };
    const { parsed } = await mailOf({
      ...change,
      rule: { ...sampleAlert().rule, title: markup, id: markup },
    });
    const shown =
      '&lt;script&gt;alert(1)&lt;/script&gt; &lt;b title=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;amp;&lt;/b&gt;';
    expect(String(parsed.html).split(shown)).toHaveLength(9);
    expect(parsed.text).toContain(markup);
  });

  it('keeps its Message-ID on every attempt and puts alerts of one rule and account into one thread', async () => {
    const server = await serve();
    const sink = open({ url: `smtp://localhost:${server.port}`, ca: CA_CERT });
    await sink.send(sampleDelivery(sampleAlert()), never);
    await sink.send(sampleDelivery(sampleAlert(), 2), never);
    await sink.send(sampleDelivery(sampleAlert({ id: 'later' })), never);
    await sink.send(sampleDelivery(sampleAlert({ id: 'elsewhere', account: 'other' })), never);
    const [first, again, later, elsewhere] = server.mails.map(({ parsed }) => parsed);
    expect(first?.messageId).toBe(`<${sampleDelivery().id}@example.com>`);
    expect(again?.messageId).toBe(first?.messageId);
    expect(later?.messageId).not.toBe(first?.messageId);
    expect(later?.references).toBe(first?.references);
    expect(later?.inReplyTo).toBe(first?.references);
    expect(elsewhere?.references).not.toBe(first?.references);
  });

  it('puts what belongs to one thread of deliveries into one thread, whatever rule it is of', async () => {
    const server = await serve();
    const sink = open({ url: `smtp://localhost:${server.port}`, ca: CA_CERT });
    const other = sampleAlert({ id: 'b', rule: { ...sampleAlert().rule, id: 'other' } });
    await sink.send(sampleDelivery(sampleAlert(), 1, { thread: 'group 1' }), never);
    await sink.send(sampleDelivery(other, 1, { thread: 'group 1' }), never);
    await sink.send(sampleDelivery(other, 1, { thread: 'group 2' }), never);
    const [first, second, third] = server.mails.map(({ parsed }) => parsed.references);
    expect(first).toMatch(/^<thread\.[0-9a-f]{32}@example\.com>$/);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(server.mails[0]?.parsed.inReplyTo).toBe(first);
  });

  it('uses one connection for mails that follow each other', async () => {
    const server = await serve();
    const sink = open({ url: `smtp://localhost:${server.port}`, ca: CA_CERT });
    for (const id of ['a', 'b', 'c']) await sink.send(sampleDelivery(sampleAlert({ id })), never);
    expect(server.mails).toHaveLength(3);
    expect(server.opened()).toBe(1);
  });

  it.each<[Partial<Alert>, RegExp]>([
    [{ rule: { ...sampleAlert().rule, level: 'critical' } }, /^Importance: High\r$/m],
    [{ rule: { ...sampleAlert().rule, level: 'medium' } }, /^(?![^]*Importance)/],
    [{ rule: { ...sampleAlert().rule, level: 'low' } }, /^Importance: Low\r$/m],
    [{ kind: 'drill' }, /^(?![^]*Importance)/],
  ])('ranks mails by level: %j', async (change, priority) => {
    const { raw } = await mailOf(change);
    expect(raw).toMatch(priority);
    expect(raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  });

  it('keeps names with commas and quotes whole', async () => {
    const to = [
      '"Doe, \\"JD\\" Jane" <jane@example.com>, plain@example.com',
      'Jörg Groß <joerg@example.com>',
    ];
    const { parsed, to: envelope } = await mailOf({}, { to });
    expect(envelope).toEqual(['jane@example.com', 'plain@example.com', 'joerg@example.com']);
    const [header] = [parsed.to].flat();
    expect(header?.value.map(({ name, address }) => [name, address])).toEqual([
      ['Doe, "JD" Jane', 'jane@example.com'],
      ['', 'plain@example.com'],
      ['Jörg Groß', 'joerg@example.com'],
    ]);
  });

  describe('when the server refuses some recipients only', () => {
    const to = ['a@example.com', 'b@example.com', 'c@example.com'];

    it('is not done until the others have it too, and sends it to nobody twice', async () => {
      const server = await serve();
      const sink = open({ url: `smtp://localhost:${server.port}`, ca: CA_CERT, to });
      server.habits.onRecipient = (address) =>
        address === 'b@example.com' ? { code: 450, text: 'greylisted' } : undefined;
      const first = await sink.send(sampleDelivery(), never);
      expect(first).toMatchObject({
        outcome: 'retry',
        reason: expect.stringMatching(/refused b@example\.com: 450 .*greylisted/),
      });
      delete server.habits.onRecipient;
      expect(await sink.send(sampleDelivery(sampleAlert(), 2), never)).toMatchObject({ outcome: 'sent' });
      expect(server.mails.map((mail) => mail.to)).toEqual([
        ['a@example.com', 'c@example.com'],
        ['b@example.com'],
      ]);
      const [whole, rest] = server.mails.map(({ raw }) => lasting(raw));
      expect(rest).toBe(whole);
    });

    it('is parked with their names when the refusal is final', async () => {
      const server = await serve();
      const sink = open({ url: `smtp://localhost:${server.port}`, ca: CA_CERT, to });
      server.habits.onRecipient = (address) =>
        address === 'c@example.com' ? { code: 550, text: 'no such user' } : undefined;
      const verdict = await sink.send(sampleDelivery(), never);
      expect(verdict).toMatchObject({
        outcome: 'rejected',
        reason: expect.stringMatching(/refused c@example\.com: 550/),
      });
      // Replayed by a person who has not mended it: still refused, and the others are left alone.
      expect(await sink.send(sampleDelivery(), never)).toMatchObject({ outcome: 'rejected' });
      expect(server.mails).toHaveLength(1);
    });

    it('tries again while one refusal may pass, whatever the others are', async () => {
      const server = await serve();
      const sink = open({ url: `smtp://localhost:${server.port}`, ca: CA_CERT, to });
      server.habits.onRecipient = (address) =>
        address === 'a@example.com' ? undefined : { code: address.startsWith('b') ? 550 : 451, text: 'no' };
      expect(await sink.send(sampleDelivery(), never)).toMatchObject({ outcome: 'retry' });
      expect(textOf(await sink.send(sampleDelivery(), never))).toMatch(/451/);
    });
  });

  it('speaks TLS from the start to smtps://', async () => {
    const server = await serve({ tls: 'implicit', login: true });
    const sink = open({ url: `smtps://user:secret@localhost:${server.port}`, ca: CA_CERT });
    expect(await sink.send(sampleDelivery(), never)).toMatchObject({ outcome: 'sent' });
    expect(server.mails[0]).toMatchObject({ encrypted: true, user: 'user' });
  });

  it('sends no password and no mail when the server offers no encryption', async () => {
    const server = await serve({ tls: 'none', login: true });
    let logins = 0;
    server.habits.onLogin = () => {
      logins += 1;
      return undefined;
    };
    const verdict = await open({ url: `smtp://user:secret@localhost:${server.port}` }).send(
      sampleDelivery(),
      never,
    );
    expect(verdict.outcome).toBe('rejected');
    expect(logins).toBe(0);
    expect(server.mails).toHaveLength(0);
    const clear = open({ url: `smtp://user:secret@localhost:${server.port}`, starttls: 'never' });
    expect(await clear.send(sampleDelivery(), never)).toMatchObject({ outcome: 'sent' });
  });

  it('does not send to a server whose certificate it does not trust', async () => {
    const server = await serve();
    const sink = open({ url: `smtp://localhost:${server.port}`, starttls: 'required' });
    expect(await sink.send(sampleDelivery(), never)).toMatchObject({
      outcome: 'retry',
      reason: expect.stringMatching(/certificate/),
    });
    expect(server.mails).toHaveLength(0);
  });

  it('uses a server without encryption and login as it is', async () => {
    const server = await serve({ tls: 'none' });
    expect(
      await open({ url: `smtp://127.0.0.1:${server.port}` }).send(sampleDelivery(), never),
    ).toMatchObject({
      outcome: 'sent',
      receipt: expect.stringMatching(/^1 recipients at 127\.0\.0\.1:\d+ in .*: 250 /),
    });
    expect(server.mails[0]?.encrypted).toBe(false);
  });

  describe('with DKIM', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const dkim = { dkim_domain: 'example.com', dkim_selector: 'mail2026', dkim_key: pem };

    it('signs what a receiver can verify with the key in the DNS', async () => {
      for (const change of [{}, hostileAlert(), sampleSummary()]) {
        const { raw } = await mailOf(change, dkim);
        const check = checkDkim(raw, publicKey);
        expect(check).toMatchObject({
          domain: 'example.com',
          selector: 'mail2026',
          bodyIntact: true,
          signatureValid: true,
        });
        expect(check?.headers).toEqual(
          expect.arrayContaining([
            'from',
            'to',
            'subject',
            'date',
            'message-id',
            'references',
            'in-reply-to',
          ]),
        );
        expect(checkDkim(raw.replace('Subject: ', 'Subject: Re: '), publicKey)?.signatureValid).toBe(false);
        expect(checkDkim(`${raw}more\r\n`, publicKey)?.bodyIntact).toBe(false);
      }
    });

    it('does not sign without it', async () => {
      const { raw } = await mailOf();
      expect(checkDkim(raw, publicKey)).toBeUndefined();
    });

    it.each<[Record<string, unknown>, RegExp]>([
      [{ dkim_domain: 'example.com' }, /only of use together/],
      [{ ...dkim, dkim_selector: '' }, /only of use together/],
      [
        { ...dkim, dkim_key: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' },
        /no usable private key/,
      ],
      [{ ...dkim, dkim_key: SERVER_KEY }, /must be an RSA key/],
      [{ ...dkim, dkim_key: WEAK_KEY }, /has 512 bits/],
    ])('refuses what would go out unsigned: %#', (settings, message) => {
      const make = () => create({ url: 'smtp://localhost', ...settings });
      expect(make).toThrow(UsageError);
      expect(make).toThrow(message);
    });
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ from: '' }, /from must be one/],
    [{ from: 'a@example.com, b@example.com' }, /from must be one/],
    [{ to: [''] }, /to must name at least one/],
  ])('refuses to be made without sender or recipients: %j', (settings, message) => {
    expect(() => create({ url: 'smtp://localhost', ...settings })).toThrow(UsageError);
    expect(() => create({ url: 'smtp://localhost', ...settings })).toThrow(message);
  });

  it.each<[string, Record<string, unknown>]>([
    ['unknown keys', { cc: ['a@example.com'] }],
    ['another scheme', { url: 'https://example.com' }],
    ['an address without a domain', { to: ['oncall'] }],
    ['a name without an address', { to: ['Doe, Jane'] }],
    ['an address that ends the line', { from: 'a@example.com\r\nBcc: b@example.com' }],
    ['two ats', { to: ['a@b@example.com'] }],
  ])('refuses in its options: %s', (_name, settings) => {
    expect(emailSink.options.safeParse({ url: '', ...settings }).success).toBe(false);
  });

  it('may be off with everything empty, as the shipped configuration leaves it', () => {
    expect(emailSink.options.safeParse({ url: '', from: '', to: [''] }).success).toBe(true);
  });

  it('writes no header that an alert smuggled in, whatever the alert holds', async () => {
    const writer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
    const from = { name: 'Audit monitor', address: 'monitor@example.com' };
    const to = [{ name: '', address: 'oncall@example.com' }];
    await fc.assert(
      fc.asyncProperty(anyAlert, async (alert) => {
        const info = await writer.sendMail(
          emailMessage(sampleDelivery(alert), { from, to, subjectPrefix: '[x]' }),
        );
        const raw = Buffer.isBuffer(info.message) ? info.message.toString('utf8') : '';
        checkMail(raw, await simpleParser(raw));
      }),
      { numRuns: 60 },
    );
  });
});
