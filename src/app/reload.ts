import type { ReloadAnswer } from '../server/alert-shapes.ts';
import type { StatusAnswer } from '../server/status-shape.ts';

/**
 * Reads configuration and rules once more and, when all of it is right, works by them from then on. `by` is who asks, for
 * the log: `a signal`, `a file has changed`, the name of a token. Never rejects: what is wrong is in the answer, and the
 * old ones run on. Resolves when the new ones are in force; asked again meanwhile it does it once more afterwards.
 */
export type Reload = (by: string) => Promise<ReloadAnswer>;

/** What is in force, and what became of the last attempt to change it. */
export type ConfigStatus = StatusAnswer['config'];

/** What a running monitor offers to those who look after its configuration. */
export interface Reloader {
  readonly reload: Reload;
  status(): ConfigStatus;
}
