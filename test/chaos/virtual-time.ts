import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Time that a test owns: the global timers stand on it, and it moves only when nothing is left to do. */
export interface VirtualTime {
  /** Epoch ms. */
  now(): number;
  /** To be called whenever something moves that is no timer, such as bytes on a connection. */
  readonly touch: () => void;
  /** Names something that works in real time, such as a server of another process: nothing is at rest while it does. */
  waitWhile(isBusy: () => boolean): void;
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

/**
 * ms of real time: what works outside of virtual time for longer, without a sign of it, is taken for slow, and time goes on. It may
 * wait for something that needs time itself, such as a lock that is held over a slow link.
 */
const PATIENCE_MS = 250;

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

/**
 * What a library set under a virtual time that is over, and for how long. Modules outlive it: the ticker of an HTTP client, say, is
 * set once for all that it ever waits for, and would leave it waiting for ever.
 */
const left = new Map<Timer, number>();
let current: ((timer: Timer, delayMs: number) => void) | undefined;

/** Sets a timer in the virtual time of now, or, while there is none, in the next one. */
const set = (timer: Timer, delayMs: number): void => {
  timer.live = true;
  if (current) current(timer, delayMs);
  else left.set(timer, delayMs);
};

/** Replaces the global `setTimeout` and `clearTimeout` until `restore`. Time stands at `startMs`. One at a time. */
export const createVirtualTime = (startMs: number): VirtualTime => {
  if (current) throw new Error('there is a virtual time already');
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  let nowMs = startMs;
  let orders = 0;
  let traffic = 0;
  let moved: (() => void) | undefined;
  const busy: (() => boolean)[] = [];
  const heap = createHeap();

  current = (timer, delayMs) => {
    timer.atMs = nowMs + delayMs;
    timer.order = orders += 1;
    heap.push({ atMs: timer.atMs, order: timer.order, timer });
  };
  for (const [timer, delayMs] of left) current(timer, delayMs);
  left.clear();
  const end = (timer: Timer): void => {
    timer.live = false;
    left.delete(timer);
  };
  const handleOf = (timer: Timer): object => {
    const handle = {
      [TIMER]: timer,
      ref: () => handle,
      unref: () => handle,
      hasRef: () => true,
      refresh() {
        set(timer, timer.delayMs);
        return handle;
      },
      close() {
        end(timer);
        return handle;
      },
    };
    return handle;
  };
  const fakeSetTimeout = (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): object => {
    const delayMs = Number.isFinite(ms) && Number(ms) >= 1 ? Math.floor(Number(ms)) : 1;
    const timer: Timer = { atMs: 0, order: 0, delayMs, run: () => run(...args), live: true };
    set(timer, delayMs);
    return handleOf(timer);
  };
  const fakeClearTimeout = (handle: unknown): void => {
    const timer = (handle as { [TIMER]?: Timer } | undefined | null)?.[TIMER];
    if (timer) end(timer);
    else real.clearTimeout(handle as NodeJS.Timeout);
  };
  globalThis.setTimeout = fakeSetTimeout as unknown as typeof setTimeout;
  globalThis.clearTimeout = fakeClearTimeout;

  let stopAt = Number.POSITIVE_INFINITY;
  const isInterrupted = (): boolean => traffic >= stopAt;
  for (const channel of SOCKETS) subscribe(channel, atOnce);

  /** False when nothing moves for a long time. */
  const untilMoved = (): Promise<boolean> =>
    new Promise((resolve) => {
      const over = (has: boolean): void => {
        real.clearTimeout(timer);
        moved = undefined;
        resolve(has);
      };
      const timer = real.setTimeout(over, PATIENCE_MS, false);
      moved = () => over(true);
    });
  const rest = async (): Promise<void> => {
    let turns = 0;
    let needed = CALM_TURNS;
    for (let calm = 0; calm < needed && !isInterrupted(); turns += 1) {
      if (turns > MOST_TURNS) throw new Error(`busy without end at ${new Date(nowMs).toISOString()}`);
      const before = traffic;
      await new Promise((resolve) => setImmediate(resolve));
      if (traffic === before && busy.some((is) => is())) {
        const hasMoved = await untilMoved();
        if (hasMoved) turns = 0;
        else return;
      }
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
      moved?.();
    },
    waitWhile: (isBusy) => void busy.push(isBusy),
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
      current = undefined;
      for (const timer of heap.live()) left.set(timer, Math.max(timer.atMs - nowMs, 0));
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
    /** All that are still to run. */
    live: (): readonly Timer[] =>
      items.filter(({ timer, order }) => timer.live && timer.order === order).map(({ timer }) => timer),
    /** Takes out the next timer of that moment or before. */
    pop(atMs: number): Timer | undefined {
      const top = first();
      if (!top || top.atMs > atMs) return undefined;
      removeFirst();
      return top.timer;
    },
  };
};
