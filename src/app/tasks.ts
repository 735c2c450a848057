/**
 * Something that runs until its signal aborts. What is under way then may be finished until `hurry` aborts: that is later
 * than the signal when the configuration changes, and with it when the monitor stops.
 */
export type Task = (signal: AbortSignal, hurry: AbortSignal) => Promise<void>;

/**
 * Runs tasks side by side until all have ended. When one rejects, the others are asked to end as well, and the first
 * rejection is passed on once they have: nothing is left running behind.
 */
export const runTogether = async (
  tasks: readonly Task[],
  signal: AbortSignal,
  hurry = signal,
): Promise<void> => {
  const failed = new AbortController();
  const together = AbortSignal.any([signal, failed.signal]);
  const hurried = AbortSignal.any([hurry, failed.signal]);
  let first: { readonly error: unknown } | undefined;
  await Promise.all(
    tasks.map(async (task) => {
      try {
        await task(together, hurried);
      } catch (error) {
        first ??= { error };
        failed.abort();
      }
    }),
  );
  if (first) throw first.error;
};

/** How long a configuration that is changed waits for what is under way: a pass, and attempts at receivers. */
export const PATIENCE_MS = 10_000;

/**
 * Runs tasks until the signal aborts, or `ending`: then `readers` are asked to end first, so that what they find is still
 * passed on while a slow one is waited for, and the others once they have. What is under way by then is hurried when the
 * time for all of it is over.
 */
export const runInTurn = async (
  readers: readonly Task[],
  others: readonly Task[],
  signal: AbortSignal,
  ending: AbortSignal,
): Promise<void> => {
  const readersEnded = new AbortController();
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onEnding = (): void => {
    timer = setTimeout(() => late.abort(), PATIENCE_MS);
  };
  if (ending.aborted) onEnding();
  else ending.addEventListener('abort', onEnding, { once: true });
  const reading: Task = async (until, hurry) => {
    await runTogether(readers, AbortSignal.any([until, ending]), AbortSignal.any([hurry, late.signal]));
    readersEnded.abort();
  };
  const later = others.map(
    (task): Task =>
      (until, hurry) =>
        task(AbortSignal.any([until, readersEnded.signal]), AbortSignal.any([hurry, late.signal])),
  );
  try {
    await runTogether([reading, ...later], signal);
  } finally {
    ending.removeEventListener('abort', onEnding);
    clearTimeout(timer);
  }
};
