import { expect, it } from 'vitest';
import type { Generation } from '../../src/app/generation.ts';
import { createGenerations } from '../../src/app/generations.ts';

const setUp = () => {
  const notes: string[] = [];
  const named = (hash: string): Generation => ({
    monitor: {} as Generation['monitor'],
    planner: {} as Generation['planner'],
    hash,
    loadedAtMs: 0,
    async close() {
      notes.push(`${hash} closed`);
    },
  });
  const generations = createGenerations(named('one'), (fresh, old) =>
    notes.push(`${old.hash} → ${fresh.hash}`),
  );
  return { notes, named, generations };
};
const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });

it('exchanges at once when nobody works', async () => {
  const { notes, named, generations } = setUp();
  await generations.replaceBy(named('two'));
  expect(generations.current.hash).toBe('two');
  expect(notes).toEqual(['one → two', 'one closed']);
});

it('lets the work of one end before that of the next begins', async () => {
  const { notes, named, generations } = setUp();
  const stop = new AbortController();
  const running = generations.run(async ({ hash }, signal, ending) => {
    notes.push(`${hash} begins`);
    await Promise.race([aborted(signal), aborted(ending)]);
    await new Promise(setImmediate);
    notes.push(`${hash} ends`);
  }, stop.signal);
  await generations.replaceBy(named('two'));
  await generations.replaceBy(named('three'));
  stop.abort();
  await running;
  await generations.close();
  expect(notes).toEqual([
    'one begins',
    'one ends',
    'one → two',
    'one closed',
    'two begins',
    'two ends',
    'two → three',
    'two closed',
    'three begins',
    'three ends',
    'three closed',
  ]);
});

it('work that fails, or a stop meanwhile, leaves nobody waiting', async () => {
  const failing = setUp();
  const stop = new AbortController();
  const running = failing.generations.run(async (_, __, ending) => {
    await aborted(ending);
    throw new Error('lost');
  }, stop.signal);
  const replaced = failing.generations.replaceBy(failing.named('two'));
  await expect(running).rejects.toThrow('lost');
  await replaced;
  expect(failing.generations.current.hash).toBe('two');

  const stopped = setUp();
  const ending = stopped.generations.run((_, signal) => aborted(signal), stop.signal);
  const waits = stopped.generations.replaceBy(stopped.named('two'));
  stop.abort();
  await Promise.all([ending, waits]);
  await stopped.generations.close();
  await stopped.generations.replaceBy(stopped.named('late'));
  expect(stopped.notes).toEqual(['one → two', 'one closed', 'two closed', 'two → late', 'late closed']);
});
