import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** A message as RFC 5424 defines it, taken apart. */
export interface ParsedSyslog {
  readonly facility: number;
  readonly severity: number;
  readonly timestamp: string | null;
  readonly hostname: string | null;
  readonly appName: string | null;
  readonly procId: string | null;
  readonly msgId: string | null;
  readonly data: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Whether the text began with the mark of UTF-8; it is not part of `text`. */
  readonly bom: boolean;
  readonly text: string;
  readonly raw: Buffer;
}

const HEADER =
  /^<(0|[1-9]\d{0,2})>1 (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) /;

const nil = (text: string | undefined): string | null => (text === '-' || text === undefined ? null : text);

const fail = (what: string, at: string): never => {
  throw new Error(`no RFC 5424: ${what} at ${JSON.stringify(at.slice(0, 80))}`);
};

/** Takes a message apart; throws for whatever the ABNF of RFC 5424, section 6, does not allow. */
const parseSyslog = (raw: Buffer): ParsedSyslog => {
  const all = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  const head = HEADER.exec(all) ?? fail('header', all);
  const priority = Number(head[1]);
  if (priority > 191) fail('PRI', all);
  let rest = all.slice(head[0].length);
  const data: Record<string, Record<string, string>> = {};
  if (rest.startsWith('-')) rest = rest.slice(1);
  else if (!rest.startsWith('[')) fail('structured data', rest);
  while (rest.startsWith('[')) {
    const id = /^\[((?:(?![= \]"])[!-~]){1,32})/.exec(rest) ?? fail('SD-ID', rest);
    rest = rest.slice(id[0].length);
    const params: Record<string, string> = {};
    while (rest.startsWith(' ')) {
      const name = /^ ((?:(?![= \]"])[!-~]){1,32})="/.exec(rest) ?? fail('PARAM-NAME', rest);
      rest = rest.slice(name[0].length);
      const value = /^((?:[^"\\\]]|\\["\\\]])*)"/.exec(rest) ?? fail('PARAM-VALUE', rest);
      params[name[1] ?? ''] = (value[1] ?? '').replace(/\\(["\\\]])/g, '$1');
      rest = rest.slice(value[0].length);
    }
    if (!rest.startsWith(']')) fail('end of an element', rest);
    rest = rest.slice(1);
    data[id[1] ?? ''] = params;
  }
  if (rest !== '' && !rest.startsWith(' ')) fail('space before MSG', rest);
  const message = rest.slice(1);
  const bom = message.startsWith('\ufeff');
  return {
    facility: priority >> 3,
    severity: priority & 7,
    timestamp: nil(head[2]),
    hostname: nil(head[3]),
    appName: nil(head[4]),
    procId: nil(head[5]),
    msgId: nil(head[6]),
    data,
    bom,
    text: bom ? message.slice(1) : message,
    raw,
  };
};

/** A syslog server on loopback that is as strict as the standards allow. */
export interface SyslogServer {
  readonly url: string;
  readonly port: number;
  readonly messages: readonly ParsedSyslog[];
  /** What was wrong with what came in. Empty when all was well. */
  readonly faults: readonly string[];
  /** How many connections were accepted so far. */
  readonly connections: () => number;
  /** Resolves when so many messages have arrived. */
  received(count: number): Promise<void>;
  /** Resolves when a connection was accepted. */
  reached(): Promise<void>;
  /** Resolves when no connection is open. */
  disconnected(): Promise<void>;
  /** Closes every connection, politely or not. */
  hangUp(how?: 'end' | 'reset'): void;
  close(): Promise<void>;
}

const createInbox = () => {
  const messages: ParsedSyslog[] = [];
  const faults: string[] = [];
  const waiting: (() => void)[] = [];
  const changed = (): void => {
    for (const look of waiting.splice(0)) look();
  };
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return {
    messages,
    faults,
    changed,
    until,
    take(raw: Buffer): void {
      try {
        messages.push(parseSyslog(raw));
      } catch (error) {
        faults.push(String(error));
      }
      changed();
    },
  };
};

/** Receives datagrams. */
export const createUdpSyslog = async (port = 0): Promise<SyslogServer> => {
  const inbox = createInbox();
  const socket = createSocket('udp4');
  socket.on('message', inbox.take);
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  const bound = socket.address().port;
  let open = true;
  return {
    ...inbox,
    url: `udp://127.0.0.1:${bound}`,
    port: bound,
    connections: () => 0,
    received: (count) => inbox.until(() => inbox.messages.length + inbox.faults.length >= count),
    reached: async () => {},
    disconnected: async () => {},
    hangUp() {},
    async close() {
      if (!open) return;
      open = false;
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
};

/** Takes frames off the front of what has come; keeps what is not whole. */
const unframe = (
  bytes: Buffer,
  framing: 'octet-counting' | 'lf',
  take: (message: Buffer) => void,
): Buffer => {
  let rest = bytes;
  for (;;) {
    if (framing === 'lf') {
      const feed = rest.indexOf(10);
      if (feed < 0) return rest;
      take(rest.subarray(0, feed));
      rest = rest.subarray(feed + 1);
      continue;
    }
    const count = /^([1-9]\d*) /.exec(rest.subarray(0, 12).toString('latin1'));
    if (count === null) {
      if (rest.length > 11 || /[^\d]/.test(rest.toString('latin1'))) throw new Error('no octet count');
      return rest;
    }
    const from = count[0].length;
    const to = from + Number(count[1]);
    if (rest.length < to) return rest;
    take(rest.subarray(from, to));
    rest = rest.subarray(to);
  }
};

/** Receives a stream. With `tls`, over TLS; `mute` accepts connections and never answers a handshake. */
export const createStreamSyslog = async (
  options: {
    readonly tls?: TlsOptions;
    readonly framing?: 'octet-counting' | 'lf';
    readonly mute?: () => boolean;
    readonly port?: number;
  } = {},
): Promise<SyslogServer> => {
  const inbox = createInbox();
  const sockets = new Set<Socket>();
  let connections = 0;
  const accept = (socket: Socket): void => {
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (data: Buffer) => {
      try {
        rest = unframe(Buffer.concat([rest, data]), options.framing ?? 'octet-counting', inbox.take);
      } catch (error) {
        inbox.faults.push(String(error));
        socket.destroy();
      }
    });
    socket.on('error', () => {});
  };
  const count = (socket: Socket): void => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      inbox.changed();
    });
    inbox.changed();
  };
  const plain: Server = createTcpServer({ pauseOnConnect: options.tls !== undefined }, (socket) => {
    count(socket);
    if (options.mute?.() === true) return;
    if (secure === undefined) accept(socket);
    else secure.emit('connection', socket.resume());
  });
  const secure = options.tls && createTlsServer(options.tls, accept).on('tlsClientError', () => {});
  plain.listen(options.port ?? 0, '127.0.0.1');
  await once(plain, 'listening');
  const { port } = plain.address() as AddressInfo;
  let open = true;
  return {
    ...inbox,
    url: `${secure === undefined ? 'tcp' : 'tls'}://127.0.0.1:${port}`,
    port,
    connections: () => connections,
    received: (count) => inbox.until(() => inbox.messages.length + inbox.faults.length >= count),
    reached: () => inbox.until(() => connections > 0),
    disconnected: () => inbox.until(() => sockets.size === 0),
    hangUp(how = 'end') {
      for (const socket of sockets) {
        if (how === 'end') socket.end();
        else socket.resetAndDestroy();
      }
    },
    async close() {
      if (!open) return;
      open = false;
      const closed = once(plain, 'close');
      plain.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
