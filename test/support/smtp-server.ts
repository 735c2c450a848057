import { EventEmitter, once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import {
  SMTPServer,
  type SMTPServerDataStream,
  type SMTPServerOptions,
  type SMTPServerSession,
} from 'smtp-server';
import { SERVER_CERT, SERVER_KEY } from './certs.ts';

/** A mail that the server took. */
export interface ReceivedMail {
  readonly from: string;
  /** Recipients of the envelope: who really got it. */
  readonly to: readonly string[];
  /** User that had logged in, if any. */
  readonly user: string | undefined;
  /** Whether the connection was encrypted. */
  readonly encrypted: boolean;
  /** The message as it came over the wire. */
  readonly raw: string;
  readonly parsed: ParsedMail;
}

/** A reply other than the usual, `hang` for none at all, `reset` for a cut connection; undefined for the usual. */
export type Reply = { readonly code: number; readonly text: string } | 'hang' | 'reset' | undefined;

/** How the server treats what comes next. Every member may be changed while it runs. */
interface SmtpHabits {
  onConnect?: () => Reply;
  onLogin?: (user: string, password: string) => Reply;
  onSender?: (address: string) => Reply;
  onRecipient?: (address: string) => Reply;
  /** Decides after the message has come; a mail that is not taken is not recorded. */
  onMessage?: () => Reply;
}

/** A real SMTP server on 127.0.0.1 that records the mails it takes and refuses what it is told to refuse. */
export interface SmtpTestServer {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** How it behaves now. Assign members, or delete them for the usual. */
  readonly habits: SmtpHabits;
  /** Resolves with all mails once `count` were taken in total; rejects after `withinMs` (default 10 s). */
  received(count: number, withinMs?: number): Promise<readonly ReceivedMail[]>;
  /** How many connections were opened in total. */
  opened(): number;
  /** Resolves once a connection has been opened. */
  connected(): Promise<void>;
  /** Connections that are open now. */
  connections(): number;
  /** Resolves when no connection is open. */
  disconnected(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts an {@link SmtpTestServer}. It offers STARTTLS with the certificate of certs.ts (so `ca: CA_CERT` and host
 * `localhost` make it trusted), or speaks TLS from the start with `tls: 'implicit'`, or none at all with `tls: 'none'`.
 * With `login` it wants a login first.
 */
export const createSmtpServer = async (
  options: { readonly tls?: 'starttls' | 'implicit' | 'none'; readonly login?: boolean } = {},
): Promise<SmtpTestServer> => {
  const tls = options.tls ?? 'starttls';
  const mails: ReceivedMail[] = [];
  const habits: SmtpHabits = {};
  const changed = new EventEmitter().setMaxListeners(0);
  // By the client's port. The library takes every listener off a socket that goes over to TLS, so the end of a
  // connection is only known from the library itself.
  const sockets = new Map<number, Socket>();
  let opened = 0;

  const act = (reply: Reply, remotePort: number, callback: (error?: Error | null) => void): void => {
    if (reply === 'hang') return;
    if (reply === 'reset') {
      sockets.get(remotePort)?.destroy();
      return;
    }
    callback(reply === undefined ? null : Object.assign(new Error(reply.text), { responseCode: reply.code }));
  };

  const take = async (
    stream: SMTPServerDataStream,
    { envelope, secure, user }: SMTPServerSession,
  ): Promise<Reply> => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of stream) chunks.push(chunk as Buffer);
    } catch {
      return 'hang';
    }
    const reply = habits.onMessage?.();
    if (reply !== undefined) return reply;
    const raw = Buffer.concat(chunks);
    mails.push({
      from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
      to: envelope.rcptTo.map(({ address }) => address),
      user,
      encrypted: secure,
      raw: raw.toString('utf8'),
      parsed: await simpleParser(raw),
    });
    changed.emit('mail');
    return undefined;
  };

  const settings: SMTPServerOptions = {
    secure: tls === 'implicit',
    disabledCommands: [...(tls === 'none' ? ['STARTTLS'] : []), ...(options.login ? [] : ['AUTH'])],
    allowInsecureAuth: tls === 'none',
    disableReverseLookup: true,
    key: SERVER_KEY,
    cert: SERVER_CERT,
    closeTimeout: 1,
    onClose: ({ remotePort }) => {
      sockets.delete(remotePort);
      changed.emit('closed');
    },
    onConnect: ({ remotePort }, callback) => act(habits.onConnect?.(), remotePort, callback),
    onAuth: ({ username, password }, { remotePort }, callback) =>
      act(habits.onLogin?.(username ?? '', password ?? ''), remotePort, (error) =>
        error ? callback(error) : callback(null, { user: username ?? '' }),
      ),
    onMailFrom: ({ address }, { remotePort }, callback) =>
      act(habits.onSender?.(address), remotePort, callback),
    onRcptTo: ({ address }, { remotePort }, callback) =>
      act(habits.onRecipient?.(address), remotePort, callback),
    onData: (stream, session, callback) =>
      void take(stream, session).then((reply) => act(reply, session.remotePort, callback)),
  };
  const server = new SMTPServer(settings);
  // Broken handshakes and cut connections are what some tests are about.
  server.on('error', () => {});
  server.server.on('connection', (socket: Socket) => {
    opened += 1;
    changed.emit('opened');
    sockets.set(socket.remotePort ?? 0, socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');

  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    habits,
    async received(count, withinMs = 10_000) {
      const signal = AbortSignal.timeout(withinMs);
      while (mails.length < count) {
        await once(changed, 'mail', { signal }).catch(() => {
          throw new Error(`${mails.length} of ${count} mails arrived within ${withinMs} ms`);
        });
      }
      return mails;
    },
    opened: () => opened,
    async connected() {
      if (opened === 0) await once(changed, 'opened');
    },
    connections: () => sockets.size,
    async disconnected() {
      while (sockets.size > 0) await once(changed, 'closed');
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets.values()) socket.destroy();
      }),
  };
};
