import { setTimeout as later } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { HeldShare } from '../../src/app/held-shares.ts';
import type { Replica } from '../../src/app/replica.ts';
import { runShares } from '../../src/app/run-shares.ts';
import type { Log } from '../../src/core/log.ts';

const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
const never = new AbortController().signal;
const share: HeldShare = {
  name: 'duty:fleet',
  lease: { name: 'duty:fleet', holder: 'us', token: 1 },
  ending: never,
  lost: never,
};
const replica: Replica = {
  id: 'us',
  held: () => [share],
  isHeld: () => true,
  holds: () => true,
  standing: () => undefined,
  onChange: () => () => undefined,
  begin: () => true,
  end: async () => undefined,
  lose: () => undefined,
  stop: () => undefined,
  run: async () => undefined,
};

it('leaves time for everything else when there is nothing to do for a share', async () => {
  const stop = new AbortController();
  let begun = 0;
  const running = runShares(
    replica,
    () => async () => {
      begun += 1;
      // Without a pause nobody else would ever have a turn again: not even whoever ends this test.
      if (begun > 1_000) throw new Error('begun again and again');
    },
    log,
    stop.signal,
  );
  await later(1);
  stop.abort();
  await running;
  expect(begun).toBe(1);
});
