import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request for the list of events, as one replica made it. */
export interface PollRequest {
  readonly replica: string;
  /** Key of the account. */
  readonly account: string;
  readonly beganMs: number;
  /** When its answer was handed over, or broke off; undefined: it is under way. */
  endedMs: number | undefined;
}

/** What stands before the Audit API for one replica, and writes down who asks for what. */
export interface Front {
  readonly url: string;
  close(): Promise<void>;
}

/** Passes everything on to the API at `target`, and records requests for events in `seen`. */
export const createFront = async (
  replica: string,
  target: string,
  seen: PollRequest[],
  delayMs = 0,
): Promise<Front> => {
  const to = new URL(target);
  const server: Server = createServer((asked, answer) => {
    const [, basic = ''] = asked.headers.authorization?.split(' ') ?? [];
    const [account = ''] = Buffer.from(basic, 'base64').toString().split(':');
    const poll: PollRequest | undefined =
      asked.method === 'GET' ? { replica, account, beganMs: Date.now(), endedMs: undefined } : undefined;
    if (poll) seen.push(poll);
    answer.on('close', () => {
      if (poll) poll.endedMs = Date.now();
    });
    const pass = (): void => {
      const passed = request(
        { host: to.hostname, port: to.port, path: asked.url, method: asked.method, headers: asked.headers },
        (given) => {
          answer.writeHead(given.statusCode ?? 502, given.headers);
          given.pipe(answer);
        },
      );
      passed.on('error', () => answer.destroy());
      asked.pipe(passed);
    };
    if (delayMs > 0) setTimeout(pass, delayMs);
    else pass();
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${to.pathname}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
