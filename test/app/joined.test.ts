import { expect, it } from 'vitest';
import { createJoined } from '../../src/app/joined.ts';

it('answers ten thousand questions of one moment by one run, and those that come during it by the next', async () => {
  let runs = 0;
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const begun = Promise.withResolvers<void>();
  const ask = createJoined(async () => {
    runs += 1;
    const run = runs;
    begun.resolve();
    await gates[run - 1]?.promise;
    return run;
  });
  const first = Array.from({ length: 10_000 }, ask);
  await begun.promise;
  // What changed since the first run looked must be in this answer.
  const later = Array.from({ length: 10_000 }, ask);
  gates[0]?.resolve();
  expect(new Set(await Promise.all(first))).toEqual(new Set([1]));
  gates[1]?.resolve();
  expect(new Set(await Promise.all(later))).toEqual(new Set([2]));
  expect(runs).toBe(2);
});

it('tells all who asked that a run failed, and begins anew for the next', async () => {
  const answers = [() => Promise.reject(new Error('away')), () => Promise.resolve('back')];
  const ask = createJoined(async () => answers.shift()?.());
  const failed = await Promise.allSettled([ask(), ask()]);
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await ask()).toBe('back');
});
