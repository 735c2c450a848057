import { describe, expect, it } from 'vitest';
import { liveDay } from './day.ts';

/** A known one and one that is new every time; `npm run test:chaos -- --seeds 200` lives through many longer ones. */
const SEEDS = process.env.SEED === undefined ? [7, 1 + (Date.now() % 1_000_000)] : [Number(process.env.SEED)];
const HOURS = 6;

describe('a day in a minute', () => {
  it.each(SEEDS)(
    `seed %i, ${HOURS} hours (again: npm run test:chaos -- --seeds 1 --hours ${HOURS} --from SEED): all is stored, decided and told once, with a cause and an end`,
    async (seed) => {
      const { violations, sums } = await liveDay(seed, { hours: HOURS });
      expect(violations).toEqual([]);
      expect(sums.events).toBeGreaterThan(50);
      expect(sums.webhooks).toBeGreaterThan(10);
    },
    120_000,
  );
});
