import type { LedgerRange } from './ledger.ts';
import type { Window } from './window.ts';

/** A stretch that was read without proof that nothing is missing. */
export interface UnverifiedRange extends Window {
  /** When a part of it is read again; undefined: the API has contradicted itself about all of it for good. */
  readonly againAtMs: number | undefined;
  /** What the API contradicted itself about. */
  readonly reason: string;
}

/** What the ledger proves about an account's trail. */
export interface Completeness {
  /** Everything before this is completely read but for the ranges below. Undefined: nothing is. */
  readonly completeUntilMs: number | undefined;
  /** In order; neighbours are one unless one of them is given up and the other is not. */
  readonly unverified: readonly UnverifiedRange[];
  /** In order. `fromMs` undefined: since ever, the time before the account's start. */
  readonly neverRead: readonly { readonly fromMs: number | undefined; readonly toMs: number }[];
  /** Events that were found in a stretch which had been read before. */
  readonly late: number;
}

/** The answer of a ledger, whose ranges are in order, to "what has been read?". */
export const completenessOf = (ranges: readonly LedgerRange[]): Completeness => {
  const unverified: UnverifiedRange[] = [];
  const neverRead: { readonly fromMs: number | undefined; readonly toMs: number }[] = [];
  let completeUntilMs: number | undefined;
  let readUntilMs: number | undefined;
  let late = 0;
  for (const { fromMs, toMs, doubt, ...range } of ranges) {
    if (fromMs !== readUntilMs) neverRead.push({ fromMs: readUntilMs, toMs: fromMs });
    readUntilMs = toMs;
    late += range.late;
    if (!doubt) {
      completeUntilMs = toMs;
      continue;
    }
    const last = unverified.at(-1);
    const same =
      last?.toMs === fromMs && (last.againAtMs === undefined) === (doubt.nextMs === undefined)
        ? last
        : undefined;
    const againAtMs =
      doubt.nextMs === undefined ? undefined : Math.min(same?.againAtMs ?? doubt.nextMs, doubt.nextMs);
    const merged = { fromMs: same?.fromMs ?? fromMs, toMs, againAtMs, reason: doubt.text };
    if (same) unverified[unverified.length - 1] = merged;
    else unverified.push(merged);
  }
  return { completeUntilMs, unverified, neverRead, late };
};
