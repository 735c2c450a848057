import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { checkServerIdentity, connect as connectTls } from 'node:tls';

/** A way to a syslog server. One `send` at a time. */
export interface SyslogTransport {
  /**
   * Hands over messages, in order. Resolves when the operating system has taken them all; rejects with the network's
   * error, and what is then unknown is repeated by the next attempt. `signal` ends it.
   */
  send(messages: readonly Buffer[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Where the server is and how it is reached. */
export interface SyslogTarget {
  readonly protocol: 'udp' | 'tcp' | 'tls';
  readonly host: string;
  readonly port: number;
  /** How one message is told from the next on a stream: RFC 6587, 3.4.1 (its length before it) or 3.4.2 (a line feed). */
  readonly framing: 'octet-counting' | 'lf';
  /** PEM texts; `ca` replaces the built-in authorities. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name the server's certificate must be for. */
  readonly serverName: string;
}

const KEEP_ALIVE_MS = 30_000;

/** Makes the transport of a target. Opens no connection yet. */
export const createTransport = (target: SyslogTarget): SyslogTransport =>
  target.protocol === 'udp' ? createUdp(target) : createStream(target);

/** Rejects when the signal aborts, and not before. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const onAbort = (): void => reject(new Error('called off'));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });

/** One datagram a message (RFC 5426), over a connected socket, so that "nobody listens there" is heard of. */
const createUdp = ({ host, port }: SyslogTarget): SyslogTransport => {
  let socket: UdpSocket | undefined;
  let failure: Error | undefined;
  const letGo = async (): Promise<void> => {
    const held = socket;
    socket = undefined;
    failure = undefined;
    if (held === undefined) return;
    const closed = once(held, 'close');
    held.close();
    await closed;
  };
  const open = async (signal: AbortSignal): Promise<UdpSocket> => {
    // A name server that does not answer can keep this waiting for longer than an attempt may take.
    const { address, family } = await Promise.race([lookup(host), aborted(signal)]);
    const opened = createSocket(family === 6 ? 'udp6' : 'udp4');
    opened.on('error', (error) => {
      failure = error;
    });
    opened.unref();
    socket = opened;
    opened.connect(port, address);
    await once(opened, 'connect', { signal });
    return opened;
  };
  return {
    async send(messages, signal) {
      try {
        const ready = socket ?? (await open(signal));
        for (const message of messages) {
          signal.throwIfAborted();
          await new Promise<void>((resolve, reject) => {
            ready.send(message, (error) => (error ? reject(error) : resolve()));
          });
          // An answer that nobody listens comes back at once on this machine, later from afar.
          await turn();
          if (failure !== undefined) throw failure;
        }
      } catch (error) {
        await letGo();
        throw error;
      }
    },
    close: letGo,
  };
};

/** A connection that is kept, and opened again when it was lost. */
const createStream = (target: SyslogTarget): SyslogTransport => {
  let socket: Socket | undefined;

  const letGo = async (): Promise<void> => {
    const held = socket;
    socket = undefined;
    if (held === undefined || held.closed) return;
    const closed = once(held, 'close');
    held.destroy();
    await closed;
  };

  const open = async (signal: AbortSignal): Promise<Socket> => {
    const { host, port, ca, cert, key, serverName } = target;
    const opened =
      target.protocol === 'tls'
        ? connectTls({
            host,
            port,
            ...(ca !== undefined && { ca }),
            ...(cert !== undefined && { cert }),
            ...(key !== undefined && { key }),
            // SNI is for names only; the certificate may be for an address as well.
            ...(isIP(serverName) === 0 && { servername: serverName }),
            checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
          })
        : connectTcp({ host, port });
    socket = opened;
    // Errors are looked for where they matter; without a listener they would end the process.
    opened.on('error', () => {});
    // A syslog server says nothing. What it says all the same is read, or its end would never be noticed.
    opened.resume();
    opened.setKeepAlive(true, KEEP_ALIVE_MS);
    opened.setNoDelay(true);
    await once(opened, target.protocol === 'tls' ? 'secureConnect' : 'connect', { signal });
    return opened;
  };

  const isUsable = (held: Socket): boolean => held.writable && !held.readableEnded && held.errored === null;

  const frame = (message: Buffer): readonly Buffer[] =>
    target.framing === 'lf' ? [message, Buffer.from('\n')] : [Buffer.from(`${message.length} `), message];

  return {
    async send(messages, signal) {
      try {
        // A server that has closed the connection is noticed here and not by losing messages.
        if (socket !== undefined) await turn();
        if (socket !== undefined && !isUsable(socket)) await letGo();
        const ready = socket ?? (await open(signal));
        const bytes = Buffer.concat(messages.flatMap(frame));
        await written(ready, bytes, signal);
        await turn();
        if (!isUsable(ready)) throw ready.errored ?? new Error('the server closed the connection');
      } catch (error) {
        // Half a frame may be out: nothing more can go over this connection.
        await letGo();
        throw error;
      }
    },
    close: letGo,
  };
};

/** Resolves when the bytes have left this process. */
const written = (socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => done(new Error('called off'));
    const onClose = (): void => done(socket.errored ?? new Error('the server closed the connection'));
    const done = (error?: Error | null): void => {
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('close', onClose);
      if (error) reject(error);
      else resolve();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('close', onClose);
    socket.write(bytes, done);
    if (signal.aborted) onAbort();
  });
