/** A queue whose work runs with bounded concurrency, in order of arrival; a slow item holds up only its own place. */
export interface SendQueue<T> {
  /** How many wait to be started. */
  readonly waiting: number;
  /** How many are running. */
  readonly running: number;
  add(items: readonly T[]): void;
  /** Takes out what has not been started. */
  clear(): readonly T[];
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

/** Makes a {@link SendQueue}. `work` must never reject. */
export const createSendQueue = <T>(concurrency: number, work: (item: T) => Promise<void>): SendQueue<T> => {
  const waiting: T[] = [];
  let running = 0;
  let onIdle: (() => void)[] = [];
  const start = async (item: T): Promise<void> => {
    running += 1;
    await work(item);
    running -= 1;
    fill();
    if (running > 0) return;
    for (const wake of onIdle) wake();
    onIdle = [];
  };
  const fill = (): void => {
    for (const item of waiting.splice(0, concurrency - running)) void start(item);
  };
  return {
    get waiting() {
      return waiting.length;
    },
    get running() {
      return running;
    },
    add(items) {
      waiting.push(...items);
      fill();
    },
    clear: () => waiting.splice(0),
    idle() {
      return running === 0 ? Promise.resolve() : new Promise((resolve) => onIdle.push(resolve));
    },
  };
};
