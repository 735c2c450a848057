/** Runs one piece of work after the other, in the order of asking, whatever becomes of those before. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes {@link Turns}. */
export const createTurns = (): Turns => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
};
