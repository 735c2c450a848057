import type { Progress } from './collect-store.ts';

/** A half-open range of time [fromMs, toMs), both whole seconds: `created_at` has no finer resolution. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Where an account that was never polled begins. */
export type PollStart =
  | { readonly kind: 'now' }
  | { readonly kind: 'ago'; readonly ms: number }
  | { readonly kind: 'at'; readonly ms: number };

const SECOND_MS = 1_000;

/** The last whole second at or before `ms`. */
export const floorToSecond = (ms: number): number => Math.floor(ms / SECOND_MS) * SECOND_MS;

/** Whether a window cannot be halved further at the API's resolution. */
export const isOneSecond = (window: Window): boolean => window.toMs - window.fromMs <= SECOND_MS;

/** The two halves of a window, earlier first. The window must be wider than a second. */
export const halve = (window: Window): readonly [Window, Window] => {
  const middleMs = floorToSecond(window.fromMs + (window.toMs - window.fromMs) / 2);
  const cutMs = Math.max(middleMs, window.fromMs + SECOND_MS);
  return [
    { fromMs: window.fromMs, toMs: cutMs },
    { fromMs: cutMs, toMs: window.toMs },
  ];
};

/**
 * The window of one pass. Its upper end is fixed here (`now - settle`), so that events arriving while we page cannot
 * move it; its lower end lies `overlap` behind the watermark, but never before the account's start. It is at least one
 * second wide even when the clock stands still or went backward: a pass that asks nothing would notice nothing.
 */
export const planPass = (input: {
  readonly progress: Progress | undefined;
  readonly start: PollStart;
  readonly overlapMs: number;
  readonly settleMs: number;
  readonly nowMs: number;
}): Window => {
  const { progress, start, nowMs } = input;
  const settledMs = floorToSecond(nowMs - input.settleMs);
  if (!progress) {
    const wantedMs =
      start.kind === 'at' ? start.ms : start.kind === 'ago' ? nowMs - start.ms : settledMs - SECOND_MS;
    const fromMs = floorToSecond(wantedMs);
    return { fromMs, toMs: Math.max(settledMs, fromMs + SECOND_MS) };
  }
  const fromMs = Math.max(floorToSecond(progress.watermarkMs - input.overlapMs), progress.startMs);
  return { fromMs, toMs: Math.max(settledMs, progress.watermarkMs, fromMs + SECOND_MS) };
};
