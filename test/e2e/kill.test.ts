import { describe, expect, it } from 'vitest';
import { killAgainAndAgain, seeded } from './kill.ts';

/** A dozen by default; `npm run test:kill` asks for a hundred and more. */
const KILLS = Number(process.env.KILLS ?? 12);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

describe('SIGKILL at random moments', () => {
  it(`${KILLS} kills (seed ${SEED}): no event and no alert is lost, a repetition carries the same delivery id`, async () => {
    const result = await killAgainAndAgain({ kills: KILLS, random: seeded(SEED), eventsPerLife: 60 });
    console.log(
      `killed ${result.kills} times (seed ${SEED}): ${JSON.stringify(result.moments)}; ` +
        `${result.expected.size} alerts expected, ${result.received.size} events told, ${result.repeats} repeated`,
    );
    expect(result.expected.difference(result.received)).toEqual(new Set());
    expect(result.received.difference(result.expected)).toEqual(new Set());
    expect(result.repeatsWithOtherId).toBe(0);
    expect(result.stored).toBe(result.generated);
  }, 3_600_000);
});
