import { expect, it } from 'vitest';
import { headFields } from '../../src/alerts/head-fields.ts';
import { createHeadPublisher } from '../../src/app/publish-heads.ts';
import type { ChainHead } from '../../src/core/chain.ts';
import type { LogFields } from '../../src/core/log.ts';

const head = (position: number, more: Partial<ChainHead> = {}): ChainHead => ({
  chain: 'events',
  account: 'default',
  position,
  hash: String(position).repeat(64).slice(0, 64),
  ...more,
});

/** A publisher over heads that the test sets. */
const setUp = () => {
  const told: (LogFields & { readonly event: string })[] = [];
  const write = (event: string, fields: LogFields = {}): void => void told.push({ event, ...fields });
  const state = { heads: [] as readonly ChainHead[], nowMs: 0, fails: false, isHeld: true };
  const publisher = createHeadPublisher({
    chains: {
      heads: () => (state.fails ? Promise.reject(new Error('no disk')) : Promise.resolve(state.heads)),
    },
    now: () => state.nowMs,
    isHeld: () => state.isHeld,
    log: { debug: write, info: write, warn: write, error: write },
  });
  return { told, state, publisher };
};

it('tells a head when it has changed, and the same one again only after a day', async () => {
  const { told, state, publisher } = setUp();
  state.heads = [head(1), head(7, { chain: 'acts', account: '' })];
  await publisher.publish();
  expect(told).toEqual([
    { event: 'chain.head', chain: 'events', account: 'default', position: 1, hash: head(1).hash },
    { event: 'chain.head', chain: 'acts', position: 7, hash: head(7).hash },
  ]);
  state.nowMs += 3_600_000;
  await publisher.publish();
  expect(told).toHaveLength(2);
  state.heads = [head(2), head(7, { chain: 'acts', account: '' })];
  await publisher.publish();
  expect(told.slice(2)).toMatchObject([{ position: 2 }]);
  state.nowMs += 86_400_000;
  await publisher.publish();
  expect(told.slice(3)).toMatchObject([{ position: 2 }, { position: 7 }]);
});

it('tells none that are not its to tell, and tells them once they are', async () => {
  const { told, state, publisher } = setUp();
  state.heads = [head(1)];
  state.isHeld = false;
  await publisher.publish();
  expect(told).toEqual([]);
  state.isHeld = true;
  await publisher.publish();
  expect(told).toHaveLength(1);
});

it('survives a store that cannot be read, and says so', async () => {
  const { told, state, publisher } = setUp();
  state.fails = true;
  await publisher.publish();
  expect(told).toEqual([{ event: 'store.error', operation: 'chain heads', reason: 'no disk' }]);
});

it('writes heads as fields of an alert, a bounded number of them', () => {
  expect(headFields([head(3), head(7, { chain: 'acts', account: '' })])).toEqual([
    { name: 'Chain of default', value: `3 ${head(3).hash}` },
    { name: 'Chain of acts', value: `7 ${head(7).hash}` },
  ]);
  expect(headFields(Array.from({ length: 300 }, (_, i) => head(i)))).toHaveLength(20);
});
