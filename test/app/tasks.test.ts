import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runInTurn, type Task } from '../../src/app/tasks.ts';
import { sleep } from '../../src/base/sleep.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Ends `ms` after it was asked to, or at once when it is hurried; notes when. */
const taking =
  (ms: number, name: string, notes: string[]): Task =>
  async (signal, hurry) => {
    await sleep(1e9, signal);
    const atMs = Date.now();
    await sleep(ms, hurry);
    notes.push(`${name} after ${(Date.now() - atMs) / 1_000} s`);
  };

const run = (readers: readonly [string, number][], others: readonly [string, number][]) => {
  const notes: string[] = [];
  const [stop, ending] = [new AbortController(), new AbortController()];
  const startedMs = Date.now();
  const tasks = (list: readonly [string, number][]) => list.map(([name, ms]) => taking(ms, name, notes));
  const ended = runInTurn(tasks(readers), tasks(others), stop.signal, ending.signal).then(() =>
    notes.push(`all after ${(Date.now() - startedMs) / 1_000} s`),
  );
  return { notes, stop, ending, ended };
};

describe('ending one configuration for another', () => {
  it('lets passes end first, then what is being sent', async () => {
    const { notes, ending, ended } = run(
      [
        ['pass', 2_000],
        ['quick pass', 0],
      ],
      [['send', 3_000]],
    );
    ending.abort();
    await vi.advanceTimersByTimeAsync(60_000);
    await ended;
    expect(notes).toEqual(['quick pass after 0 s', 'pass after 2 s', 'send after 3 s', 'all after 5 s']);
  });

  it('waits for a slow API and a slow receiver ten seconds, for both together', async () => {
    const slowPass = run([['pass', 1e8]], [['send', 1e8]]);
    slowPass.ending.abort();
    await vi.advanceTimersByTimeAsync(60_000);
    await slowPass.ended;
    expect(slowPass.notes).toEqual(['pass after 10 s', 'send after 0 s', 'all after 10 s']);
  });

  it('a stop ends it all at once, also in the middle', async () => {
    const { notes, stop, ending, ended } = run([['pass', 1e8]], [['send', 1e8]]);
    ending.abort();
    await vi.advanceTimersByTimeAsync(1_000);
    stop.abort();
    await vi.advanceTimersByTimeAsync(0);
    await ended;
    expect(notes.at(-1)).toBe('all after 1 s');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a failure of one ends the others and is passed on', async () => {
    const ending = new AbortController();
    const notes: string[] = [];
    const failing: Task = () => Promise.reject(new Error('lost'));
    const ended = runInTurn(
      [taking(1e8, 'pass', notes)],
      [failing],
      new AbortController().signal,
      ending.signal,
    );
    await expect(ended).rejects.toThrow('lost');
    expect(notes).toEqual(['pass after 0 s']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
