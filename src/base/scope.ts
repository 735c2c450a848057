import { errorText } from './errors.ts';

/** Named clean-ups that run in reverse order of their registration, all of them, whatever fails. */
export interface Scope {
  /** Registers a clean-up under a name that appears in the error when it fails. */
  defer(name: string, cleanup: () => void | Promise<void>): void;
  /** Runs all clean-ups once, newest first. Rejects with an AggregateError after the last when any failed. */
  close(): Promise<void>;
}

/** Makes an empty {@link Scope}. */
export const createScope = (): Scope => {
  const cleanups: { readonly name: string; readonly run: () => void | Promise<void> }[] = [];
  return {
    defer(name, run) {
      cleanups.push({ name, run });
    },
    async close() {
      const failures: Error[] = [];
      for (let next = cleanups.pop(); next; next = cleanups.pop()) {
        try {
          await next.run();
        } catch (error) {
          failures.push(new Error(`closing ${next.name} failed: ${errorText(error)}`, { cause: error }));
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, failures.map((f) => f.message).join('; '));
    },
  };
};
