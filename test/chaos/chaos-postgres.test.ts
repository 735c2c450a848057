import { describe, expect, it } from 'vitest';
import { liveDay } from './day.ts';

/** A known one; `npm run test:chaos -- --store postgres --seeds 50` lives through longer ones, and through new ones. */
const SEEDS = [Number(process.env.SEED ?? 4)];
const HOURS = 2;

describe('a day in a minute, on a server that is ended, crashes, goes away, takes no writes, is shared and replaced', () => {
  it.each(SEEDS)(
    `seed %i, ${HOURS} hours (again: npm run test:chaos -- --store postgres --seeds 1 --hours ${HOURS} --from SEED): all is stored, decided and told once, with a cause and an end`,
    async (seed) => {
      const { violations, sums } = await liveDay(seed, { hours: HOURS, store: 'postgres' });
      expect(violations).toEqual([]);
      expect(sums.events).toBeGreaterThan(50);
      expect(sums.webhooks).toBeGreaterThan(5);
    },
    600_000,
  );
});
