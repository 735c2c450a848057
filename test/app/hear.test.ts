import { expect, it } from 'vitest';
import { waitUntilTold } from '../../src/app/hear.ts';
import { createLatch } from '../../src/base/latch.ts';

/** As a store tells: also when the one who waits does not wait any longer. */
const telling = () => {
  const waiting = new Set<() => void>();
  return {
    tell: () => {
      for (const resolve of waiting) resolve();
    },
    told: (signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        waiting.add(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
  };
};

/** Whether a wait is over once everything that is due at once has run. */
const isOver = async (wait: Promise<void>): Promise<boolean> => {
  let over = false;
  void wait.then(() => {
    over = true;
  });
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return over;
};

it('waits anew after a wait that ran out: who stops listening has not been told', async () => {
  const { told, tell } = telling();
  const [bell, stop] = [createLatch(), new AbortController()];
  await waitUntilTold(bell, told, 1, stop.signal);
  const next = waitUntilTold(bell, told, 3_600_000, stop.signal);
  expect(await isOver(next)).toBe(false);
  tell();
  await next;
  const last = waitUntilTold(bell, told, 3_600_000, stop.signal);
  expect(await isOver(last)).toBe(false);
  stop.abort();
  await last;
});

it('is over when the bell rings', async () => {
  const { told } = telling();
  const [bell, stop] = [createLatch(), new AbortController()];
  const wait = waitUntilTold(bell, told, 3_600_000, stop.signal);
  bell.ring();
  await wait;
  expect(await isOver(waitUntilTold(bell, told, 3_600_000, stop.signal))).toBe(false);
  stop.abort();
});
