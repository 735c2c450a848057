import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** What becomes of a mail: taken, refused with a code, never answered, or cut off. */
export type MailAnswer = 'take' | number | 'hang' | 'reset';

/** An SMTP server on 127.0.0.1 that decides about each mail when it has come, and keeps those it takes. */
export interface Mailbox {
  readonly port: number;
  /** Mails taken, as they came over the wire. */
  readonly mails: readonly string[];
  close(): Promise<void>;
}

/** Starts a {@link Mailbox}. It looks into nothing, so that taking a mail takes no time. */
export const createMailbox = async (answer: () => Promise<MailAnswer>): Promise<Mailbox> => {
  const mails: string[] = [];
  const sockets = new Map<number, Socket>();
  const decide = async (
    mail: string,
    remotePort: number,
    reply: (error?: Error | null) => void,
  ): Promise<void> => {
    const code = await answer();
    if (code === 'hang') return;
    if (code === 'reset') sockets.get(remotePort)?.resetAndDestroy();
    else if (code !== 'take') reply(Object.assign(new Error('not now'), { responseCode: code }));
    else {
      mails.push(mail);
      reply();
    }
  };
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 1,
    onAuth: ({ username }, _session, callback) => callback(null, { user: username ?? '' }),
    onData(stream, { remotePort }, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => void decide(Buffer.concat(chunks).toString('utf8'), remotePort, callback));
    },
  });
  server.on('error', () => {});
  server.server.on('connection', (socket: Socket) => {
    const { remotePort = 0 } = socket;
    sockets.set(remotePort, socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(remotePort));
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    close: () =>
      new Promise((resolve) => {
        server.server.close(() => resolve());
        for (const socket of sockets.values()) socket.destroy();
      }),
  };
};
