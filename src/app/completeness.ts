import type { JsonObject } from '../base/json.ts';
import { type Completeness, completenessOf } from '../core/completeness.ts';
import { LATENESS_KEPT_MS, proposedOverlapMs } from '../core/lateness.ts';
import type { StoredHistory } from '../store/open-history.ts';

/** What is proven about one account's trail. */
export interface AccountCompleteness extends Completeness {
  readonly account: string;
  /** The overlap that fits the lateness measured. */
  readonly proposedOverlapMs: number;
}

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));

/** The answer as JSON, for scripts and for `/readyz`. */
export const completenessJson = ({
  completeUntilMs,
  unverified,
  neverRead,
  late,
}: Completeness): JsonObject => ({
  complete_until: isoOrNull(completeUntilMs),
  unverified: unverified.map(({ fromMs, toMs, againAtMs, reason }) => ({
    from: iso(fromMs),
    to: iso(toMs),
    read_again_at: isoOrNull(againAtMs),
    reason,
  })),
  never_read: neverRead.map(({ fromMs, toMs }) => ({ from: isoOrNull(fromMs), to: iso(toMs) })),
  late,
});

/** What is proven about the accounts of a stored history, or about one of them. */
export const storedCompleteness = async (
  stored: StoredHistory,
  account: string | undefined,
  nowMs: number,
): Promise<readonly AccountCompleteness[]> => {
  const names = (await stored.history.accounts()).filter((name) => account === undefined || name === account);
  return Promise.all(
    names.map(async (name) => ({
      account: name,
      ...completenessOf(await stored.ranges(name)),
      proposedOverlapMs: proposedOverlapMs(await stored.lateness(name, nowMs - LATENESS_KEPT_MS)),
    })),
  );
};
