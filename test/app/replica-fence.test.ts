import { expect, it } from 'vitest';
import { createReplica } from '../../src/app/replica.ts';
import type { BeatAnswer, Replicas, ShareName } from '../../src/core/replicas.ts';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const NAME: ShareName = 'account:a';

/** A replica that holds one account, by a clock that moves when told. */
const begin = async (ttlMs: number) => {
  let nowTicks = 0;
  let nowMs = 1_000_000;
  let token = 1;
  const beaten: (() => void)[] = [];
  let server = 'first';
  let unsureUntilMs = 0;
  const lease = () => ({ name: NAME, holder: 'us', token, server });
  const facts = { version: '0', configHash: '', refusal: undefined, startedAtMs: 0, wants: [NAME] };
  const answer = (): BeatAnswer => ({
    nowMs: 0,
    leases: [lease()],
    unsureUntilMs,
    replicas: [{ ...facts, id: 'us', seenAtMs: 0, expiresAtMs: 1 }],
    shares: [{ name: NAME, lease: lease() }],
  });
  const replicas: Replicas = {
    beat: async () => answer(),
    claim: async () => [],
    release: async () => undefined,
    leave: async () => undefined,
    list: async () => answer(),
    told: () => new Promise(() => undefined),
    toldOfWork: () => new Promise(() => undefined),
  };
  const replica = createReplica({
    id: 'us',
    replicas,
    facts: () => facts,
    ttlMs,
    isDead: () => false,
    onBeat: () => {
      for (const resolve of beaten.splice(0)) resolve();
    },
    log: silent,
    ticks: () => nowTicks,
    now: () => nowMs,
  });
  const nextBeat = (): Promise<void> => new Promise((resolve) => beaten.push(resolve));
  const stop = new AbortController();
  const first = nextBeat();
  const running = replica.run(stop.signal);
  await first;
  return {
    replica,
    nextBeat,
    move(to: number) {
      nowTicks = to;
      nowMs = 1_000_000 + to;
    },
    /** The machine sleeps: only the clock on its wall goes on. */
    sleep(ms: number) {
      nowMs += ms;
    },
    passOn() {
      token += 1;
    },
    /** Another server, which may lack what the one before had committed: its time is 0 until `sure`. */
    failOver() {
      server = 'second';
      unsureUntilMs = 1;
    },
    sure() {
      unsureUntilMs = 0;
    },

    async end() {
      stop.abort();
      await running;
    },
  };
};

it('drops all that it holds when the machine has slept, though no time has passed for the process', async () => {
  const { replica, sleep, end } = await begin(50_000);
  const [share] = replica.held();
  sleep(39_999);
  expect(replica.isHeld()).toBe(true);
  sleep(1);
  expect(replica.isHeld()).toBe(false);
  expect(share?.lost.aborted).toBe(true);
  await end();
});

it('drops all that it holds, when asked, once four fifths of the lease are over without a beat', async () => {
  const { replica, move, end } = await begin(50_000);
  const [share] = replica.held();
  move(39_999);
  expect(replica.isHeld()).toBe(true);
  expect(share?.lost.aborted).toBe(false);
  move(40_000);
  expect(replica.isHeld()).toBe(false);
  expect(share?.lost.aborted).toBe(true);
  expect(replica.held()).toEqual([]);
  await end();
});

it('drops what was elsewhere in between, and takes it anew under the new token', async () => {
  const { replica, nextBeat, passOn, end } = await begin(1_000);
  const [before] = replica.held();
  passOn();
  await nextBeat();
  expect(before?.lost.aborted).toBe(true);
  expect(replica.held().map(({ lease, lost }) => [lease.token, lost.aborted])).toEqual([[2, false]]);
  await end();
});

it('goes on after a failover with what it held, taken anew', async () => {
  const { replica, nextBeat, failOver, end } = await begin(1_000);
  const [before] = replica.held();
  failOver();
  await nextBeat();
  expect(before?.lost.aborted).toBe(true);
  expect(replica.held().map(({ lease }) => lease.server)).toEqual(['second']);
  await end();
});

it('takes nothing else after a failover while others may rely on what the server has lost, also not what the server says is its own', async () => {
  const { replica, nextBeat, failOver, passOn, sure, end } = await begin(1_000);
  // What it held was another one: it had given that back, and the server does not know.
  passOn();
  failOver();
  await nextBeat();
  expect(replica.held()).toEqual([]);
  await nextBeat();
  expect(replica.held()).toEqual([]);
  sure();
  await nextBeat();
  expect(replica.held().map(({ lease }) => lease.token)).toEqual([2]);
  await end();
});

it('keeps nothing over a failover that it could not rely on any more', async () => {
  const { replica, nextBeat, failOver, move, end } = await begin(1_000);
  // It was suspended: nobody has looked since.
  move(800);
  failOver();
  await nextBeat();
  expect(replica.held()).toEqual([]);
  await end();
});
