import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { liveDay } from './day.ts';

/*
 * npm run test:chaos -- [--store sqlite|postgres] [--seeds 20] [--from 1] [--hours 24] [--log FILE] [--faults 200]
 *
 * Lives through days, one seed after the other, and ends with 1 when one of them was not survived. On PostgreSQL, three real
 * replicas endure so many faults after that: see test/replicas.
 */
const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'sqlite' },
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    hours: { type: 'string', default: '24' },
    /** Where the log of the last day goes, for whoever looks for a reason. */
    log: { type: 'string' },
    faults: { type: 'string' },
  },
});
const { store, hours, log } = values;
if (store !== 'sqlite' && store !== 'postgres')
  throw new Error(`--store ${store}: sqlite or postgres is allowed`);
let child: ChildProcess | undefined;
// Ended like this, file systems that were mounted are removed as well.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    child?.kill(signal);
    process.exit(1);
  });
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const live = async (seed: number): Promise<boolean> => {
  const begunMs = performance.now();
  let violations: readonly string[];
  let sums = '';
  try {
    const result = await liveDay(seed, { hours: Number(hours), logFile: log, store });
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
  return violations.length === 0;
};

/** A process for each: what a day leaves behind in one, such as histograms of the event loop, would slow down the next. */
const apart = async (file: string, args: readonly string[]): Promise<boolean> => {
  child = spawn(process.execPath, [join(import.meta.dirname, file), ...args], { stdio: 'inherit' });
  await once(child, 'exit');
  return child.exitCode === 0;
};

const [from, seeds] = [Number(values.from), Number(values.seeds)];
const faults = values.faults ?? (store === 'postgres' && seeds > 1 ? '200' : '0');
let isFine: boolean;
if (seeds === 1) isFine = await live(from);
else {
  const failed: number[] = [];
  for (let seed = from; seed < from + seeds; seed += 1) {
    const rest = log === undefined ? [] : ['--log', log];
    const args = ['--store', store, '--seeds', '1', '--from', String(seed), '--hours', hours, ...rest];
    if (!(await apart('main.ts', args))) failed.push(seed);
  }
  say(failed.length === 0 ? 'all survived' : `failed: ${failed.join(', ')}`);
  isFine = failed.length === 0;
}
if (faults !== '0')
  isFine = (await apart('../replicas/main.ts', ['--faults', faults, '--seed', String(from)])) && isFine;
// A day that broke off in the middle leaves connections behind, which must not keep the next one from beginning.
process.exit(isFine ? 0 : 1);
