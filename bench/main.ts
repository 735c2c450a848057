import { spawnSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { measureCatchUp } from './catch-up.ts';
import { ROOT } from './child.ts';
import { measureAccounts } from './costs.ts';
import { measureDelay } from './delay.ts';
import { measureDelivery } from './delivery.ts';
import { compile, type Program, SOURCE } from './installation.ts';
import { measureReplicas, WORKS, type WorkName } from './replicas.ts';
import { measureScale } from './scale.ts';
import { measureShares } from './shares.ts';
import { measureSideBySide } from './side-by-side.ts';
import { measureSoak } from './soak.ts';
import { measureStart } from './start.ts';
import { type Figure, table } from './table.ts';

const HELP = `usage: npm run bench -- [section…] [options]

sections (default: start catch-up delivery delay soak)
  start      spawn to first completed poll; memory idle
  catch-up   events/s from the simulator into the store; memory; bytes per event
  delivery   deliveries/s through the durable outbox to a webhook
  delay      from visible to received, beyond the poll wait
  soak       alerts to four sinks of which three are in trouble: lost, repeated, memory, delay of the healthy one
  scale      one process over stores of growing size: start, pass, memory, pruning, looking back
  postgres   catch-up, delivery and polls over a file and over PostgreSQL side by side, and what each costs
  costs      quiet accounts over a file and over PostgreSQL: processor time, memory and writes of each
  replicas   1, 2 and 3 replicas on PostgreSQL, an API and receivers that answer after 50 ms
  shares     what it costs to divide many accounts among three replicas
  store      the store alone (bench/store.ts)
  rules      the rule engine alone (bench/rules.ts)
  pack       the shipped rules alone (bench/pack.ts)

options
  --events N       events of the catch-up (200000)
  --deliveries N   deliveries (10000)
  --alerts N       alerts of the soak (20000; the full one has 200000)
  --rate N         alerts a second in the soak (250)
  --samples N      events of the delay (300)
  --rounds N       runs of catch-up and delivery of which the median counts (3)
  --starts N       starts of which the median counts (7)
  --idle SECONDS   time until idle memory is read (20)
  --stored N,N…    sizes of the stores of "scale" (10000,100000); 10000000 takes 10 GB and some minutes
  --accounts N     accounts of "scale" (200), one of which fails and one of which is slow, and of "replicas"
  --watched N,N…   numbers of accounts of "costs" (10,100,1000)
  --shares N,N…    numbers of accounts of "shares" (1000,10000,100000)
  --sinks N        sinks of "replicas" (24)
  --work W,W…      what of "replicas" is measured (polls,deliveries,catch-up)
  --cpu N          hundredths of a core that each replica of "replicas" gets (20)
  --source         run the monitor from source, without compiling it first

Aims are judged on the compiled form, which the package and the image have.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    events: { type: 'string', default: '200000' },
    deliveries: { type: 'string', default: '10000' },
    alerts: { type: 'string', default: '20000' },
    rate: { type: 'string', default: '250' },
    samples: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '3' },
    starts: { type: 'string', default: '7' },
    idle: { type: 'string', default: '20' },
    stored: { type: 'string', default: '10000,100000' },
    accounts: { type: 'string', default: '200' },
    watched: { type: 'string', default: '10,100,1000' },
    shares: { type: 'string', default: '1000,10000,100000' },
    sinks: { type: 'string', default: '24' },
    work: { type: 'string', default: WORKS.join(',') },
    cpu: { type: 'string', default: '20' },
    source: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

type Option =
  | 'events'
  | 'deliveries'
  | 'alerts'
  | 'rate'
  | 'samples'
  | 'rounds'
  | 'starts'
  | 'idle'
  | 'stored'
  | 'accounts'
  | 'watched'
  | 'shares'
  | 'sinks'
  | 'cpu';

const whole = (name: Option, text: string): number => {
  if (!/^[1-9]\d{0,7}$/.test(text))
    throw new RangeError(`--${name} is ${text}, allowed is a whole number from 1`);
  return Number(text);
};
const works = (): readonly WorkName[] =>
  values.work.split(',').map((text) => {
    const known = WORKS.find((name) => name === text);
    if (!known) throw new RangeError(`--work is ${text}, allowed are ${WORKS.join(', ')}`);
    return known;
  });
const count = (name: Option): number => whole(name, values[name]);

/** A benchmark of one part, which prints its own table. */
const runScript =
  (file: string, args: readonly string[] = []) =>
  async (): Promise<readonly Figure[]> => {
    const { status } = spawnSync(process.execPath, ['--expose-gc', `${ROOT}bench/${file}`, ...args], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error(`bench/${file} ended with ${status}`);
    return [];
  };

const SECTIONS: Readonly<Record<string, (program: Program) => Promise<readonly Figure[]>>> = {
  start: (program) =>
    measureStart(program === SOURCE ? [SOURCE] : [program, SOURCE], {
      runs: count('starts'),
      idleSeconds: count('idle'),
    }),
  'catch-up': (program) => measureCatchUp(program, { events: count('events'), rounds: count('rounds') }),
  delivery: (program) =>
    measureDelivery(program, { deliveries: count('deliveries'), rounds: count('rounds') }),
  delay: (program) => measureDelay(program, { events: count('samples') }),
  soak: (program) => measureSoak(program, { alerts: count('alerts'), perSecond: count('rate') }),
  scale: (program) =>
    measureScale(program, {
      sizes: values.stored.split(',').map((text) => whole('stored', text)),
      accounts: count('accounts'),
      seconds: count('idle'),
    }),
  postgres: (program) =>
    measureSideBySide(program, {
      events: count('events'),
      deliveries: count('deliveries'),
      rounds: count('rounds'),
      seconds: count('idle'),
    }),
  costs: (program) =>
    measureAccounts(program, {
      sizes: values.watched.split(',').map((text) => whole('watched', text)),
      seconds: count('idle'),
    }),
  replicas: (program) =>
    measureReplicas(program, {
      accounts: count('accounts'),
      sinks: count('sinks'),
      deliveries: count('deliveries'),
      percent: count('cpu'),
      works: works(),
      rounds: count('rounds'),
      seconds: count('idle'),
    }),
  shares: () => measureShares(values.shares.split(',').map((text) => whole('shares', text))),
  store: runScript('store.ts', [values.events]),
  rules: runScript('rules.ts'),
  pack: runScript('pack.ts', [values.events]),
};

const machine = (): string =>
  [
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`,
    `${Math.round(totalmem() / 1e9)} GB`,
    process.platform,
    `Node ${process.versions.node}`,
    `load ${loadavg()[0]?.toFixed(1)} before`,
  ].join(', ');

const main = async (): Promise<void> => {
  if (values.help) return console.log(HELP);
  const chosen = positionals.length > 0 ? positionals : ['start', 'catch-up', 'delivery', 'delay', 'soak'];
  const unknown = chosen.filter((name) => !Object.hasOwn(SECTIONS, name));
  if (unknown.length > 0) throw new RangeError(`unknown section ${unknown.join(', ')}\n\n${HELP}`);
  console.log(machine());
  const compiled = values.source ? undefined : compile();
  try {
    const figures: Figure[] = [];
    for (const name of chosen) {
      console.error(`${name} …`);
      figures.push(...((await SECTIONS[name]?.(compiled?.program ?? SOURCE)) ?? []));
    }
    if (figures.length > 0) console.log(table(figures));
  } finally {
    compiled?.remove();
  }
};

await main();
