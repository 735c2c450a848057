import { describe, expect, it } from 'vitest';
import { inOrder } from '../../src/collect/in-order.ts';

/** Readings that end when they are told to. */
const createReadings = () => {
  const started: number[] = [];
  const open = new Map<number, PromiseWithResolvers<string>>();
  return {
    started,
    read(number: number): Promise<string> {
      started.push(number);
      const reading = Promise.withResolvers<string>();
      open.set(number, reading);
      return reading.promise;
    },
    end: (number: number) => open.get(number)?.resolve(`page ${number}`),
    fail: (number: number) => open.get(number)?.reject(new Error(`page ${number} is gone`)),
  };
};
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('reading in order', () => {
  it('keeps all places taken and hands over in order, whatever ends first', async () => {
    const readings = createReadings();
    const taken: string[] = [];
    const done = inOrder({ from: 2, to: 6, places: 3 }, readings.read, (page, number) => {
      taken.push(`${number}: ${page}`);
      return true;
    });
    expect(readings.started).toEqual([2, 3, 4]);
    readings.end(3);
    await settled();
    expect(taken).toEqual([]);
    readings.end(2);
    await settled();
    expect(taken).toEqual(['2: page 2', '3: page 3']);
    expect(readings.started).toEqual([2, 3, 4, 5, 6]);
    for (const number of [6, 5, 4]) readings.end(number);
    await done;
    expect(taken).toEqual([2, 3, 4, 5, 6].map((number) => `${number}: page ${number}`));
  });

  it('ends when it is told to, and begins nothing more', async () => {
    const readings = createReadings();
    const done = inOrder({ from: 1, to: 9, places: 2 }, readings.read, (_page, number) => number < 2);
    readings.end(1);
    readings.end(2);
    await done;
    readings.fail(3);
    await settled();
    expect(readings.started).toEqual([1, 2, 3, 4]);
  });

  it('fails with the first failure in time, not in order, and begins nothing more', async () => {
    const readings = createReadings();
    const done = inOrder({ from: 1, to: 9, places: 3 }, readings.read, () => true);
    readings.fail(2);
    await expect(done).rejects.toThrow('page 2 is gone');
    readings.fail(1);
    readings.end(3);
    await settled();
    expect(readings.started).toEqual([1, 2, 3]);
  });

  it('does nothing for an empty range', async () => {
    const readings = createReadings();
    await inOrder({ from: 2, to: 1, places: 4 }, readings.read, () => true);
    expect(readings.started).toEqual([]);
  });
});
