import { expect, it } from 'vitest';
import { chanceOf } from './mutate.ts';
import { TARGETS } from './targets.ts';

/* A bounded run of the fuzzer with fixed seeds. `npm run fuzz -- --minutes N` runs on, with seeds of its own. */

const ROUNDS: Readonly<Record<string, number>> = {
  configuration: 250,
  rules: 400,
  presets: 150,
  answers: 400,
  server: 250,
  api: 300,
  matchers: 2_000,
  arguments: 8,
};

it.each(Object.entries(TARGETS))(
  '%s: nothing that comes in ends or confuses us',
  async (name, create) => {
    const target = await create();
    try {
      const rounds = ROUNDS[name] ?? 0;
      expect(rounds).toBeGreaterThan(0);
      for (let seed = 1; seed <= rounds; seed += 1)
        await target.once(chanceOf(seed)).catch((error: unknown) => {
          throw new Error(`seed ${seed} of ${name}: ${String(error)}`, { cause: error });
        });
    } finally {
      await target.close();
    }
  },
  120_000,
);
