import { createCell } from './cell.ts';

/** Where we are: the path in parts, decoded, and the query. */
export interface Route {
  readonly path: string;
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

const read = (): Route => ({
  path: location.pathname,
  parts: location.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decode),
  query: new URLSearchParams(location.search),
});

export const route = createCell<Route>(read());

/** Goes to an address of the page. `replace`: without a step back to where we were. */
export const navigate = (url: string, { replace = false }: { readonly replace?: boolean } = {}): void => {
  if (url === location.pathname + location.search) return;
  if (replace) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  route.set(read());
};

/** A path of the page from its parts. */
export const pathOf = (...parts: readonly string[]): string =>
  `/${parts.map((part) => encodeURIComponent(part)).join('/')}`;

/** An address with some of its query changed; empty and undefined values are taken out. */
export const withQuery = (
  path: string,
  query: URLSearchParams,
  changes: Readonly<Record<string, string | undefined>>,
): string => {
  const next = new URLSearchParams(query);
  for (const [key, value] of Object.entries(changes))
    if (value === undefined || value === '') next.delete(key);
    else next.set(key, value);
  const text = next.toString();
  return text === '' ? path : `${path}?${text}`;
};

/** Changes the query where we are now, which may be further than where the caller was drawn; no step back. */
export const changeQuery = (changes: Readonly<Record<string, string | undefined>>): void => {
  const { path, query } = route.get();
  navigate(withQuery(path, query, changes), { replace: true });
};

/** Where the page is not: what the monitor serves beside it. */
const NATIVE = /^\/(?:api|metrics|a|healthz|livez|readyz|assets)(?:\/|$)/;

/** Turns clicks on links of the page into steps without loading anew. */
export const followLinks = (): void => {
  addEventListener('popstate', () => route.set(read()));
  document.addEventListener('click', (click) => {
    if (click.defaultPrevented || click.button !== 0) return;
    if (click.metaKey || click.ctrlKey || click.shiftKey || click.altKey) return;
    const link = (click.target as Element | null)?.closest('a');
    if (!link || link.target !== '' || link.origin !== location.origin || NATIVE.test(link.pathname)) return;
    if (link.hash !== '' && link.pathname === location.pathname) return;
    click.preventDefault();
    navigate(link.pathname + link.search);
  });
};
