import { completenessOf } from '../core/completeness.ts';
import type { Trouble } from '../core/conditions.ts';
import type { LedgerRange } from '../core/ledger.ts';
import type { Telemetry } from '../core/telemetry.ts';

/** So many ranges are named; the command `completeness` lists them all. */
const MAX_NAMED = 3;

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/**
 * Looks at the ledger of an account and reports what it proves: ranges about which the API has contradicted itself for
 * good are a condition until every one of them is verified after all.
 */
export const watchTrail = async (
  account: string,
  ranges: readonly LedgerRange[],
  deps: {
    readonly trouble: Trouble;
    readonly telemetry: Telemetry;
  },
): Promise<void> => {
  const { unverified } = completenessOf(ranges);
  const seconds = unverified.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs) / 1_000, 0);
  deps.telemetry.gauge('unverified_ranges', unverified.length, { account });
  deps.telemetry.gauge('unverified_seconds', seconds, { account });
  const lost = unverified.filter(({ againAtMs }) => againAtMs === undefined);
  if (lost.length === 0) return deps.trouble.clear('unverified', account);
  const named = lost.slice(0, MAX_NAMED).map(({ fromMs, toMs }) => `${iso(fromMs)} to ${iso(toMs)}`);
  const more = lost.length > MAX_NAMED ? ` and ${lost.length - MAX_NAMED} more` : '';
  await deps.trouble.raise('unverified', account, `${named.join(', ')}${more}`);
};
