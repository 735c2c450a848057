import type { CollectStore, Committed } from '../core/collect-store.ts';
import type { Trouble } from '../core/conditions.ts';
import { cut, floorToSecond, type PollStart, planPass, type Window } from '../core/window.ts';
import { type CommitDeps, commitRead } from './commit.ts';
import { type ReadWindow, type ReadWindowOptions, readWindow } from './read-window.ts';

/** How one account is polled. */
export interface PassOptions extends ReadWindowOptions {
  readonly account: string;
  readonly start: PollStart;
  readonly overlapMs: number;
  readonly settleMs: number;
  /** Disagreement of clocks above this is reported. */
  readonly maxClockSkewMs: number;
}

/** What a pass needs of the rest. */
export interface PassDeps extends CommitDeps {
  readonly store: CollectStore;
  readonly trouble: Trouble;
  /** Told of every committed window, in order. */
  readonly onCommitted: (window: CommittedWindow) => void | Promise<void>;
}

/** A window after its commit. */
export interface CommittedWindow extends Committed {
  readonly window: ReadWindow;
  /** The account's watermark before this window was committed; undefined for the very first. */
  readonly previousWatermarkMs: number | undefined;
  readonly watermarkMs: number;
  /** More windows of the same pass follow. */
  readonly more: boolean;
}

/** Sums of a pass. */
export interface PassResult {
  readonly windows: number;
  readonly events: number;
  readonly fresh: number;
  readonly alerts: number;
  readonly unverified: number;
  readonly watermarkMs: number;
}

/**
 * One pass: reads from `watermark - overlap` to a fixed upper end, window by window in order of time, and commits each
 * window on its own, so that memory is bounded by a window and a crash repeats one window at most. While one window is
 * committed the next one is already being read. Rejects with AuditError, LeaseLostError or a store error; what was
 * committed until then stays, and the next pass goes on from there.
 */
export const runPass = async (
  options: PassOptions,
  deps: PassDeps,
  signal: AbortSignal,
): Promise<PassResult> => {
  const progress = await deps.store.progress(options.account);
  const pass = planPass({ ...options, progress, nowMs: deps.now() });
  const sums = { windows: 0, events: 0, fresh: 0, alerts: 0, unverified: 0 };
  let watermarkMs = progress?.watermarkMs;

  const reading = new AbortController();
  const readSignal = AbortSignal.any([signal, reading.signal]);
  const ahead = readAhead(windowsOf(pass, options, readSignal));
  try {
    for (let item = await ahead.next(); item; item = await ahead.next()) {
      signal.throwIfAborted();
      const { window, more } = item;
      const previousWatermarkMs = watermarkMs;
      watermarkMs = Math.max(watermarkMs ?? pass.fromMs, provenUntil(window, options.settleMs, deps.now()));
      const manner = { reader: 'poll', quiet: false, watermarkMs } as const;
      const committed = await commitRead(options.account, window, manner, deps);
      sums.windows += 1;
      sums.events += window.events.length;
      sums.fresh += committed.fresh.length;
      sums.alerts += committed.alerts.length;
      if (!window.verified) sums.unverified += 1;
      await deps.onCommitted({ ...committed, window, previousWatermarkMs, watermarkMs, more });
      await reportSkew(window.clockSkewMs, options, deps.trouble);
    }
  } finally {
    reading.abort();
    await ahead.stop();
  }
  return { ...sums, watermarkMs: watermarkMs ?? pass.fromMs };
};

/**
 * How far a window proves the trail read. Never beyond the API server's own clock minus `settle`: if our clock has
 * jumped ahead, the empty "future" we have just read proves nothing, and a watermark there would skip real events. That
 * holds for a window which lies in that future as a whole, too: it is not even proven up to its beginning. Where an answer
 * has no date, the last one that came and the time since then say what that clock shows.
 */
const provenUntil = (window: ReadWindow, settleMs: number, nowMs: number): number => {
  const skewMs = window.clockSkewMs ?? window.expectedSkewMs;
  return skewMs === undefined ? window.toMs : Math.min(window.toMs, floorToSecond(nowMs + skewMs - settleMs));
};

/** Windows of a pass in order of time; one that holds too much is cut until it fits or is a second wide. */
async function* windowsOf(
  pass: Window,
  options: ReadWindowOptions,
  signal: AbortSignal,
): AsyncGenerator<{ readonly window: ReadWindow; readonly more: boolean }> {
  const waiting: Window[] = [pass];
  for (let window = waiting.pop(); window; window = waiting.pop()) {
    const result = await readWindow(window, options, signal);
    if (result.kind === 'too-large') {
      waiting.push(...cut(window, result.totalElements, options.maxWindowEvents).toReversed());
    } else {
      yield { window: result.window, more: waiting.length > 0 };
    }
  }
}

/** Keeps one item ahead of the consumer: reading and committing overlap, and never more than two windows are held. */
const readAhead = <T>(
  source: AsyncGenerator<T>,
): { next(): Promise<T | undefined>; stop(): Promise<void> } => {
  const pull = (): Promise<IteratorResult<T, unknown>> => {
    const pulled = source.next();
    // A failure is seen when the item is asked for; until then it must not count as unhandled.
    pulled.catch(() => undefined);
    return pulled;
  };
  let ready = pull();
  return {
    async next() {
      const item = await ready;
      if (item.done) return undefined;
      ready = pull();
      return item.value;
    },
    async stop() {
      await ready.catch(() => undefined);
    },
  };
};

const reportSkew = async (
  skewMs: number | undefined,
  options: PassOptions,
  trouble: Trouble,
): Promise<void> => {
  if (skewMs === undefined) return;
  const side = skewMs > 0 ? 'ahead of' : 'behind';
  const text = `the API server's clock is ${Math.round(Math.abs(skewMs) / 1_000)} s ${side} ours`;
  if (Math.abs(skewMs) > options.maxClockSkewMs) await trouble.raise('clock_skew', options.account, text);
  else await trouble.clear('clock_skew', options.account);
};
