import { z } from 'zod';
import { formatDuration } from '../base/duration.ts';
import { UsageError } from '../base/errors.ts';
import { credentialsOf } from './credentials.ts';
import { withDeadline } from './deadline.ts';
import { type Mailbox, parseMailboxes, sameMailbox } from './email-address.ts';
import { dkimOption } from './email-dkim.ts';
import { emailMessage } from './email-message.ts';
import { partialVerdict, smtpFailureVerdict } from './email-verdict.ts';
import { pemOption, timeoutOption, urlOption } from './option-schemas.ts';
import type { SinkType } from './sink-type.ts';
import { createReason, unsendable } from './verdict.ts';

/** Connections kept to the server, and messages on their way at once. */
const CONNECTIONS = 2;
/** Deliveries whose recipients are remembered after a partial refusal. The oldest is forgotten beyond. */
const MAX_PARTIAL = 1_000;

const mailbox = z.string().refine((text) => parseMailboxes(text) !== undefined, {
  error: 'allowed: an e-mail address, such as monitor@example.com or "Doe, Jane" <jane@example.com>',
});

const options = z.strictObject({
  url: urlOption(
    ['smtp:', 'smtps:'],
    'Mail server: `smtp://user:password@host:587` (STARTTLS) or `smtps://user:password@host:465` (TLS from the start); special characters percent-encoded. A secret. Empty: the sink is off.',
  ),
  from: mailbox
    .default('')
    .describe('Sender, `monitor@example.com` or `Audit monitor <monitor@example.com>`.'),
  to: z
    .array(mailbox)
    .default([])
    .describe('Recipients. One entry may hold several, separated by commas. All stand in the To header.'),
  subject_prefix: z.string().default('[Vonage audit]').describe('What every subject starts with.'),
  starttls: z
    .enum(['required', 'offered', 'never'])
    .optional()
    .describe(
      'For `smtp://`: insist on STARTTLS, use it when the server offers it, or never. Left out: `required` when the url holds a password, else `offered`.',
    ),
  dkim_domain: z
    .string()
    .trim()
    .regex(/^$|^(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/, { error: 'allowed: a domain, such as example.com' })
    .default('')
    .describe(
      'Signs every mail with DKIM for this domain; needs `dkim_selector` and `dkim_key`. Empty: not signed.',
    ),
  dkim_selector: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9._-]*$/, { error: 'allowed: a selector, such as mail2026' })
    .default('')
    .describe('Selector: the public key is found in the TXT record `SELECTOR._domainkey.DOMAIN`.'),
  dkim_key: pemOption('RSA private key that signs, 1024 bits or more, better 2048. A secret.'),
  ca: pemOption('Certificate authorities to trust instead of the built-in ones.'),
  timeout: timeoutOption('30s', 'How long one attempt may take, from connecting to the last reply.'),
});

type Options = z.output<typeof options>;

/** Mail through an SMTP server over a small pool of connections. */
export const emailSink: SinkType<typeof options> = {
  type: 'email',
  options,
  secrets: ['url', 'dkim_key', 'ca'],
  limits: { foldAbove: 20 },
  create: (name, settings, deps) => {
    const server = new URL(settings.url);
    const { from, to } = mailboxes(name, settings);
    const { user, password } = credentialsOf(server);
    const reason = createReason([
      settings.url,
      server.href,
      ...(password === '' ? [] : [password, `\0${user}\0${password}`]),
    ]);
    const dkim = dkimOption(name, settings);
    const transport = createLazyTransport({ ...poolOptions(server, user, password, settings), ...dkim });
    // Who has already got a delivery that others were refused: a repetition goes to those others alone. After a
    // restart it goes to all again, with the same Message-ID.
    const delivered = new Map<string, readonly Mailbox[]>();
    return {
      name,
      type: 'email',
      concurrency: CONNECTIONS,
      send: async (delivery, signal) => {
        const startedAtMs = deps.now();
        const served = delivered.get(delivery.id) ?? [];
        const waiting = to.filter((one) => !served.some(({ address }) => sameMailbox(address, one.address)));
        let message: ReturnType<typeof emailMessage>;
        try {
          const actions = deps.actionsFor?.(delivery) ?? [];
          message = emailMessage(delivery, { from, to, subjectPrefix: settings.subject_prefix }, actions);
        } catch (error) {
          return unsendable(error, reason);
        }
        try {
          const info = await withDeadline(signal, settings.timeout, async (signal) =>
            (await transport.opened()).sendMail({
              ...message,
              date: new Date(startedAtMs),
              envelope: { from: from.address, to: waiting.map(({ address }) => address) },
              signal,
            }),
          );
          const accepted = waiting.filter((one) =>
            info.accepted.some((text) => sameMailbox(textOf(text), one.address)),
          );
          const outstanding = waiting.filter((one) => !accepted.includes(one));
          if (outstanding.length > 0) {
            remember(delivered, delivery.id, [...served, ...accepted]);
            const addresses = outstanding.map(({ address }) => address);
            const verdict = partialVerdict(info.rejectedErrors ?? [], addresses, server.host, reason);
            return { ...verdict, bytes: info.messageSize };
          }
          delivered.delete(delivery.id);
          const took = formatDuration(deps.now() - startedAtMs);
          const own = `${waiting.length} recipients at ${server.host} in ${took}: `;
          const status = replyCode(info.response);
          return { outcome: 'sent', receipt: reason(own, info.response), ...status, bytes: info.messageSize };
        } catch (error) {
          return smtpFailureVerdict(error, server.host, reason);
        }
      },
      close: transport.close,
    };
  },
};

