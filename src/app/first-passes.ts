import type { MonitorParts } from './parts.ts';

/** So many accounts begin with everything at once; so much time is given to each one more. */
const AT_ONCE = 100;
const EACH_MS = 10;

/**
 * How long an account waits with what is not urgent (the list of event types, the second reader's first look), ms: with ten thousand
 * accounts that is two thirds of what they ask the store at a start, and the first passes of all of them come before. 0 with few.
 */
export const afterFirstPasses = ({ settings, random }: Pick<MonitorParts, 'settings' | 'random'>): number => {
  const spreadMs = Math.max(0, settings.accounts.length - AT_ONCE) * EACH_MS;
  return spreadMs === 0 ? 0 : random() * spreadMs;
};
