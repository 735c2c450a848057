import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorCode, errorText, UsageError } from '../base/errors.ts';
import type { Log } from '../core/log.ts';
import { type AlertActs, registerActPages } from './act-pages.ts';
import { SAFE_HEADERS } from './api-headers.ts';
import { type Health, readiness } from './health.ts';
import { createRateLimit } from './rate-limit.ts';
import type { MetricsPage } from './telemetry.ts';

/** Only the confirmation of an act has a body, a small form. */
const BODY_LIMIT_BYTES = 16 * 1_024;
/** A request that is not complete by then is cut: slow senders must not hold connections. */
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * People follow a link now and then. This many at once, and one a second, is far more than they need, and far less than
 * what would keep the database from its work; it holds for all who ask together, since behind a proxy all look alike.
 */
const ACT_BURST = 30;
const ACTS_PER_SECOND = 1;

/** What answers the HTTP API and the dashboard. */
export interface ApiDoor {
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

/** Where an {@link ApiDoor} comes from. */
export interface ApiSource {
  /** Whether it may be served here: not to other machines as long as nobody has a token. */
  isAllowed(): boolean;
  /** Makes it, when somebody asks for the first time. */
  open(): Promise<ApiDoor>;
}

/** A server that listens. */
export interface Server {
  /** Where it really listens: the host as configured, the port as bound. */
  readonly address: { readonly host: string; readonly port: number };
  /** `http://host:port` without a slash at the end. */
  readonly url: string;
  /** Stops at once: open connections are cut, whatever they wait for. */
  close(): Promise<void>;
}

/**
 * Serves `/livez` (200 as long as the event loop turns), `/readyz` (200, or 503 with the reasons), `/metrics`, with
 * `acts` the pages behind the links in alerts, and with `api` everything else; logs `http.listening`. Port 0 takes a free one. Rejects with a {@link UsageError} when the address cannot be
 * listened on. The web framework is loaded here, so that commands that serve nothing do not wait for it.
 */
export const createServer = async (options: {
  readonly listen: { readonly host: string; readonly port: number };
  readonly health: Health;
  readonly metrics: MetricsPage;
  readonly log: Log;
  readonly readyTimeoutMs?: number;
  /** Acts on alerts by signed links; absent: there are no such links. */
  readonly acts?: AlertActs | undefined;
  /** The HTTP API and the dashboard; absent: there are none. */
  readonly api?: ApiSource | undefined;
  /** Whether somebody may read `/metrics`, by his header `Authorization` and his address; absent: everybody. */
  readonly mayReadMetrics?: ((authorization: string | undefined, address: string) => boolean) | undefined;
  /** For the rate limit of acts; does not jump. */
  readonly clockMs?: () => number;
}): Promise<Server> => {
  const { listen, health, metrics, log } = options;
  const { fastify } = await import('fastify');
  const app: FastifyInstance = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    connectionTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    // The token of a link is longer than the usual hundred characters.
    routerOptions: { maxParamLength: 1_024 },
    // What is no HTTP never reaches the hooks below.
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
      else socket.end(plainAnswer(CLIENT_ERRORS[error.code ?? ''] ?? '400 Bad Request'));
    },
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // What the router itself refuses passes by the hooks below.
    frameworkErrors: (_error, _request, { raw }) => {
      raw.writeHead(400, { ...SAFE_HEADERS, 'content-type': 'application/json; charset=utf-8' });
      raw.end('{"error":"not a valid path"}');
    },
  });
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SAFE_HEADERS);
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not found' }));
  app.setErrorHandler((error, request, reply) => {
    const status = (error as { readonly statusCode?: number }).statusCode ?? 500;
    // A mistake of the client is explained to it; ours goes to the log, where secrets are redacted.
    if (status < 500) return reply.code(status).send({ error: errorText(error) });
    log.warn('http.error', { path: request.routeOptions.url ?? '', reason: errorText(error) });
    return reply.code(500).send({ error: 'internal error; the log has it' });
  });

  app.get('/livez', () => ({ alive: true }));
  app.get('/readyz', async (_request, reply) => {
    const state = await readiness(health, log, options.readyTimeoutMs);
    return reply.code(state.ready ? 200 : 503).send(state);
  });
  app.get('/metrics', async (request, reply) => {
    const { authorization } = request.headers;
    if (options.mayReadMetrics?.(authorization, request.raw.socket.remoteAddress ?? '') === false)
      return reply
        .code(401)
        .header('www-authenticate', 'Bearer realm="vonage-audit-monitor"')
        .send({ error: 'http.metrics says token: send one of http.tokens as "Authorization: Bearer TOKEN"' });
    const page = await metrics.render();
    return reply.type(metrics.contentType).send(page);
  });

  if (options.acts) {
    const limit = createRateLimit({
      burst: ACT_BURST,
      perSecond: ACTS_PER_SECOND,
      clockMs: options.clockMs ?? (() => performance.now()),
    });
    registerActPages(app, options.acts, limit);
  }
  const api = registerApi(app, options.api, log);

  try {
    // A copy: the framework adds to what it is given.
    await app.listen({ ...listen });
  } catch (error) {
    await app.close();
    throw listenError(listen, error);
  }
  const { port } = app.server.address() as AddressInfo;
  const address = { host: listen.host, port };
  const url = `http://${hostPort(address)}`;
  log.info('http.listening', { address: hostPort(address), url });
  return {
    address,
    url,
    async close() {
      await Promise.all([app.close(), api.close()]);
    },
  };
};

/**
 * Hands everything that is not served here to the API, which is made at the first request. That is done before anything
 * of the request is read: it belongs to the other application altogether.
 */
const registerApi = (
  app: FastifyInstance,
  api: ApiSource | undefined,
  log: Log,
): { close(): Promise<void> } => {
  let door: Promise<ApiDoor> | undefined;
  const handOver = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (!api?.isAllowed())
      return reply.code(403).send({
        error:
          'the HTTP API and the dashboard are not served to other machines as long as there are no http.tokens',
      });
    try {
      door ??= api.open();
      const opened = await door;
      reply.hijack();
      opened.handle(request.raw, reply.raw);
      return reply;
    } catch (error) {
      // It may be possible the next time.
      door = undefined;
      log.warn('http.error', { path: '/api', reason: errorText(error) });
      return reply.code(500).send({ error: 'internal error; the log has it' });
    }
  };
  if (api)
    app.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      url: '/*',
      onRequest: handOver,
      handler: async () => {},
    });
  return {
    async close() {
      try {
        await (await door)?.close();
      } catch (error) {
        log.warn('http.error', { path: '/api', reason: errorText(error) });
      }
    },
  };
};

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** An answer by hand, which ends the connection. */
const plainAnswer = (status: string): string => {
  const body = '{"error":"not a valid request"}';
  const headers = {
    ...SAFE_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(body.length),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`;
};

/** No route has a schema. Told so, the framework leaves out its compilers, which are two thirds of its modules. */
const noSchemas = (): never => {
  throw new Error('a schema needs the compilers of the framework, which are left out');
};

const hostPort = ({ host, port }: Server['address']): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there; name another port, or 0 for a free one',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this user may not listen on that port; name one above 1023',
  ENOTFOUND: 'this host name is not known',
};

const listenError = (listen: Server['address'], error: unknown): UsageError =>
  new UsageError(
    `http.listen: cannot listen on ${hostPort(listen)}: ${CAUSES[errorCode(error) ?? ''] ?? errorText(error)}`,
    { cause: error },
  );
