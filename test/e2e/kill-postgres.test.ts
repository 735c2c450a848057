import { expect, it } from 'vitest';
import { createDatabase } from '../support/postgres.ts';
import { killAgainAndAgain, seeded } from './kill.ts';

const KILLS = Number(process.env.KILLS ?? 6);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

it(`on PostgreSQL, ${KILLS} kills (seed ${SEED}): nothing is lost, a repetition carries the same delivery id`, async () => {
  const database = await createDatabase();
  try {
    const result = await killAgainAndAgain({
      kills: KILLS,
      random: seeded(SEED),
      eventsPerLife: 60,
      place: { kind: 'postgres', url: database.url },
    });
    console.log(
      `killed ${result.kills} times (seed ${SEED}): ${result.expected.size} alerts expected, ${result.repeats} repeated`,
    );
    expect(result.expected.difference(result.received)).toEqual(new Set());
    expect(result.received.difference(result.expected)).toEqual(new Set());
    expect(result.repeatsWithOtherId).toBe(0);
    expect(result.stored).toBe(result.generated);
  } finally {
    await database.drop();
  }
}, 3_600_000);
