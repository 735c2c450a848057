import type { Clock } from '../core/clock.ts';
import { explicitPlanner, type Planner } from '../core/planner.ts';
import type { Store } from '../core/store.ts';
import { composeStore } from './compose.ts';
import { insertEach } from './insert-events.ts';
import { connect } from './sqlite-connection.ts';
import { fileStatus } from './sqlite-status.ts';

/** How to open a store. */
export interface StoreOptions {
  /** The SQLite file; made with its directory, readable by its owner only, when there is none. */
  readonly path: string;
  readonly now: Clock;
  /** `full` (default): what is committed survives a power cut. `off` is for tests and benchmarks. */
  readonly durability?: 'full' | 'off';
  /** Decides how alerts travel. Left out: only to sinks that are named with them. */
  readonly planner?: Planner;
}

/**
 * Opens the store in one SQLite file, brought up to date if an older version wrote it. Throws a StoreError when the
 * file is damaged, another program's, a newer version's, or in a place that cannot be written; such a file is never
 * changed. Several processes may have the same file open; leases say who acts.
 */
export const openStore = (options: StoreOptions): Store => {
  const { path, now, durability = 'full', planner = explicitPlanner } = options;
  const connection = connect({ path, durability });
  return composeStore(connection, {
    now,
    leaseClock: now,
    planner,
    status: fileStatus(connection, now),
    insertEvents: insertEach,
  });
};
