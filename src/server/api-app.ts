import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorText, UsageError } from '../base/errors.ts';
import type { Log } from '../core/log.ts';
import { StoreError } from '../core/store.ts';
import { type Access, LOCAL, type Who } from './api-access.ts';
import type { Failure } from './api-common.ts';
import type { Console } from './api-console.ts';
import { ApiError } from './api-error.ts';
import { createGuard } from './api-guard.ts';
import { SAFE_HEADERS } from './api-headers.ts';
import { openApiDocument } from './api-openapi.ts';
import { type ApiRoute, inputOf, type RouteContext } from './api-route.ts';
import { API_ROUTES } from './api-routes.ts';
import { createSessions } from './api-session.ts';
import { createStreams } from './api-stream.ts';
import { createRateLimits } from './rate-limit.ts';

const BASE = '/api/v1';
const BODY_LIMIT_BYTES = 64 * 1_024;
/** Of one address: a page asks a dozen things at once; a program that asks more than this has lost its way. */
const BURST = 300;
const PER_SECOND = 60;
/** A backtest answers after seconds; the server cuts connections on which nothing is said for ten. */
const SLOW_MS = 60_000;

/** What the API is served with. */
export interface ApiOptions {
  readonly console: Console;
  readonly access: Access;
  /** The secret of the store. */
  readonly key: Buffer;
  readonly listenHost: string;
  readonly externalUrl: string | undefined;
  readonly log: Log;
  readonly now: () => number;
  /** Does not jump. */
  readonly clockMs: () => number;
  /** Answers what is no route of the API: the dashboard. */
  readonly pages: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
}

/** Answers requests that another server has taken. */
export interface ApiApp {
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

/**
 * The routes of the API in an application of their own, which does not listen: it is made when somebody asks for the
 * first time, and a monitor that nobody looks at does not pay for it.
 */
export const createApi = async (options: ApiOptions): Promise<ApiApp> => {
  const { console, access, log, now } = options;
  const { fastify } = await import('fastify');
  const sessions = createSessions({ key: options.key, access, now });
  const guard = createGuard({ ...options, sessions });
  const limits = createRateLimits({ burst: BURST, perSecond: PER_SECOND, clockMs: options.clockMs });
  const streams = createStreams({ console, stillIn: guard.stillIn, log });
  const app: FastifyInstance = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: 1_024 },
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    frameworkErrors: (_error, _request, { raw }) => {
      raw.writeHead(400, { ...SAFE_HEADERS, 'content-type': 'application/json; charset=utf-8' });
      raw.end('{"error":"not a valid path"}');
    },
  });
  readJsonOnly(app);

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SAFE_HEADERS);
    const seconds = limits.take(addressOf(request));
    if (seconds !== undefined)
      throw new ApiError(429, `too many requests from this address; try again in ${seconds} s`, {
        headers: { 'retry-after': String(seconds) },
      });
    guard.checkOrigin(request.method, request.headers);
  });
  app.setErrorHandler((error, request, reply) => {
    const { status, headers, problems, text } = refusalOf(error);
    if (status >= 500)
      log.warn('http.error', { path: request.routeOptions.url ?? '', reason: errorText(error) });
    return reply
      .code(status)
      .headers(headers)
      .send({ error: text, ...(problems.length > 0 && { problems: [...problems] }) } satisfies Failure);
  });
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.replace(/\?.*$/s, '');
    if (path !== '/api' && !path.startsWith('/api/')) return options.pages(request, reply);
    const methods = methodsOf(path);
    if (methods.length > 0)
      return reply
        .code(405)
        .header('allow', methods.join(', '))
        .send({ error: `${request.method} is not for this path; allowed: ${methods.join(', ')}` });
    return reply.code(404).send({ error: 'not found; /api/v1/openapi.json lists all there is' });
  });

  let document: unknown;
  for (const route of API_ROUTES) {
    // Found out before the body is read, and kept for the handler.
    const admitted = new WeakMap<FastifyRequest, Who>();
    app.route({
      method: route.method,
      url: BASE + route.path,
      ...(route.bodyLimit !== undefined && { bodyLimit: route.bodyLimit }),
      onRequest: async (request) => {
        if (route.role !== 'anyone')
          admitted.set(request, guard.admit(route.role, request.method, request.headers, addressOf(request)));
        if (route.method === 'POST') refuseOtherMedia(request);
      },
      handler: async (request, reply) => {
        const input = inputOf(route, request);
        const who = admitted.get(request) ?? LOCAL;
        if (route.path === '/stream') return streams.begin(request, reply, who, input.query.types);
        if (route.path === '/openapi.json') {
          document ??= openApiDocument(API_ROUTES, console.version);
          return reply.send(document);
        }
        return answer(route, input, request, reply, who);
      },
    });
  }

  const answer = async (
    route: ApiRoute,
    input: unknown,
    request: FastifyRequest,
    reply: FastifyReply,
    who: Who,
  ): Promise<FastifyReply> => {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    request.raw.socket.setTimeout(SLOW_MS);
    const context: RouteContext = {
      console,
      who,
      nowMs: now(),
      signal: gone.signal,
      reply,
      session: {
        async open(token) {
          const opened = guard.open(token, addressOf(request));
          if (opened.cookie !== '') reply.header('set-cookie', opened.cookie);
          return opened.who;
        },
        close() {
          reply.header('set-cookie', guard.close(request.headers));
        },
      },
    };
    const result = await route.handle(input as never, context);
    return route.answer === undefined ? reply.code(204).send() : reply.send(result);
  };

  await app.ready();
  return {
    handle: (request, response) => app.routing(request, response),
    async close() {
      streams.close();
      await app.close();
    },
  };
};

