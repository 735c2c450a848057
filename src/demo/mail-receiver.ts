import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { LocalReceiver } from './webhook-receiver.ts';

/** The heads of a mail that arrived. */
export interface ReceivedMail {
  readonly to: readonly string[];
  readonly subject: string;
}

/** Starts an SMTP server on a free loopback port, without TLS and login; `onMail` is told of every mail. */
export const createMailReceiver = async (onMail: (mail: ReceivedMail) => void): Promise<LocalReceiver> => {
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      // Taken now: the session forgets its recipients once the mail is accepted.
      const to = session.envelope.rcptTo.map(({ address }) => address);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        callback();
        onMail({ to, subject: subjectOf(Buffer.concat(chunks).toString('utf8')) });
      });
    },
  });
  // A client that goes away in the middle of a command is none of our business.
  server.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
};

/** The subject line, unfolded, with encoded words (RFC 2047) read. */
const subjectOf = (raw: string): string => {
  const head = raw.split(/\r?\n\r?\n/, 1)[0] ?? '';
  const folded = /^Subject:\s*((?:.*)(?:\r?\n[ \t].*)*)/im.exec(head)?.[1] ?? '';
  return folded
    .replace(/\r?\n[ \t]+/g, ' ')
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_, form: string, text: string) =>
      (form.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64')
        : Buffer.from(
            text
              .replaceAll('_', ' ')
              .replace(/=([0-9A-F]{2})/gi, (_hex, code: string) =>
                String.fromCharCode(Number.parseInt(code, 16)),
              ),
            'latin1',
          )
      ).toString('utf8'),
    );
};
