import type { IncomingMessage } from 'node:http';
import type { Target as DrawTarget } from './fault-table.ts';
import type { Route } from './faults.ts';

/** A request that means something: who asks for what. */
export type Target = {
  readonly account: string;
  readonly secret: string;
  readonly params: URLSearchParams;
} & (
  | { readonly route: 'list' }
  | { readonly route: 'types' }
  | { readonly route: 'event'; readonly id: string }
);

/** A request as read from its headers. */
export type ReadRequest = {
  /** For the record. */
  readonly seen: {
    readonly account: string;
    readonly method: string;
    readonly path: string;
    readonly query: Readonly<Record<string, string>>;
  };
  /** For drawing faults. */
  readonly drawn: DrawTarget;
} & ({ readonly target: Target } | { readonly refusal: 404 | 405 });

const basic = (header: string | undefined): { readonly account: string; readonly secret: string } => {
  const encoded = /^basic +([a-z0-9+/=_-]+)$/i.exec(header ?? '')?.[1] ?? '';
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0
    ? { account: '', secret: '' }
    : { account: text.slice(0, colon), secret: text.slice(colon + 1) };
};

/** Reads what a request asks for: `GET` or `OPTIONS <mount>/events`, `GET <mount>/events/{id}`. */
export const readRequest = (request: IncomingMessage, mountPath: string): ReadRequest => {
  const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s);
  const params = new URLSearchParams(query);
  const method = request.method ?? 'GET';
  const { account, secret } = basic(request.headers.authorization);
  const seen = { account, method, path, query: Object.fromEntries(params) };

  const inside = path.startsWith(`${mountPath}/`) ? path.slice(mountPath.length) : '';
  const id = /^\/events\/([^/]+)$/.exec(inside)?.[1];
  const list = /^\/events\/?$/.test(inside);
  const route: Route = id !== undefined ? 'event' : method === 'OPTIONS' ? 'types' : 'list';
  const page = Number(params.get('page') || 1);
  const drawn = { account, route, ...(route === 'list' ? { page } : {}) };
  const who = { account, secret, params };

  if (id === undefined && !list) return { seen, drawn, refusal: 404 };
  if (method !== 'GET' && !(list && method === 'OPTIONS')) return { seen, drawn, refusal: 405 };
  if (id !== undefined) return { seen, drawn, target: { ...who, route: 'event', id: decode(id) } };
  return { seen, drawn, target: { ...who, route: route === 'types' ? 'types' : 'list' } };
};

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
