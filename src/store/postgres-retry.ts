import { isClash, translate } from './postgres-errors.ts';

/** Tries again, at once, what fails with an error that `again` says yes to; other errors become those that callers see. */
export type Retry = <T>(again: (error: unknown) => boolean, attempt: () => Promise<T>) => Promise<T>;

/** Transactions that clash are begun anew; so often only where many want the same row for the first time. */
const TRIES = 8;

/**
 * Whoever met a broken connection asks another one, once, if nothing was begun on it: after a restart of the server, all
 * connections in the pool are broken.
 */
export const once = (is: (error: unknown) => boolean): ((error: unknown) => boolean) => {
  let asked = false;
  return (error) => {
    const again = is(error) && !asked;
    asked ||= again;
    return again;
  };
};

/** A clash, or what `other` says yes to. */
export const clashOr =
  (other: (error: unknown) => boolean) =>
  (error: unknown): boolean =>
    isClash(error) || other(error);

/** Makes the {@link Retry} of a database, which errors name by `place`. */
export const createRetry =
  (place: string): Retry =>
  async (again, attempt) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (tries >= TRIES || !again(error)) throw translate(place, error);
      }
    }
  };
