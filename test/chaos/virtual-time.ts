import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Time that a test owns: the global timers stand on it, and it moves only when nothing is left to do. */
export interface VirtualTime {
  /** Epoch ms. */
  now(): number;
  /** To be called whenever something moves that is no timer, such as bytes on a connection. */
  readonly touch: () => void;
  /** Runs every timer until then, each at its time and in order, and lets everything come to rest after each. */
  advanceTo(ms: number): Promise<void>;
  /** As {@link advanceTo}, but stops short as soon as so much has been touched: in the middle of something. */
  interruptAfter(touches: number, ms: number): Promise<void>;
  /** Lets time pass until the promise settles; rejects when that takes longer than `withinMs` of virtual time. */
  settled<T>(promise: Promise<T>, withinMs: number): Promise<T>;
  /** Gives the real timers back. */
  restore(): void;
}

/**
 * Turns of the event loop without any traffic after which everything counts as at rest: so many when nothing has moved
 * at all, and more once something has, since a command of SMTP takes up to eleven inside its server. A wrong guess costs
 * nothing but a receiver that seems slower than it is.
 */
const CALM_TURNS = 3;
const CALM_TURNS_AFTER_TRAFFIC = 12;

/** More without any time passing is somebody who tries again and again without a pause. */
const MOST_TURNS = 100_000;

interface Timer {
  atMs: number;
  order: number;
  readonly delayMs: number;
  readonly run: () => void;
  live: boolean;
}

/** The kernel holds back small writes for up to 40 ms of real time, in which virtual hours would pass. */
const atOnce = (message: unknown): void =>
  void (message as { readonly socket: Socket }).socket.setNoDelay(true);
const SOCKETS = ['net.client.socket', 'net.server.socket'];

/** Replaces the global `setTimeout` and `clearTimeout` until `restore`. Time stands at `startMs`. */
export const createVirtualTime = (startMs: number): VirtualTime => {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  let nowMs = startMs;
  let orders = 0;
  let traffic = 0;
  const heap = createHeap();

  const schedule = (timer: Timer): void => {
    timer.atMs = nowMs + timer.delayMs;
    timer.order = orders += 1;
    timer.live = true;
    heap.push({ atMs: timer.atMs, order: timer.order, timer });
  };
  const handleOf = (timer: Timer): object => {
    const handle = {
      [TIMER]: timer,
      ref: () => handle,
      unref: () => handle,
      hasRef: () => true,
      refresh() {
        schedule(timer);
        return handle;
      },
      close() {
        timer.live = false;
        return handle;
      },
    };
    return handle;
  };
  const fakeSetTimeout = (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): object => {
    const delayMs = Number.isFinite(ms) && Number(ms) >= 1 ? Math.floor(Number(ms)) : 1;
    const timer: Timer = { atMs: 0, order: 0, delayMs, run: () => run(...args), live: true };
    schedule(timer);
    return handleOf(timer);
  };
  const fakeClearTimeout = (handle: unknown): void => {
    const timer = (handle as { [TIMER]?: Timer } | undefined | null)?.[TIMER];
    if (timer) timer.live = false;
    else real.clearTimeout(handle as NodeJS.Timeout);
  };
  globalThis.setTimeout = fakeSetTimeout as unknown as typeof setTimeout;
  globalThis.clearTimeout = fakeClearTimeout;

  let stopAt = Number.POSITIVE_INFINITY;
  const isInterrupted = (): boolean => traffic >= stopAt;
  for (const channel of SOCKETS) subscribe(channel, atOnce);

  const rest = async (): Promise<void> => {
    let turns = 0;
    let needed = CALM_TURNS;
    for (let calm = 0; calm < needed && !isInterrupted(); turns += 1) {
      if (turns > MOST_TURNS) throw new Error(`busy without end at ${new Date(nowMs).toISOString()}`);
      const before = traffic;
      await new Promise((resolve) => setImmediate(resolve));
      if (traffic === before) calm += 1;
      else {
        calm = 0;
        needed = CALM_TURNS_AFTER_TRAFFIC;
      }
    }
  };
  /** Runs all timers of the earliest moment up to `untilMs`; false when there is none. */
  const step = (untilMs: number): boolean => {
    const atMs = heap.nextMs();
    if (atMs === undefined || atMs > untilMs) return false;
    nowMs = Math.max(nowMs, atMs);
    for (let due = heap.pop(atMs); due; due = heap.pop(atMs)) {
      due.live = false;
      due.run();
    }
    return true;
  };

  return {
    now: () => nowMs,
    touch() {
      traffic += 1;
    },
    async advanceTo(ms) {
      await rest();
      while (step(ms)) await rest();
      nowMs = Math.max(nowMs, ms);
    },
    async interruptAfter(touches, ms) {
      stopAt = traffic + touches;
      for (await rest(); !isInterrupted() && step(ms); ) await rest();
      if (!isInterrupted()) nowMs = Math.max(nowMs, ms);
      stopAt = Number.POSITIVE_INFINITY;
    },
    async settled(promise, withinMs) {
      const over = new AbortController();
      const end = promise.finally(() => over.abort());
      end.catch(() => undefined);
      const limitMs = nowMs + withinMs;
      let patience = 2_000;
      for (await rest(); !over.signal.aborted; await rest()) {
        if (step(limitMs)) continue;
        // Other threads (those that unpack, say) know nothing of virtual time.
        if ((patience -= 1) < 0) throw new Error(`not settled within ${withinMs} ms of virtual time`);
        await new Promise((resolve) => real.setTimeout(resolve, 1));
      }
      return end;
    },
    restore() {
      globalThis.setTimeout = real.setTimeout;
      globalThis.clearTimeout = real.clearTimeout;
      for (const channel of SOCKETS) unsubscribe(channel, atOnce);
    },
  };
};

const TIMER = Symbol('virtual timer');

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly timer: Timer;
}

/** Timers by time, then by the order of setting; those that were cleared or set anew are passed over. */
const createHeap = () => {
  const items: Entry[] = [];
  const before = (a: Entry, b: Entry): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  const swap = (i: number, j: number): void => {
    const held = items[i] as Entry;
    items[i] = items[j] as Entry;
    items[j] = held;
  };
  const removeFirst = (): void => {
    swap(0, items.length - 1);
    items.pop();
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      if (left >= items.length) return;
      const right = left + 1;
      const least =
        right < items.length && before(items[right] as Entry, items[left] as Entry) ? right : left;
      if (!before(items[least] as Entry, items[i] as Entry)) return;
      swap(i, least);
      i = least;
    }
  };
  const first = (): Entry | undefined => {
    for (let top = items[0]; top; top = items[0]) {
      if (top.timer.live && top.timer.order === top.order) return top;
      removeFirst();
    }
    return undefined;
  };
  return {
    push(entry: Entry): void {
      items.push(entry);
      for (let i = items.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (!before(items[i] as Entry, items[parent] as Entry)) return;
        swap(i, parent);
        i = parent;
      }
    },
    nextMs: (): number | undefined => first()?.atMs,
    /** Takes out the next timer of that moment or before. */
    pop(atMs: number): Timer | undefined {
      const top = first();
      if (!top || top.atMs > atMs) return undefined;
      removeFirst();
      return top.timer;
    },
  };
};