/** Who is on the other end, as the connection itself says: what headers say of it anybody can write. */
const addressOf = (request: FastifyRequest): string => request.raw.socket.remoteAddress ?? '';

/** JSON is the only kind of body. An empty one is an empty object, since some programs send none. */
const readJsonOnly = (app: FastifyInstance): void => {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, {});
    else void parse(request, String(body), done);
  });
};

/** A form of another site cannot send JSON without asking first, and nobody who asks is allowed. */
const refuseOtherMedia = (request: FastifyRequest): void => {
  const type = request.headers['content-type'] ?? '';
  if (/^application\/json\s*(;|$)/i.test(type)) return;
  throw new ApiError(
    415,
    `header content-type: found ${type === '' ? 'nothing' : JSON.stringify(type.slice(0, 80))}, allowed: application/json`,
  );
};

/** What becomes of an error: a mistake of the client is explained, ours goes to the log alone. */
const refusalOf = (
  error: unknown,
): Pick<ApiError, 'status' | 'headers' | 'problems'> & { readonly text: string } => {
  if (error instanceof ApiError) return { ...pick(error), text: error.message };
  const none = { headers: {}, problems: [] };
  if (error instanceof UsageError) return { ...none, status: 400, text: error.message };
  if (error instanceof RangeError && error.message.startsWith('after: ')) {
    const message = 'found a value that is no `next` of this list, allowed: one of them';
    return {
      ...none,
      status: 400,
      text: `query.after: ${message}`,
      problems: [{ place: 'query.after', message }],
    };
  }
  if (error instanceof StoreError && error.kind !== 'failed')
    return { ...none, status: 503, text: 'the store cannot be used right now; the log says why' };
  const status = (error as { readonly statusCode?: number }).statusCode ?? 500;
  if (status < 500) return { ...none, status, text: errorText(error) };
  return { ...none, status: 500, text: 'internal error; the log has it' };
};

const pick = ({
  status,
  headers,
  problems,
}: ApiError): Pick<ApiError, 'status' | 'headers' | 'problems'> => ({
  status,
  headers,
  problems,
});

const PATTERNS = API_ROUTES.map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${BASE}${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`),
}));

/** The methods that a path has routes for. */
const methodsOf = (path: string): readonly string[] => [
  ...new Set(PATTERNS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)),
];

/** No route has a schema of the framework's kind, so its compilers are left out. */
const noSchemas = (): never => {
  throw new Error('a schema needs the compilers of the framework, which are left out');
};