/** The pool of connections, made with the first mail: its library is large, and where e-mail is off nobody needs it. */
const createLazyTransport = (options: ReturnType<typeof poolOptions> & ReturnType<typeof dkimOption>) => {
  const open = async () => (await import('nodemailer')).createTransport(options);
  let transport: ReturnType<typeof open> | undefined;
  return {
    opened: () => (transport ??= open()),
    close: async () => (await transport)?.close({ force: true }),
  };
};

const mailboxes = (name: string, { from, to }: Options): { from: Mailbox; to: readonly Mailbox[] } => {
  const senders = parseMailboxes(from) ?? [];
  const recipients = to.flatMap((text) => parseMailboxes(text) ?? []);
  const [sender] = senders;
  if (sender === undefined || senders.length > 1)
    throw new UsageError(`sink "${name}": from must be one e-mail address`);
  if (recipients.length === 0)
    throw new UsageError(`sink "${name}": to must name at least one e-mail address`);
  const distinct = recipients.filter(
    (one, at) => recipients.findIndex(({ address }) => sameMailbox(address, one.address)) === at,
  );
  return { from: sender, to: distinct };
};

const poolOptions = (server: URL, user: string, password: string, { starttls, ca, timeout }: Options) => {
  const secure = server.protocol === 'smtps:';
  const policy = starttls ?? (password === '' ? 'offered' : 'required');
  return {
    pool: true as const,
    host: server.hostname.replace(/^\[|\]$/g, ''),
    port: server.port === '' ? (secure ? 465 : 587) : Number(server.port),
    secure,
    requireTLS: !secure && policy === 'required',
    ignoreTLS: policy === 'never',
    // Encryption that is only hoped for goes on without it when the server's STARTTLS fails.
    opportunisticTLS: policy === 'offered',
    ...(user === '' && password === '' ? {} : { auth: { user, pass: password } }),
    ...(ca === undefined ? {} : { tls: { ca } }),
    maxConnections: CONNECTIONS,
    // An idle connection may have been closed by the server; the pool may then take a new one, once. That is no
    // second attempt: not a byte of the message was sent.
    maxRequeues: 1,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    dnsTimeout: timeout,
    socketTimeout: timeout,
    socketCloseTimeout: 1_000,
    idleTimeout: 60_000,
  };
};

const remember = (
  delivered: Map<string, readonly Mailbox[]>,
  id: string,
  served: readonly Mailbox[],
): void => {
  delivered.delete(id);
  delivered.set(id, served);
  const [oldest] = delivered.keys();
  if (delivered.size > MAX_PARTIAL && oldest !== undefined) delivered.delete(oldest);
};

/** The code that a reply of the server starts with (RFC 5321, 4.2). */
const replyCode = (response: string): { readonly status?: number } => {
  const code = /^\d{3}/.exec(response)?.[0];
  return code === undefined ? {} : { status: Number(code) };
};

const textOf = (recipient: string | { readonly address: string }): string =>
  typeof recipient === 'string' ? recipient : recipient.address;
