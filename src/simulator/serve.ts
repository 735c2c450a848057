import { sleep } from '../base/sleep.ts';
import type { Clock } from '../core/clock.ts';
import type { FaultSetting } from './faults.ts';
import { createGenerator, type Generator } from './generator.ts';
import { createRand } from './random.ts';
import { createSimulator, type Simulator, type SimulatorAccount } from './simulator.ts';
import { STORY_NAMES, type StoryName } from './stories.ts';

/** How a simulator that lives by itself is made. Everything has a default. */
export interface ServeOptions {
  /** `127.0.0.1` and a free port. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** One account, `abcd1234` with the secret `simulator-secret`. */
  readonly accounts?: readonly SimulatorAccount[];
  /** Decides every event and every drawn fault. */
  readonly seed?: string | number;
  /** Events of every account before the start, evenly spread over [fromMs, toMs]; none when absent. */
  readonly history?: { readonly count: number; readonly fromMs: number; readonly toMs: number };
  /** Ordinary events of every account a minute, at random moments; 0. */
  readonly livePerMinute?: number;
  /** Attack stories, one after the other, in the first account; none when absent. */
  readonly stories?: {
    /** Between the starts of two stories, and before the first. */
    readonly everyMs: number;
    /** Factor on the time between steps; 1. */
    readonly pace?: number;
    /** All of them. */
    readonly names?: readonly StoryName[];
  };
  readonly faults?: readonly FaultSetting[];
  readonly now?: Clock;
}

const SLICE = 2_000;

/** A simulator that goes on until its signal aborts. */
export interface ServedSimulator {
  readonly simulator: Simulator;
  /** Resolves after the signal, when everything is closed. */
  readonly done: Promise<void>;
}

/**
 * Starts a simulator with its history and faults, and lets events happen until `signal` aborts. Resolves when it
 * listens, its history in place; rejects when it cannot listen or a fault is none.
 */
export const serveSimulator = async (
  options: ServeOptions,
  signal: AbortSignal,
): Promise<ServedSimulator> => {
  const now = options.now ?? Date.now;
  const seed = options.seed ?? 'simulator';
  const accounts = options.accounts ?? [{ key: 'abcd1234', secret: 'simulator-secret' }];
  const simulator = await createSimulator({ ...options.listen, accounts, seed, now });
  try {
    for (const fault of options.faults ?? []) simulator.faults.add(fault);
    const generators = accounts.map(({ key }) => ({ key, events: createGenerator({ seed, account: key }) }));
    const { history, livePerMinute = 0, stories } = options;
    const running: Promise<void>[] = [];
    for (const [index, { key, events }] of generators.entries()) {
      if (history) addHistory(simulator, key, events, history);
      if (livePerMinute > 0) {
        const gaps = createRand(seed, key, 'gaps');
        const gapMs = (): number => (-Math.log(1 - gaps.next()) * 60_000) / livePerMinute;
        running.push(live((atMs) => simulator.add(key, events.next(atMs)), gapMs, now, signal));
      }
      if (stories && index === 0) running.push(tellStories(simulator, key, events, stories, now, signal));
    }
    running.push(sleepUntilAborted(signal));
    return { simulator, done: Promise.all(running).then(() => simulator.close()) };
  } catch (error) {
    await simulator.close();
    throw error;
  }
};

/** Adds the history in slices, so that no more than one slice is alive as objects beside its JSON. */
const addHistory = (
  simulator: Simulator,
  key: string,
  events: Generator,
  { count, fromMs, toMs }: NonNullable<ServeOptions['history']>,
): void => {
  for (let done = 0; done < count; done += SLICE) {
    const size = Math.min(SLICE, count - done);
    const eventMs = (toMs - fromMs) / count;
    simulator.add(key, events.burst(size, fromMs + done * eventMs, size * eventMs));
  }
};

/** Lets something happen at moments with drawn gaps between them; catches up when the process was held. */
const live = async (
  happen: (atMs: number) => void,
  gapMs: () => number,
  now: Clock,
  signal: AbortSignal,
): Promise<void> => {
  for (let nextMs = now() + gapMs(); !signal.aborted; ) {
    for (const nowMs = now(); nextMs <= nowMs; nextMs += gapMs()) happen(nextMs);
    await sleep(Math.max(0, nextMs - now()), signal);
  }
};

const tellStories = async (
  simulator: Simulator,
  key: string,
  events: Generator,
  { everyMs, pace = 1, names = STORY_NAMES }: NonNullable<ServeOptions['stories']>,
  now: Clock,
  signal: AbortSignal,
): Promise<void> => {
  for (let turn = 0; names.length > 0 && !signal.aborted; turn++) {
    const startMs = now() + everyMs;
    const story = events.stories[names[turn % names.length] as StoryName](startMs, { pace });
    for (const { atMs, event } of story.steps) {
      await sleep(Math.max(0, atMs - now()), signal);
      if (signal.aborted) return;
      simulator.add(key, event);
    }
  }
};

const sleepUntilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
