/* A process of its own around one store, for tests of several processes, crashes and a refusing disk. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { sleep } from '../../src/base/sleep.ts';
import type { Lease } from '../../src/core/lease.ts';
import type { Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { auditEvent, decided, decideNothing, windowOf } from './fixtures.ts';

const [command = '', path = '', ...rest] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const open = (): Store => openStore({ path, now: Date.now });

const describeError = (error: unknown): string =>
  error instanceof Error && 'kind' in error
    ? `${error.name} ${String(error.kind)}: ${error.message}`
    : String(error);

/** Takes the lease as soon as it is free and says so; writes one event for each line of its input, or lets it expire. */
const work = async (holder: string): Promise<void> => {
  const store = open();
  const acquire = () => store.leases.acquire('monitor', holder, 60_000);
  let answer = await acquire();
  if ('held' in answer) say(`waits for ${answer.held.holder}`);
  for (; 'held' in answer; answer = await acquire()) await sleep(5);
  const { lease } = answer;
  say(`holds ${lease.token}`);
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'expire') await store.leases.renew(lease, 1);
    else say(await write(store, lease, line));
  }
};

const write = (store: Store, lease: Lease, id: string): Promise<string> =>
  store.collect.commitWindow(lease, windowOf([auditEvent(id)]), decideNothing).then(
    () => `stored ${id}`,
    (error: unknown) => `refused ${id}: ${describeError(error)}`,
  );

/** Stores one window, then says from inside the transaction of a second one that it is there, and stays there. */
const crash = async (): Promise<void> => {
  const store = open();
  const answer = await store.leases.acquire('monitor', 'crash', 1);
  if (!('lease' in answer)) throw new Error('the lease is taken');
  const before = Array.from({ length: 50 }, (_, i) => auditEvent(`before-${i}`, 1));
  await store.collect.commitWindow(answer.lease, windowOf(before), () => ({
    alerts: [decided('before')],
    state: [{ key: 'k', value: 'before' }],
  }));
  // Large enough for SQLite to have written some of it to the disk before the end of the transaction.
  const during = Array.from({ length: 5_000 }, (_, i) =>
    auditEvent(`during-${i}`, 2, { padding: 'x'.repeat(8_000) }),
  );
  const window = windowOf(during, { toMs: windowOf([]).toMs + 60_000 });
  await store.collect.commitWindow(answer.lease, window, (fresh) => {
    say(`inside with ${fresh.length}`);
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
};

/** On a line of its input, opens so many new files one after the other, in step with others that do the same. */
const race = async (files: number): Promise<void> => {
  const input = createInterface({ input: process.stdin });
  say('ready');
  await once(input, 'line');
  for (let i = 0; i < files; i += 1) await openStore({ path: `${path}.${i}`, now: Date.now }).close();
  say('opened all');
};

/** Opens the store as a user without rights on it. The addon must be loaded while files can still be read. */
const readonly = async (writable: string, rights: string): Promise<void> => {
  await openStore({ path: writable, now: Date.now }).close();
  if (process.getuid?.() === 0 && rights !== 'as-it-is') {
    process.setgid?.(65_534);
    process.setuid?.(65_534);
  }
  await open().close();
};

/**
 * A probe is tiny, so what a window did not fit into holds a few of them. It writes the time, and SQLite writes nothing
 * for a value that is there already: every probe gets a millisecond of its own.
 */
const probeUntilRefused = async (store: Store): Promise<string> => {
  for (let i = 0; i < 1_000; i += 1) {
    for (const before = Date.now(); Date.now() === before; ) continue;
    const refusal = await store.status.probe().then(() => undefined, describeError);
    if (refusal !== undefined) return refusal;
  }
  return 'always worked';
};

/** Fills the store until the disk refuses, then says how many windows there are. */
const fill = async (): Promise<void> => {
  const store = open();
  const answer = await store.leases.acquire('monitor', 'fill', 60_000);
  if (!('lease' in answer)) throw new Error('the lease is taken');
  for (let i = 0; ; i += 1) {
    const events = Array.from({ length: 20 }, (_, n) =>
      auditEvent(`${i}-${n}`, 1, { padding: 'x'.repeat(20_000) }),
    );
    try {
      await store.collect.commitWindow(answer.lease, windowOf(events), decideNothing);
    } catch (error) {
      say(`stored ${i}`);
      say(`probe ${await probeUntilRefused(store)}`);
      throw error;
    }
  }
};

try {
  if (command === 'work') await work(rest[0] ?? '');
  else if (command === 'crash') await crash();
  else if (command === 'readonly') await readonly(rest[0] ?? '', rest[1] ?? '');
  else if (command === 'fill') await fill();
  else if (command === 'race') await race(Number(rest[0]));
  else throw new Error(`unknown command ${command}`);
} catch (error) {
  say(describeError(error));
  process.exitCode = 1;
}
