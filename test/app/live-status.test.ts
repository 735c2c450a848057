import { expect, it } from 'vitest';
import { createLiveStatus } from '../../src/app/live-status.ts';
import type { Reloader } from '../../src/app/reload.ts';
import type { StoreStatus } from '../../src/core/store.ts';

it('shows the budget of a replica, which is a part of the whole, as a number for people', () => {
  const live = createLiveStatus({
    startedAtMs: 0,
    active: () => true,
    pollers: () => [],
    budget: () => ({ pace: async () => undefined, requestsPerSecond: 10 / 3, usedRatio: () => 0.5 }),
    store: { status: {} as StoreStatus },
    reloader: {
      status: () => ({ file: 'monitor.yml', hash: 'c0ffee', loadedAtMs: 0, lastReload: undefined }),
    } satisfies Pick<Reloader, 'status'>,
    redact: (text) => text,
  });
  expect(live().apiBudget).toEqual({ requests_per_second: 3.33, used_ratio: 0.5 });
});
