import { parseArgs } from 'node:util';
import { chanceOf } from '../test/fuzz/mutate.ts';
import { TARGETS } from '../test/fuzz/targets.ts';

/*
 * Runs the fuzzer for some minutes: `npm run fuzz -- --minutes 5 [--target rules] [--seed 1]`. Goes on after a failure, and
 * prints for each the seed that repeats it; ends with 1 when there was any.
 */

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    rounds: { type: 'string' },
  },
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const names = Object.keys(TARGETS).filter((name) => values.target === undefined || name === values.target);
if (names.length === 0) {
  say(`no target is called "${values.target}"; there are ${Object.keys(TARGETS).join(', ')}`);
  process.exit(2);
}
const first = Number(values.seed);
const shareMs = (Number(values.minutes) * 60_000) / names.length;
const most = values.rounds === undefined ? Number.POSITIVE_INFINITY : Number(values.rounds);
let failures = 0;
for (const name of names) {
  const create = TARGETS[name];
  if (!create) continue;
  const target = await create();
  const endMs = performance.now() + shareMs;
  let rounds = 0;
  let slowest = { ms: 0, seed: first };
  const seen = new Set<string>();
  for (let seed = first; performance.now() < endMs && rounds < most; seed += 1, rounds += 1) {
    const beganMs = performance.now();
    try {
      await target.once(chanceOf(seed));
    } catch (error) {
      const text = String(error instanceof Error ? error.message : error);
      const kind = text.slice(0, 120);
      if (!seen.has(kind)) say(`FAILED ${name}, --target ${name} --seed ${seed} --rounds 1:\n${text}\n`);
      seen.add(kind);
      failures += 1;
    }
    const ms = performance.now() - beganMs;
    if (ms > slowest.ms) slowest = { ms, seed };
  }
  await target.close();
  say(
    `${name}: ${rounds} inputs from seed ${first}, slowest ${Math.round(slowest.ms)} ms (seed ${slowest.seed})`,
  );
}
process.exitCode = failures > 0 ? 1 : 0;
