import { expect, it } from 'vitest';
import { createGate } from '../../src/app/gate.ts';

it('lets so many work at a time, the others in their order, whatever becomes of those before', async () => {
  const gate = createGate(3);
  let under = 0;
  let most = 0;
  const order: number[] = [];
  const work = async (index: number): Promise<void> => {
    under += 1;
    most = Math.max(most, under);
    order.push(index);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    under -= 1;
    if (index % 4 === 0) throw new Error(`${index} failed`);
  };
  const ends = await Promise.allSettled(Array.from({ length: 50 }, (_, index) => gate(() => work(index))));
  expect(most).toBe(3);
  expect(order).toEqual(Array.from({ length: 50 }, (_, index) => index));
  expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(13);
  // All places are free again.
  most = 0;
  await Promise.allSettled([1, 2, 3, 5].map((index) => gate(() => work(index))));
  expect(most).toBe(3);
});
