/** Lets so many pieces of work run at a time, the others in the order of asking, whatever becomes of those before. */
export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes a {@link Gate}. */
export const createGate = (most: number): Gate => {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The place is handed on: nobody who comes meanwhile gets in between.
      if (next) next();
      else free += 1;
    }
  };
};
