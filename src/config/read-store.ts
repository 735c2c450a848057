import { type StorePlace, tlsOptionsIn } from '../core/store-place.ts';
import { readSecret } from './read-secret.ts';
import { SECTIONS } from './schema.ts';
import type { Section } from './section.ts';

const URL_ALLOWED = 'allowed: postgres://user:password@host:port/database';

/** Where the store is, for how long it keeps things, and how long a lease of a replica lasts. */
export interface StoreSettings {
  readonly place: StorePlace;
  readonly retentionMs: number;
  readonly leaseMs: number;
}

/** Reads `store`: a file, or a database. Undefined when it has problems. */
export const readStore = (section: Section): StoreSettings | undefined => {
  const store = section.check(SECTIONS.store, ['store'], (path) => path.at(-1) === 'url');
  if (store === undefined) return undefined;
  const { url, url_file: file, tls, pool_size: poolSize, retention: retentionMs, lease: leaseMs } = store;
  const raw = section.value(['store']);
  const names = ['path', 'url', 'url_file'].filter(
    (name) => typeof raw === 'object' && raw !== null && Object.hasOwn(raw, name),
  );
  if (names.length > 1) {
    section.problem(['store'], `store: found ${names.join(' and ')}, allowed: one of path, url, url_file`);
    return undefined;
  }
  if (url === undefined && file === undefined) {
    for (const name of ['tls', 'pool_size'] as const)
      if (store[name] !== undefined)
        section.problem(['store', name], `store.${name}: is about a database, allowed: with url or url_file`);
    return { place: { kind: 'sqlite', path: store.path }, retentionMs, leaseMs };
  }
  const read = url ?? readSecret(section, ['store', 'url_file'], file ?? '')?.value;
  if (read === undefined) return undefined;
  for (const secretFile of section.tree.place(['store', 'url'])?.files ?? [])
    section.guardSecretFile(['store', 'url'], secretFile);
  const name = url === undefined ? 'url_file' : 'url';
  if (!isPostgresUrl(read)) {
    section.problem(['store', name], `store.${name}: holds no URL of a database, ${URL_ALLOWED}`);
    return undefined;
  }
  section.known.add(read);
  // The driver and the server tell parts of it.
  for (const password of passwordsOf(new URL(read))) section.known.add(password);
  const options = tlsOptionsIn(read);
  if (tls !== undefined && options.length > 0) {
    section.problem(
      ['store', name],
      `store.${name}: found ${options.join(' and ')} in the URL beside store.tls, allowed: one of them, since the URL would override what store.tls says`,
    );
    return undefined;
  }
  return { place: { kind: 'postgres', url: read, tls, poolSize }, retentionMs, leaseMs };
};

/** The passwords in a URL, before the host and as an option, as they are written and as they are meant. */
const passwordsOf = ({ password, search, searchParams }: URL): readonly string[] =>
  [
    password,
    decodeURIComponent(password),
    ...searchParams.getAll('password'),
    ...[...search.matchAll(/[?&]password=([^&]*)/g)].map(([, written]) => written ?? ''),
  ].filter((text) => text !== '');

const isPostgresUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, password } = new URL(text);
  if (pathname.length < 2 || (protocol !== 'postgres:' && protocol !== 'postgresql:')) return false;
  try {
    decodeURIComponent(password);
    return true;
  } catch {
    return false;
  }
};
