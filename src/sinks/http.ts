import { type Dispatcher, Pool, ProxyAgent } from 'undici';
import { credentialsOf, secretsOfUrl } from './credentials.ts';
import { exchange, type HttpAnswer } from './http-exchange.ts';
import type { SinkDeps } from './sink-type.ts';

/** POSTs to one URL over pooled connections. */
export interface HttpPoster {
  /** Host and port, for reasons. */
  readonly host: string;
  /** What of the URL, and of the proxy's, must not be told. */
  readonly secrets: readonly string[];
  /**
   * One POST. Resolves for every answer, redirects included (they are not followed). Rejects when there is none:
   * network errors as undici gives them, DeadlineError, CalledOffError. `to` names another method, or another path of
   * the same host.
   */
  post(
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    to?: { readonly url: URL; readonly method: 'POST' | 'PUT' | 'PATCH' },
  ): Promise<HttpAnswer>;
  /** Ends all connections at once. */
  close(): Promise<void>;
}

/** Client side of TLS: PEM texts. `ca` replaces the built-in authorities. */
export interface TlsMaterial {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * Makes an {@link HttpPoster}; `timeoutMs` bounds connect, headers and body each, and the attempt as a whole. Of an answer
 * at most `maxAnswerBytes` are read (default: a few kilobytes).
 */
export const createHttpPoster = (
  url: URL,
  options: {
    readonly timeoutMs: number;
    readonly connections: number;
    readonly tls?: TlsMaterial;
    readonly maxAnswerBytes?: number;
  },
  deps: SinkDeps,
): HttpPoster => {
  const proxyUrl = deps.proxyFor?.(url.href);
  const { origin } = url;
  const path = url.pathname + url.search;
  const dispatcher = createDispatcher(origin, options, proxyUrl);
  const own = { 'user-agent': `vonage-audit-monitor/${deps.version}`, ...authorization(url) };
  return {
    host: url.host,
    secrets: [url, ...(proxyUrl === undefined ? [] : [new URL(proxyUrl)])].flatMap(secretsOfUrl),
    post: async (body, headers, signal, to) => {
      if (to !== undefined && to.url.origin !== origin)
        throw new Error('the request would go to another host');
      return exchange(
        dispatcher,
        {
          origin,
          path: to === undefined ? path : to.url.pathname + to.url.search,
          method: to?.method ?? 'POST',
          headers: { ...own, ...headers },
          body: typeof body === 'string' ? Buffer.from(body) : body,
        },
        { timeoutMs: options.timeoutMs, maxAnswerBytes: options.maxAnswerBytes },
        signal,
      );
    },
    close: () => dispatcher.destroy(),
  };
};

const createDispatcher = (
  origin: string,
  { timeoutMs, connections, tls }: { timeoutMs: number; connections: number; tls?: TlsMaterial },
  proxyUrl: string | undefined,
): Dispatcher => {
  const given = Object.fromEntries(Object.entries(tls ?? {}).filter(([, pem]) => pem !== undefined));
  const receiver = { ...given, timeout: timeoutMs };
  const common = {
    connections,
    // One request at a time per connection: a receiver that closes after an answer costs no second delivery.
    pipelining: 1,
    allowH2: false,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  };
  return proxyUrl === undefined
    ? new Pool(origin, { ...common, connect: receiver })
    : new ProxyAgent({ ...common, uri: proxyUrl, requestTls: receiver, proxyTls: { timeout: timeoutMs } });
};

const authorization = (url: URL): Readonly<Record<string, string>> => {
  const { user, password } = credentialsOf(url);
  if (user === '' && password === '') return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
};
