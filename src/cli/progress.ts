import type { Clock } from '../core/clock.ts';

/** A bar that shows how far long work is. */
export interface Progress {
  /** `done` from 0 to 1; `what` stands behind the bar. Cheap: draws a few times a second at most. */
  update(done: number, what: string): void;
  /** Takes the bar away. */
  clear(): void;
}

const EVERY_MS = 100;
const WIDTH = 30;

/** A bar on a terminal; on anything else nothing is ever written. */
export const createProgress = (
  stream: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown },
  now: Clock,
): Progress => {
  let drawnMs: number | undefined;
  if (stream.isTTY !== true) return { update() {}, clear() {} };
  return {
    update(done, what) {
      const nowMs = now();
      if (drawnMs !== undefined && nowMs - drawnMs < EVERY_MS) return;
      drawnMs = nowMs;
      const share = Math.min(1, Math.max(0, done));
      const full = Math.round(share * WIDTH);
      const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
      const text = `${bar} ${String(Math.floor(share * 100)).padStart(3)}%  ${what}`;
      stream.write(`\r${text.slice(0, (stream.columns ?? 80) - 1)}\u001b[K`);
    },
    clear() {
      if (drawnMs !== undefined) stream.write('\r\u001b[K');
      drawnMs = undefined;
    },
  };
};
