/** How late events were found: `edgeMs` is 0 for those on time, else one of {@link LATENESS_EDGES_MS}. */
export interface LatenessCount {
  readonly edgeMs: number;
  readonly count: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Upper edges of the classes of lateness; what is later than the last counts there as well. */
export const LATENESS_EDGES_MS: readonly number[] = [
  10 * SECOND,
  30 * SECOND,
  ...[1, 2, 3, 5, 7, 10, 15, 20, 30, 45].map((minutes) => minutes * MINUTE),
  ...[1, 1.5, 2, 3, 4, 6, 9, 12, 18].map((hours) => hours * HOUR),
  ...[1, 2, 3, 5, 7, 14, 30].map((days) => days * DAY),
];

/** The class of an event that was found `latenessMs` after it happened. */
export const latenessEdge = (latenessMs: number): number =>
  LATENESS_EDGES_MS.find((edgeMs) => latenessMs <= edgeMs) ?? (LATENESS_EDGES_MS.at(-1) as number);

/** Lateness older than this says nothing about the API of today. */
export const LATENESS_KEPT_MS = 90 * DAY;

/** Bounds of an overlap that is chosen by itself. */
export const MIN_AUTO_OVERLAP_MS = 10 * MINUTE;
export const MAX_AUTO_OVERLAP_MS = DAY;

/** This share of all events is to be found by the overlap; the rest is left to the reconciling reader. */
const SHARE = 0.999;
const FACTOR = 2;

/** Twice the 99.9th percentile of the lateness measured; 0 when nearly all events are on time. */
export const neededOverlapMs = (counts: readonly LatenessCount[]): number => {
  const sorted = counts.toSorted((a, b) => a.edgeMs - b.edgeMs);
  const total = sorted.reduce((sum, { count }) => sum + count, 0);
  let left = Math.ceil(total * SHARE);
  return (sorted.find(({ count }) => (left -= count) <= 0)?.edgeMs ?? 0) * FACTOR;
};

/** The overlap that fits the lateness measured: what is needed, from 10 minutes to a day. */
export const proposedOverlapMs = (counts: readonly LatenessCount[]): number =>
  Math.min(Math.max(neededOverlapMs(counts), MIN_AUTO_OVERLAP_MS), MAX_AUTO_OVERLAP_MS);
