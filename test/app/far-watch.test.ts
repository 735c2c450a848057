import { expect, it } from 'vitest';
import { createFarWatch } from '../../src/app/replica-watch.ts';
import type { Log } from '../../src/core/log.ts';

const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

it('learns with one question when the accounts of other replicas were polled, however many there are', async () => {
  const accounts = Array.from({ length: 1_000 }, (_, index) => `account-${index}`);
  let asked = 0;
  const far = createFarWatch({
    accounts,
    isNear: (account) => account === 'account-0',
    collect: {
      async committed() {
        asked += 1;
        return new Map(accounts.slice(0, 500).map((account, index) => [account, 1_000 + index]));
      },
    },
    now: () => 5_000,
    log: quietLog,
  });
  await far.look();
  expect(asked).toBe(1);
  const watched = new Map(far.watched().map((one) => [one.account, one.lastCompletedMs()]));
  expect(watched.size).toBe(999);
  expect(watched.has('account-0')).toBe(false);
  expect(watched.get('account-7')).toBe(1_007);
  // One that was never polled has no time.
  expect(watched.get('account-700')).toBeUndefined();
});
