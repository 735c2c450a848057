import { availableParallelism, loadavg } from 'node:os';

/** How busy the machine was, and this process, which plays the API, the receivers and the network. */
export interface Busy {
  /** By how much longer than on a quiet machine work took at most between two times: processes that want a core, for each core. At least 1. */
  factor(fromMs: number, toMs: number): number;
  /** The longest time by which this process itself was late between two times. */
  lateMs(fromMs: number, toMs: number): number;
  close(): void;
}

const EVERY_MS = 50;
/** The mean over a minute follows slowly. */
const FOLLOWS_MS = 30_000;
/** Beyond this nothing is proven any more. */
const MOST = 6;

/** Watches until it is closed. */
export const watchBusy = (): Busy => {
  const seen: { readonly atMs: number; readonly lateMs: number; readonly factor: number }[] = [];
  let dueMs = Date.now() + EVERY_MS;
  const timer = setInterval(() => {
    const atMs = Date.now();
    const [load = 0] = loadavg();
    seen.push({ atMs, lateMs: Math.max(0, atMs - dueMs), factor: load / availableParallelism() });
    dueMs = atMs + EVERY_MS;
  }, EVERY_MS);
  const most = (fromMs: number, toMs: number, of: (one: (typeof seen)[number]) => number): number =>
    Math.max(0, ...seen.filter(({ atMs }) => atMs > fromMs && atMs < toMs).map(of));
  return {
    factor: (fromMs, toMs) =>
      Math.min(
        MOST,
        Math.max(
          1,
          most(fromMs, toMs + FOLLOWS_MS, ({ factor }) => factor),
        ),
      ),
    lateMs: (fromMs, toMs) => most(fromMs, toMs + EVERY_MS, ({ lateMs }) => lateMs),
    close: () => clearInterval(timer),
  };
};
