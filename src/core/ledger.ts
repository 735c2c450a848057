import type { Window } from './window.ts';

/** Why a range of the ledger is not proven complete, and what is done about it. */
export interface Doubt {
  /** When it was first read without proof. Epoch ms. */
  readonly sinceMs: number;
  /** How often it has been read again for that reason, in vain. */
  readonly tries: number;
  /** When it is read again; undefined: the API has contradicted itself for good, only a chance reading can mend it. */
  readonly nextMs: number | undefined;
  /** It was read by a quiet backfill: what is found later is told to nobody either. */
  readonly quiet: boolean;
  /** What the API contradicted itself about, for people. */
  readonly text: string;
}

/** A stretch of time that was read. Ranges of an account never overlap; neighbours that say the same are one. */
export interface LedgerRange extends Window {
  /** Undefined: verified, by the latest reading of every second of it. */
  readonly doubt: Doubt | undefined;
  /** Events that its readings have stored. When a range is cut, its counts stay with the first part. */
  readonly events: number;
  /** Those of them that were found in a stretch which had been read before. */
  readonly late: number;
  /** The latest reading. Epoch ms. */
  readonly readAtMs: number;
}

/** A window that was read as a whole. */
export interface Reading extends Window {
  readonly verified: boolean;
  /** Why not, when it is not. */
  readonly text: string;
  readonly events: number;
  readonly late: number;
  readonly readAtMs: number;
  /** It was read because it was unverified: if it still is, that is one more try. */
  readonly again: boolean;
  readonly quiet: boolean;
}

/** So often a range is read again. The pauses double: the last try comes about five hours after the first reading. */
const MAX_TRIES = 6;
const FIRST_PAUSE_MS = 300_000;
const HOUR_MS = 3_600_000;

/** When a range that has been read again `tries` times in vain is read next; undefined: never. */
const nextTryMs = (tries: number, nowMs: number): number | undefined =>
  tries >= MAX_TRIES ? undefined : nowMs + FIRST_PAUSE_MS * 2 ** tries;

const doubtAfter = (before: LedgerRange | undefined, reading: Reading): Doubt => {
  const { text, readAtMs, again, quiet } = reading;
  const known = before?.doubt;
  if (!known) return { sinceMs: readAtMs, tries: 0, nextMs: nextTryMs(0, readAtMs), quiet, text };
  if (!again) return { ...known, quiet: known.quiet && quiet, text };
  const tries = Math.min(known.tries + 1, MAX_TRIES);
  return { ...known, tries, nextMs: nextTryMs(tries, readAtMs), text };
};

/** Splits a range at the edges of a window. The counts stay with the first part. */
const split = (
  range: LedgerRange,
  { fromMs, toMs }: Window,
): { readonly outside: readonly LedgerRange[]; readonly inside: LedgerRange | undefined } => {
  const none = { events: 0, late: 0 };
  const parts: LedgerRange[] = [];
  for (const [lowMs, highMs] of [
    [range.fromMs, Math.min(range.toMs, fromMs)],
    [Math.max(range.fromMs, fromMs), Math.min(range.toMs, toMs)],
    [Math.max(range.fromMs, toMs), range.toMs],
  ] as const)
    if (highMs > lowMs)
      parts.push({ ...range, fromMs: lowMs, toMs: highMs, ...(parts.length > 0 ? none : {}) });
  const inside = parts.find((part) => part.fromMs >= fromMs && part.toMs <= toMs);
  return { outside: parts.filter((part) => part !== inside), inside };
};

/**
 * Whether neighbours are kept as one. Those that wait for another try only within one hour of the trail: what is read
 * again at once is then never more than that, however long the API contradicts itself.
 */
const belongTogether = (a: LedgerRange, b: LedgerRange): boolean => {
  if (a.toMs !== b.fromMs) return false;
  if (!a.doubt || !b.doubt) return a.doubt === b.doubt;
  if (a.doubt.tries !== b.doubt.tries || a.doubt.quiet !== b.doubt.quiet) return false;
  return (
    a.doubt.nextMs === undefined || Math.floor(a.fromMs / HOUR_MS) === Math.floor((b.toMs - 1) / HOUR_MS)
  );
};

const earlier = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

const joined = (a: LedgerRange, b: LedgerRange): LedgerRange => ({
  fromMs: a.fromMs,
  toMs: b.toMs,
  events: a.events + b.events,
  late: a.late + b.late,
  readAtMs: Math.max(a.readAtMs, b.readAtMs),
  doubt: a.doubt &&
    b.doubt && {
      ...b.doubt,
      sinceMs: Math.min(a.doubt.sinceMs, b.doubt.sinceMs),
      nextMs: earlier(a.doubt.nextMs, b.doubt.nextMs),
    },
});

/**
 * The ledger after a reading: of every second the latest reading decides whether it is verified. `ranges` are, in order,
 * those that overlap or touch the reading; the answer takes their place.
 */
export const applyReading = (ranges: readonly LedgerRange[], reading: Reading): readonly LedgerRange[] => {
  const { fromMs, toMs, verified, readAtMs } = reading;
  if (toMs <= fromMs) return ranges;
  const parts = ranges.map((range) => split(range, reading));
  const inside = parts.map((part) => part.inside).filter((range) => range !== undefined);
  const pieces: LedgerRange[] = [];
  if (verified) {
    const events = inside.reduce((sum, range) => sum + range.events, 0);
    const late = inside.reduce((sum, range) => sum + range.late, 0);
    pieces.push({ fromMs, toMs, doubt: undefined, events, late, readAtMs });
  } else {
    const pieceOf = (window: Window, before: LedgerRange | undefined): LedgerRange => ({
      fromMs: window.fromMs,
      toMs: window.toMs,
      doubt: doubtAfter(before, reading),
      events: before?.events ?? 0,
      late: before?.late ?? 0,
      readAtMs,
    });
    for (const range of inside) pieces.push(pieceOf(range, range));
    for (const gap of gapsOf(ranges, reading)) pieces.push(pieceOf(gap, undefined));
  }
  const [first] = pieces;
  if (first) pieces[0] = { ...first, events: first.events + reading.events, late: first.late + reading.late };
  const all = [...parts.flatMap((part) => part.outside), ...pieces].sort((a, b) => a.fromMs - b.fromMs);
  return all.reduce<LedgerRange[]>((done, range) => {
    const last = done.at(-1);
    if (last && belongTogether(last, range)) done[done.length - 1] = joined(last, range);
    else done.push(range);
    return done;
  }, []);
};

/** The parts of a window that no range covers, in order. `ranges` are in order. */
export const gapsOf = (ranges: readonly Window[], { fromMs, toMs }: Window): readonly Window[] => {
  const gaps: Window[] = [];
  let atMs = fromMs;
  for (const range of ranges) {
    if (range.fromMs >= toMs) break;
    if (range.fromMs > atMs) gaps.push({ fromMs: atMs, toMs: range.fromMs });
    atMs = Math.max(atMs, range.toMs);
  }
  if (atMs < toMs) gaps.push({ fromMs: atMs, toMs });
  return gaps;
};

/** The parts of a window that ranges cover, in order; neighbours are one. `ranges` are in order. */
export const coveredOf = (ranges: readonly Window[], window: Window): readonly Window[] =>
  gapsOf(gapsOf(ranges, window), window);

/** Whether a moment lies in a range. */
export const covers = (ranges: readonly Window[], ms: number): boolean =>
  ranges.some((range) => ms >= range.fromMs && ms < range.toMs);
