import { parseArgs } from 'node:util';
import { liveDay } from './day.ts';

/*
 * npm run test:chaos -- --seeds 200 [--from 1] [--hours 24] [--log FILE]
 *
 * Lives through days, one seed after the other, and ends with 1 when one of them was not survived.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    hours: { type: 'string', default: '24' },
    /** Where the log of the last day goes, for whoever looks for a reason. */
    log: { type: 'string' },
  },
});
// Ended like this, file systems that were mounted are removed as well.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const failed: number[] = [];
const from = Number(values.from);
for (let seed = from; seed < from + Number(values.seeds); seed += 1) {
  const begunMs = performance.now();
  let violations: readonly string[];
  let sums = '';
  try {
    const result = await liveDay(seed, Number(values.hours), values.log);
    violations = result.violations;
    sums = JSON.stringify(result.sums);
  } catch (error) {
    violations = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
  const took = `${((performance.now() - begunMs) / 1_000).toFixed(1)} s`;
  say(
    `seed ${seed}: ${violations.length === 0 ? 'survived' : `${violations.length} VIOLATIONS`} (${took}) ${sums}`,
  );
  for (const violation of violations.slice(0, 20)) say(`  ${violation}`);
  if (violations.length > 0) failed.push(seed);
}
say(failed.length === 0 ? 'all survived' : `failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
