import { expect, it } from 'vitest';
import { endure } from './ordeal.ts';

/** One round by default, so each kind of fault; `npm run test:replicas` asks for hundreds, and for hundreds of accounts. */
const FAULTS = Number(process.env.FAULTS ?? 13);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

it(`three replicas, ${FAULTS} faults (seed ${SEED}): nothing is lost, decided or polled twice, or left alone, a repetition carries the same delivery id`, async () => {
  const { violations, handoversMs, longestGap, ...sums } = await endure({
    seed: SEED,
    faults: FAULTS,
    accounts: 30,
    intervalMs: 500,
    leaseMs: 3_000,
    events: 10,
  });
  console.log(
    `seed ${SEED}: ${JSON.stringify(sums)}, longest gap ${longestGap?.ableMs} ms, handed over in ${handoversMs.join(', ')} ms`,
  );
  expect(violations).toEqual([]);
  // Otherwise nothing was tried.
  expect(sums.alerts).toBeGreaterThan(20);
  expect(sums.polls).toBeGreaterThan(300);
  expect(sums.decisions).toBeGreaterThan(8);
  expect(sums.summaries).toBeGreaterThan(5);
}, 300_000);
