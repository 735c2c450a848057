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

/** Whether a window cannot be cut further at the API's resolution. */
export const isOneSecond = (window: Window): boolean => window.toMs - window.fromMs <= SECOND_MS;

/** Cut finer at once, one wrong count (or all events in one minute) would make thousands of requests for nothing. */
const MOST_PARTS = 16;
/** Room in a part for events that are not quite evenly spread. */
const ROOM = 1.1;

/**
 * The parts, in order of time, of a window that holds too much: as many as it takes for `most` events in each when the
 * `events` are evenly spread, and at least two. The window must be wider than a second.
 */
export const cut = (window: Window, events: number | undefined, most: number): readonly Window[] => {
  const seconds = Math.round((window.toMs - window.fromMs) / SECOND_MS);
  const wanted = Math.ceil(((events ?? 0) * ROOM) / most);
  const parts = Math.min(Math.max(2, wanted), MOST_PARTS, seconds);
  const edgeMs = (part: number): number =>
    part === parts ? window.toMs : window.fromMs + Math.floor((seconds * part) / parts) * SECOND_MS;
  return Array.from({ length: parts }, (_, part) => ({ fromMs: edgeMs(part), toMs: edgeMs(part + 1) }));
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
