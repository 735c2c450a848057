import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';

/** A request as it arrived, whole. */
interface ReceivedRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the receiver does with a request. */
type Answer =
  /** Answers with this; status 200 and an empty body unless said otherwise. */
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    }
  /** Never answers. */
  | 'hang'
  /** Sends status 200 and half a body, then nothing more. */
  | 'hang in body'
  /** Closes the connection without an answer. */
  | 'reset'
  /** Sends status 200 and half a body, then closes the connection. */
  | 'reset in body'
  /** Sends status 200 and a body that does not end while the client listens. */
  | 'endless body'
  /** Sends bytes that are no HTTP. */
  | 'garbage';

/** An HTTP server on 127.0.0.1 that records what it is sent and answers as it is told. */
export interface Receiver {
  /** `http://127.0.0.1:port`, or `https://localhost:port`. No path, no final slash. */
  readonly url: string;
  readonly port: number;
  /** Everything received so far, in order of arrival. */
  readonly requests: readonly ReceivedRequest[];
  /** Answers every request from now on with this, or as this decides. The queue of {@link next} comes first. */
  answer(answer: Answer | ((request: ReceivedRequest) => Answer | Promise<Answer>)): void;
  /** Answers the next requests with these, one each, before what {@link answer} says applies again. */
  next(...answers: readonly Answer[]): void;
  /** Resolves with all requests once `count` have arrived in total; rejects after `withinMs` (default 10 s). */
  received(count: number, withinMs?: number): Promise<readonly ReceivedRequest[]>;
  /** Resolves with the first JSON body that fits; rejects when nothing arrives for 25 s. */
  told(fits: (body: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  /** Connections that are open now. */
  connections(): number;
  /** Resolves when no connection is open. */
  disconnected(): Promise<void>;
  /** Stops listening and cuts all connections: what follows is refused, until {@link up}. */
  down(): Promise<void>;
  /** Listens again on the same port. */
  up(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a {@link Receiver}; with `tls` it speaks HTTPS. */
export const createReceiver = async (options: { readonly tls?: TlsOptions } = {}): Promise<Receiver> => {
  const requests: ReceivedRequest[] = [];
  const changed = new EventEmitter().setMaxListeners(0);
  const sockets = new Set<Duplex>();
  const queue: Answer[] = [];
  let standing: Answer | ((request: ReceivedRequest) => Answer | Promise<Answer>) = {};

  const server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    // A client that goes away in the middle is what some tests are about.
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      changed.emit('closed');
    });
  });
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const request: ReceivedRequest = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    requests.push(request);
    changed.emit('request');
    const decided = queue.shift() ?? standing;
    give(response, typeof decided === 'function' ? await decided(request) : decided);
  };
  server.on('request', (incoming, response) => void serve(incoming, response));

  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const down = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const received: Receiver['received'] = async (count, withinMs = 10_000) => {
    const signal = AbortSignal.timeout(withinMs);
    while (requests.length < count) {
      await once(changed, 'request', { signal }).catch(() => {
        throw new Error(`${requests.length} of ${count} requests arrived within ${withinMs} ms`);
      });
    }
    return requests;
  };
  const port = await listen(0);

  return {
    url: options.tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    port,
    requests,
    answer(answer) {
      standing = answer;
    },
    next(...answers) {
      queue.push(...answers);
    },
    received,
    async told(fits) {
      for (;;) {
        const count = requests.length;
        const bodies = requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
        const found = bodies.find(fits);
        if (found) return found;
        await received(count + 1, 25_000);
      }
    },
    connections: () => sockets.size,
    async disconnected() {
      while (sockets.size > 0) await once(changed, 'closed');
    },
    down,
    async up() {
      await listen(port);
    },
    close: down,
  };
};

const give = (response: ServerResponse, answer: Answer): void => {
  switch (answer) {
    case 'hang':
      return;
    case 'hang in body':
      response.writeHead(200, { 'content-length': '10' });
      response.write('half.');
      return;
    case 'reset':
      response.socket?.destroy();
      return;
    case 'reset in body':
      response.writeHead(200, { 'content-length': '10' });
      response.write('half.', () => response.socket?.destroy());
      return;
    case 'endless body': {
      response.writeHead(200);
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(65_536, 'x'), () => setImmediate(more));
      };
      more();
      return;
    }
    case 'garbage':
      response.socket?.end('What is this?\r\n\r\n');
      return;
    default:
      response.writeHead(answer.status ?? 200, answer.headers);
      response.end(answer.body);
  }
};
