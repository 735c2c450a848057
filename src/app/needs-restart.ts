import { isDeepStrictEqual } from 'node:util';
import type { Settings } from '../config/settings.ts';

const keepPlace = (fresh: Settings, { store: { place } }: Settings): Settings => ({
  ...fresh,
  store: { ...fresh.store, place },
});

/** What is made once for the life of the process: by its name in the configuration, how it is read, how it is kept. */
const FIXED: readonly {
  readonly name: string;
  readonly of: (settings: Settings) => unknown;
  readonly keep: (fresh: Settings, running: Settings) => Settings;
}[] = [
  {
    name: 'store.path',
    of: ({ store: { place } }) => (place.kind === 'sqlite' ? place : undefined),
    keep: keepPlace,
  },
  {
    name: 'store.url',
    of: ({ store: { place } }) => (place.kind === 'postgres' ? place : undefined),
    keep: keepPlace,
  },
  {
    name: 'store.lease',
    of: ({ store: { leaseMs } }) => leaseMs,
    keep: (fresh, { store: { leaseMs } }) => ({ ...fresh, store: { ...fresh.store, leaseMs } }),
  },
  {
    name: 'http',
    // Who may ask can change while the server listens; where it listens cannot.
    of: ({ http: { listen, externalUrl } }) => ({ listen, externalUrl }),
    keep: (fresh, { http: { listen, externalUrl } }) => ({
      ...fresh,
      http: { ...fresh.http, listen, externalUrl },
    }),
  },
  {
    name: 'tracing',
    of: ({ tracing }) => tracing,
    keep: (fresh, { tracing }) => ({ ...fresh, tracing }),
  },
];

/**
 * Settings that can be put in force in place of `running`: what only a restart can change is as it is now, and is named
 * when the fresh ones differ in it.
 */
export const keepFixed = (
  fresh: Settings,
  running: Settings,
): { readonly settings: Settings; readonly needsRestart: readonly string[] } => {
  const differing = FIXED.filter(({ of }) => !isDeepStrictEqual(of(fresh), of(running)));
  return {
    settings: differing.reduce((settings, { keep }) => keep(settings, running), fresh),
    needsRestart: differing.map(({ name }) => name),
  };
};
