import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request as it arrived. */
export interface SeenRequest {
  readonly method: string;
  /** Path with query, as in the request line (an absolute URL when we are used as a proxy). */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** The query, decoded. */
  readonly query: URLSearchParams;
}

/** One step of a script: answers, or misbehaves. */
export type Step = (response: ServerResponse, request: SeenRequest, socket: Socket) => void;

/** An HTTP server on loopback that plays a script of answers, however broken, and remembers what it was asked. */
export interface ScriptedServer {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  /** How many TCP connections were accepted so far. */
  readonly connections: () => number;
  /** How many of them are open now. */
  readonly open: () => number;
  /** Plays these steps for the next requests, in order; the last one is repeated for ever. */
  script(...steps: Step[]): void;
  /** Resolves when the server has been asked `count` times. */
  asked(count: number): Promise<void>;
  /** Resolves when no connection is open. */
  quiet(): Promise<void>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Answers with a status, headers and a body. */
export const answer =
  (status: number, body: string | Buffer = '', headers: Record<string, string> = {}): Step =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  };

/** Answers 200 with a value as JSON. */
export const json = (value: unknown, headers: Record<string, string> = {}): Step =>
  answer(200, JSON.stringify(value), headers);

/** Starts a {@link ScriptedServer}. Until it gets a script it answers 500. */
export const startScriptedServer = async (): Promise<ScriptedServer> => {
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let steps: Step[] = [answer(500, '{"error":"no script"}')];
  let changed: (() => void)[] = [];
  const tell = (): void => {
    const waiting = changed;
    changed = [];
    for (const wake of waiting) wake();
  };
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => changed.push(resolve));
  };

  const server = createServer((message: IncomingMessage, response: ServerResponse) => {
    const target = message.url ?? '';
    const request: SeenRequest = {
      method: message.method ?? '',
      target,
      headers: message.headers,
      query: new URL(target, 'http://localhost').searchParams,
    };
    requests.push(request);
    const step = steps.length > 1 ? steps.shift() : steps[0];
    response.on('error', () => {});
    step?.(response, request, message.socket);
    tell();
  });
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      tell();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => connections,
    open: () => sockets.size,
    script(...next) {
      steps = next;
    },
    asked: (count) => until(() => requests.length >= count),
    quiet: () => until(() => sockets.size === 0),
    close,
    [Symbol.asyncDispose]: close,
  };
};
