import { appendFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { endure } from './ordeal.ts';

/*
 * npm run test:replicas -- [--faults 200] [--accounts 300] [--seed 1] [--only KIND] [--log FILE]
 *
 * Puts three replicas through a plan of faults, and ends with 1 when something did not hold. Their logs go to FILE.
 */
const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '200' },
    accounts: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    /** Poll interval and lease, ms; events a second of all accounts together. */
    interval: { type: 'string', default: '3000' },
    lease: { type: 'string', default: '3000' },
    events: { type: 'string', default: '10' },
    /** Only faults of this kind, such as `strand`. */
    only: { type: 'string' },
    log: { type: 'string' },
  },
});
const begunMs = performance.now();
const { log } = values;
if (log !== undefined) writeFileSync(log, '');
const say = (line: string): void => {
  const text = `${new Date().toISOString()} ${line}\n`;
  process.stdout.write(text);
  if (log !== undefined) appendFileSync(log, text);
};
const { violations, handoversMs, ...sums } = await endure({
  seed: Number(values.seed),
  faults: Number(values.faults),
  accounts: Number(values.accounts),
  intervalMs: Number(values.interval),
  leaseMs: Number(values.lease),
  events: Number(values.events),
  only: values.only,
  logFile: log,
  say,
});
for (const violation of violations.slice(0, 50)) say(`VIOLATION: ${violation}`);
say(JSON.stringify(sums));
say(`handed over after SIGTERM in ${handoversMs.toSorted((a, b) => a - b).join(', ')} ms`);
say(
  `seed ${values.seed}: ${violations.length === 0 ? 'all held' : `${violations.length} VIOLATIONS`} (${((performance.now() - begunMs) / 1_000).toFixed(0)} s)`,
);
// What ends the servers with the process would end it with 0.
process.exit(violations.length === 0 ? 0 : 1);
