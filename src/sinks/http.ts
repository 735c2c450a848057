import { Agent, type Dispatcher, ProxyAgent, request } from 'undici';
import { credentialsOf, secretsOfUrl } from './credentials.ts';
import { withDeadline } from './deadline.ts';
import type { SinkDeps } from './sink-type.ts';

/** How much of an answer is read, where it only serves to tell a person what the receiver said. */
const MAX_ANSWER_BYTES = 4_096;

/** What a receiver answered. */
export interface HttpAnswer {
  readonly status: number;
  /** The `Retry-After` header as it stood, or undefined. */
  readonly retryAfter: string | undefined;
  /** The start of the body as text. */
  readonly body: string;
}

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
    body: string,
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
  const dispatcher = createDispatcher(options, proxyUrl);
  const target = bare(url);
  const own = { 'user-agent': `vonage-audit-monitor/${deps.version}`, ...authorization(url) };
  return {
    host: url.host,
    secrets: [url, ...(proxyUrl === undefined ? [] : [new URL(proxyUrl)])].flatMap(secretsOfUrl),
    post: (body, headers, signal, to) =>
      withDeadline(signal, options.timeoutMs, async (signal) => {
        const address = to === undefined ? target : bare(to.url);
        if (address.origin !== target.origin) throw new Error('the request would go to another host');
        const answer = await request(address, {
          dispatcher,
          method: to?.method ?? 'POST',
          headers: { ...own, ...headers },
          body,
          signal,
        });
        return {
          status: answer.statusCode,
          retryAfter: [answer.headers['retry-after']].flat()[0],
          body: await readStart(answer.body, options.maxAnswerBytes ?? MAX_ANSWER_BYTES),
        };
      }),
    close: () => dispatcher.destroy(),
  };
};

/** A URL as it is requested: its credentials go into a header, its fragment nowhere. */
const bare = (url: URL): URL => {
  const address = new URL(url);
  address.username = '';
  address.password = '';
  address.hash = '';
  return address;
};

const createDispatcher = (
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
    ? new Agent({ ...common, connect: receiver })
    : new ProxyAgent({ ...common, uri: proxyUrl, requestTls: receiver, proxyTls: { timeout: timeoutMs } });
};

const authorization = (url: URL): Readonly<Record<string, string>> => {
  const { user, password } = credentialsOf(url);
  if (user === '' && password === '') return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
};

/**
 * The start of a body. A body that breaks off or comes too slowly is no failure: the status line has said whether the
 * receiver took the delivery, and a repetition would make it take a second one.
 */
const readStart = async (body: AsyncIterable<Buffer>, max: number): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= max) break;
    }
  } catch {
    // What was read until then is all there is to tell.
  }
  return Buffer.concat(chunks).subarray(0, max).toString('utf8');
};
