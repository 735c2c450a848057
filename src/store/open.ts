import { existsSync } from 'node:fs';
import type { Clock } from '../core/clock.ts';
import type { Planner } from '../core/planner.ts';
import type { Store } from '../core/store.ts';
import type { StorePlace } from '../core/store-place.ts';
import type { Verification, VerifyOptions } from './chain-verify.ts';
import { openHistory, type StoredHistory } from './open-history.ts';
import { openStore } from './open-store.ts';

/*
 * The client of PostgreSQL is loaded only by those who use it: a monitor over a file starts as fast and as small without it.
 */

/** How to open a store wherever it lies. */
export interface StoreAtOptions {
  readonly now: Clock;
  readonly planner?: Planner;
  /** By which leases in a database run. The database's own clock unless given; a file knows none but `now`. */
  readonly leaseClock?: Clock;
  /** How long leases of replicas last: what is waited for in a database depends on it. ms */
  readonly leaseMs?: number;
  /** Told each time that a table of a database cannot be brought up to date yet, with the reason; it is tried again. */
  readonly onMigrationWaits?: (reason: string) => void;
}

/** Opens the store at a place, made or brought up to date where needed. Rejects with a StoreError when it cannot be used. */
export const openStoreAt = async (place: StorePlace, options: StoreAtOptions): Promise<Store> => {
  if (place.kind === 'sqlite') return openStore({ path: place.path, ...options });
  const { openPostgresStore } = await import('./open-postgres.ts');
  return openPostgresStore({ place, ...options });
};

/** Opens what is kept at a place, for reading alone. Rejects with a StoreError when there is nothing to be read. */
export const openHistoryAt = async (place: StorePlace): Promise<StoredHistory> => {
  if (place.kind === 'sqlite') return openHistory(place.path);
  const { openPostgresHistory } = await import('./open-postgres.ts');
  return openPostgresHistory(place);
};

/** Verifies all chains of the store at a place, or an account's. Rejects with a StoreError; never writes. */
export const verifyChainsAt = async (
  place: StorePlace,
  options: Omit<VerifyOptions, 'path'>,
): Promise<Verification> => {
  if (place.kind === 'sqlite') {
    const { verifyChains } = await import('./chain-verify.ts');
    return verifyChains({ path: place.path, ...options });
  }
  const { verifyPostgres } = await import('./open-postgres.ts');
  return verifyPostgres(place, options);
};

/** Whether there is anything at a place, as far as it can be told without opening it: of a server it cannot. */
export const isStoreAt = (place: StorePlace): boolean => place.kind === 'postgres' || existsSync(place.path);
