import type { Database } from 'better-sqlite3';

/** What waits for the transaction of this turn. */
interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Transaction = <T>(work: () => T) => T;

/**
 * Makes a function that runs works in one transaction for all that are given in the same turn of the event loop. Each
 * has a savepoint of its own, so that one that throws takes nothing of another along.
 */
export const createTogether = (
  db: Database,
  transaction: Transaction,
): (<T>(work: () => T) => Promise<T>) => {
  const save = db.prepare('SAVEPOINT together');
  const undo = db.prepare('ROLLBACK TO together');
  const release = db.prepare('RELEASE together');
  let waiting: Waiting[] = [];

  /** Answers what is to be told once the transaction is on disk. */
  const runOne = ({ work, resolve, reject }: Waiting): (() => void) => {
    save.run();
    try {
      const result = work();
      release.run();
      return () => resolve(result);
    } catch (error) {
      // After some errors (a full disk, say) SQLite has rolled back everything by itself: then nobody's work is done.
      if (!db.inTransaction) throw error;
      undo.run();
      release.run();
      return () => reject(error);
    }
  };
  const runAll = (): void => {
    const all = waiting;
    waiting = [];
    try {
      for (const tell of transaction(() => all.map(runOne))) tell();
    } catch (error) {
      for (const { reject } of all) reject(error);
    }
  };
  return <T>(work: () => T) =>
    new Promise<T>((resolve, reject) => {
      if (waiting.length === 0) setImmediate(runAll);
      waiting.push({ work, resolve: resolve as (result: unknown) => void, reject });
    });
};
