import { expect, it } from 'vitest';
import { endure } from './ordeal.ts';

/** A dozen by default, each kind of fault once; `npm run test:replicas` asks for hundreds, and for hundreds of accounts. */
const FAULTS = Number(process.env.FAULTS ?? 12);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

it(`three replicas, ${FAULTS} faults (seed ${SEED}): nothing is lost, polled twice or left alone, a repetition carries the same delivery id`, async () => {
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
}, 300_000);
