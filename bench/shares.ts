import { assignShares } from '../src/core/balance.ts';
import type { ReplicaFacts, Replicas, ShareName } from '../src/core/replicas.ts';
import type { Store } from '../src/core/store.ts';
import { openStoreAt } from '../src/store/open.ts';
import { startDatabase } from './database.ts';
import { accountName } from './scale-store.ts';
import { median } from './statistics.ts';
import type { Figure } from './table.ts';
import { since } from './usage.ts';

const TTL_MS = 3_600_000;
const BEATS = 15;

/**
 * What it costs to divide many accounts among three replicas: the beat of one that holds a third of them, the claim of all by the
 * first one, and the function that says who is to have what, when nothing changes and when the third one joins.
 */
export const measureShares = async (sizes: readonly number[]): Promise<readonly Figure[]> => {
  const server = await startDatabase();
  try {
    const figures: Figure[] = [];
    for (const size of sizes) {
      const database = await server.create();
      const stores: Store[] = [];
      for (let index = 0; index < 3; index += 1)
        stores.push(await openStoreAt({ kind: 'postgres', url: database.url }, { now: Date.now }));
      const names = Array.from({ length: size }, (_, index): ShareName => `account:${accountName(index)}`);
      const replicas = stores.map(({ replicas: port }, index) => ({
        port: port as Replicas,
        facts: factsOf(`replica-${index}`, names),
      }));
      const beat = (index: number) => {
        const one = replicas[index];
        if (!one) throw new RangeError(`no replica ${index}`);
        return one.port.beat(one.facts, TTL_MS);
      };
      const first = await timed(() => beat(0));
      for (const { facts, port } of replicas.slice(1)) await port.beat(facts, TTL_MS);
      const claimMs = (
        await timed(async () => {
          for (const [index, { facts, port }] of replicas.entries())
            await port.claim(
              facts.id,
              names.filter((_, place) => place % 3 === index),
              TTL_MS,
            );
        })
      ).ms;
      const before = await database.use();
      const times: number[] = [];
      const cpuBefore = process.cpuUsage();
      let answer = await beat(0);
      for (let turn = 0; turn < BEATS; turn += 1) {
        const one = await timed(() => beat(turn % 3));
        times.push(one.ms);
        answer = one.result;
      }
      const cpu = process.cpuUsage(cpuBefore);
      const used = since(before, await database.use());
      const steady = await timed(async () => assignShares(answer.replicas, answer.shares));
      const gone = answer.replicas.slice(0, 2);
      const left = await timed(async () => assignShares(gone, answer.shares));
      const two = left.result;
      const held = answer.shares.map(({ name }) => ({
        name,
        lease: { name, holder: two.get(name) ?? '', token: 1 },
      }));
      const joined = await timed(async () => assignShares(answer.replicas, held));
      const of = `${size.toLocaleString('en')} accounts`;
      const beats = BEATS + 1;
      figures.push(
        { name: `${of}: one beat of one of three`, value: median(times), unit: 'ms', runs: times },
        { name: '  the first one, which tells the names', value: first.ms, unit: 'ms' },
        {
          name: '  processor time of the process',
          value: (cpu.user + cpu.system) / 1_000 / beats,
          unit: 'ms',
        },
        { name: '  processor time of the server', value: used.cpuMs / beats, unit: 'ms' },
        { name: '  bytes of the log', value: used.walBytes / beats, unit: 'bytes' },
        { name: '  all of them claimed, by three', value: claimMs, unit: 'ms' },
        { name: '  who is to have what: nothing changes', value: steady.ms, unit: 'ms' },
        { name: '  … one of three is gone', value: left.ms, unit: 'ms' },
        { name: '  … a third one joins', value: joined.ms, unit: 'ms' },
      );
      for (const store of stores) await store.close();
      await database.drop();
    }
    return figures;
  } finally {
    await server.close();
  }
};

const factsOf = (id: string, wants: readonly ShareName[]): ReplicaFacts => ({
  id,
  version: '0.0.0',
  configHash: 'bench',
  refusal: undefined,
  startedAtMs: Date.now(),
  wants,
});

const timed = async <T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> => {
  const started = performance.now();
  const result = await work();
  return { ms: performance.now() - started, result };
};
