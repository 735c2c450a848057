import { formatDuration } from '../base/duration.ts';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../core/clock.ts';
import { LATENESS_KEPT_MS, neededOverlapMs, proposedOverlapMs } from '../core/lateness.ts';
import type { LedgerStore } from '../core/ledger-store.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';

/** How far behind the watermark an account's passes begin. */
export interface Overlap {
  currentMs(): number;
  /** Looks at the lateness measured: sets the overlap, or proposes another one, by the configuration. */
  refresh(): Promise<void>;
}

/** Makes the {@link Overlap} of one account. Until the first refresh it is what the configuration begins with. */
export const createOverlap = (
  account: string,
  { overlapMs, overlapAuto }: Pick<Settings['poll'], 'overlapMs' | 'overlapAuto'>,
  deps: {
    readonly ledger: Pick<LedgerStore, 'lateness'>;
    readonly now: Clock;
    readonly log: Log;
    readonly telemetry: Telemetry;
  },
): Overlap => {
  let currentMs = overlapMs;
  let proposedMs = overlapMs;
  deps.telemetry.gauge('overlap_seconds', currentMs / 1_000, { account });
  return {
    currentMs: () => currentMs,
    async refresh() {
      const counts = await deps.ledger.lateness(account, deps.now() - LATENESS_KEPT_MS);
      const nextMs = proposedOverlapMs(counts);
      deps.telemetry.gauge('overlap_proposed_seconds', nextMs / 1_000, { account });
      if (nextMs === proposedMs) return;
      proposedMs = nextMs;
      if (overlapAuto) {
        deps.log.info('overlap.changed', {
          account,
          from: formatDuration(currentMs),
          to: formatDuration(nextMs),
        });
        currentMs = nextMs;
        deps.telemetry.gauge('overlap_seconds', currentMs / 1_000, { account });
      } else if (nextMs > currentMs && neededOverlapMs(counts) > currentMs) {
        deps.log.warn('overlap.proposed', {
          account,
          overlap: formatDuration(currentMs),
          proposed: formatDuration(nextMs),
        });
      }
    },
  };
};
