/** A PostgreSQL database, and how to get there. */
export interface PostgresPlace {
  readonly kind: 'postgres';
  /** postgres://user:password@host:port/database. A secret. */
  readonly url: string;
  /** Files for a connection whose server is always checked; left out: what the URL says of TLS counts. */
  readonly tls?:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
        readonly servername?: string | undefined;
      }
    | undefined;
  /** Connections at a time; 10 unless given. One more listens. */
  readonly poolSize?: number | undefined;
}

/** Where a store lies. The path of a file is relative to the working directory of the process. */
export type StorePlace = { readonly kind: 'sqlite'; readonly path: string } | PostgresPlace;

/** A place that somebody names on a command line: the URL of a database, or a file, with or without `sqlite:` before it. */
export const parsePlace = (text: string): StorePlace =>
  /^postgres(?:ql)?:\/\//.test(text)
    ? { kind: 'postgres', url: text }
    : { kind: 'sqlite', path: text.replace(/^sqlite:/, '') };

const TLS_OPTION = /^(ssl.*|uselibpqcompat)$/i;

/** The names of the options in the URL of a database that say something of TLS, such as `sslmode`. */
export const tlsOptionsIn = (url: string): readonly string[] =>
  URL.canParse(url) ? [...new URL(url).searchParams.keys()].filter((name) => TLS_OPTION.test(name)) : [];

/** A place as people may see it: the path of the file, or the database without password and options. */
export const placeText = (place: StorePlace): string => {
  if (place.kind === 'sqlite') return place.path;
  try {
    const { host, pathname, username, searchParams } = new URL(place.url);
    const user = username === '' ? '' : `${username}@`;
    return `postgres://${user}${host || (searchParams.get('host') ?? '')}${pathname}`;
  } catch {
    return 'postgres://…';
  }
};
