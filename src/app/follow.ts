import { createLatch } from '../base/latch.ts';
import { sleep } from '../base/sleep.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../core/store.ts';
import { type AlertRow, alertRow } from '../server/alert-shapes.ts';
import { type EventRow, eventRow } from '../server/trail-shapes.ts';
import { createConsoleStream } from './console-stream.ts';
import { type MonitorApi, NoMonitorError } from './monitor-api.ts';
import { serverSentEvents } from './server-sent-events.ts';

/** Something that happened. */
export type Happening =
  | { readonly type: 'event'; readonly row: EventRow }
  | { readonly type: 'alert'; readonly row: AlertRow };

/** What following is told to do. */
export interface FollowOptions {
  /** Called with one after the other; a false ends it. */
  readonly tell: (happening: Happening) => Promise<boolean>;
  /** The connection was lost (and why), or is there again: undefined. */
  readonly onLost: (why: string | undefined) => void;
  /** From here on everything that happens is told. */
  readonly onBegun?: () => void;
}

const PATH = '/stream?types=event,alert';
/** How soon a monitor that went away is looked for again; it may be starting. */
const RETRY_MS = [500, 1_000, 2_000, 5_000] as const;
/** A connection without a word for so long is dead: the monitor says something every 15 s. */
const SILENT_MS = 45_000;

/**
 * Tells what happens in a running monitor, as it happens, until the signal aborts or the reader wants no more. When the
 * monitor goes away it is waited for, and what happened meanwhile is told then, each once. Rejects when it refuses us, and
 * when it cannot be reached at first.
 */
export const followMonitor = async (
  api: MonitorApi,
  { tell, onLost, onBegun }: FollowOptions,
  signal: AbortSignal,
): Promise<void> => {
  let lastId: string | undefined;
  let failures = 0;
  let begun = false;
  while (!signal.aborted) {
    // Silence is told apart from peace by a clock of our own.
    const silent = new AbortController();
    let timer = setTimeout(() => silent.abort(), SILENT_MS);
    try {
      const body = await api.open(PATH, lastId, AbortSignal.any([signal, silent.signal]));
      if (!begun) onBegun?.();
      else if (failures > 0) onLost(undefined);
      begun = true;
      failures = 0;
      const heard = body.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            clearTimeout(timer);
            timer = setTimeout(() => silent.abort(), SILENT_MS);
            controller.enqueue(chunk);
          },
        }),
      );
      for await (const message of serverSentEvents(heard)) {
        const data: unknown = message.data === '' ? undefined : JSON.parse(message.data);
        const happening = happeningOf(message.type, data);
        if (happening && !(await tell(happening))) return;
        // Only what was told is behind us.
        lastId = message.id ?? lastId;
      }
      throw new NoMonitorError(`the monitor at ${api.url} ended the connection`);
    } catch (error) {
      if (signal.aborted) return;
      const isGone = !(error instanceof Error) || error.name !== 'UsageError';
      if (!begun || !isGone) throw error;
      if (failures === 0) onLost(error instanceof Error ? error.message : String(error));
      failures += 1;
    } finally {
      clearTimeout(timer);
    }
    await sleep(RETRY_MS[Math.min(failures, RETRY_MS.length) - 1] ?? RETRY_MS[0], signal);
  }
};

const happeningOf = (type: string, data: unknown): Happening | undefined => {
  if (type === 'event') {
    const parsed = eventRow.safeParse(data);
    return parsed.success ? { type, row: parsed.data } : undefined;
  }
  if (type !== 'alert') return undefined;
  const parsed = alertRow.safeParse(data);
  return parsed.success ? { type, row: parsed.data } : undefined;
};

const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** The same out of a store that a monitor writes to, whoever that is and whether it runs. */
export const followStore = async (
  store: Pick<Store, 'history' | 'browse' | 'conditions' | 'status' | 'silences'>,
  { tell, onBegun }: FollowOptions,
  signal: AbortSignal,
): Promise<void> => {
  const stream = createConsoleStream({ store, liveState: () => '', log: quietLog, now: Date.now });
  const over = createLatch();
  let isOver = false;
  const types = new Set(['event', 'alert'] as const);
  const subscription = await stream.subscribe(types, undefined, async ({ type, data }) => {
    if (isOver) return false;
    const happening = happeningOf(type, data);
    if (!happening || (await tell(happening))) return true;
    isOver = true;
    over.ring();
    return false;
  });
  onBegun?.();
  try {
    await over.wait(undefined, signal);
  } finally {
    isOver = true;
    subscription.close();
    stream.close();
  }
};
