import type { Steps } from './steps.ts';

/** Which SQL a connection speaks. */
export type Dialect = 'sqlite' | 'postgres';

/** Runs steps to their end. */
export type RunSteps = <T>(work: () => Steps<T>) => Promise<T>;

/**
 * One open database and the only ways to use it. All of them reject with a StoreError when the database refuses. Works are
 * functions, since PostgreSQL may have to begin one anew (two that waited for each other): nothing of the first run is left
 * then, so a work changes nothing but the database before its end.
 */
export interface Connection {
  readonly dialect: Dialect;
  /** Reads. */
  readonly read: RunSteps;
  /** Runs `work` in one transaction, on disk when it resolves. If anything throws, nothing was written. */
  readonly commit: RunSteps;
  /**
   * The same, at one with all others that are asked for in this turn of the event loop where that saves waiting for the
   * disk. If one throws, nothing of it was written, and the others are.
   */
  readonly commitTogether: RunSteps;
  /**
   * The same without waiting for the disk: a power cut (not a crash of the process) may undo it together with
   * everything after it. For what only costs a repetition: claims, heartbeats, pruning, probes.
   */
  readonly commitLightly: RunSteps;
  /** Many reads of one moment, however long they take and whatever is committed meanwhile. */
  snapshot<T>(work: (run: RunSteps) => Promise<T>): Promise<T>;
  /**
   * One transaction over many works and what is awaited between them. Nothing else uses the connection meanwhile, and nobody
   * else writes: for moving a store, and not for a monitor.
   */
  transaction<T>(work: (run: RunSteps) => Promise<T>): Promise<T>;
  /**
   * Calls `forget` whenever what was read before may not hold any more: after a failover, the server at the other end may lack
   * what was committed last. Not there where that cannot be.
   */
  readonly onChangedServer?: (forget: () => void) => void;
  close(): void | Promise<void>;
}
