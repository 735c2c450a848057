/** Something that runs until its signal aborts. */
export type Task = (signal: AbortSignal) => Promise<void>;

/**
 * Runs tasks side by side until all have ended. When one rejects, the others are asked to end as well, and the first
 * rejection is passed on once they have: nothing is left running behind.
 */
export const runTogether = async (tasks: readonly Task[], signal: AbortSignal): Promise<void> => {
  const failed = new AbortController();
  const together = AbortSignal.any([signal, failed.signal]);
  let first: { readonly error: unknown } | undefined;
  await Promise.all(
    tasks.map(async (task) => {
      try {
        await task(together);
      } catch (error) {
        first ??= { error };
        failed.abort();
      }
    }),
  );
  if (first) throw first.error;
};
