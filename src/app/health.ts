import { formatDuration } from '../base/duration.ts';
import { errorText } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { Clock } from '../core/clock.ts';
import { completenessOf } from '../core/completeness.ts';
import type { LedgerRange } from '../core/ledger.ts';
import type { LedgerStore } from '../core/ledger-store.ts';
import type { StoreStatus } from '../core/store.ts';
import { completenessJson } from './completeness.ts';
import type { Replica } from './replica.ts';
import { silentForMs, staleAfterMs, type Watched } from './watchdog.ts';

/** The answer to "can this process be relied on right now?". */
export interface Readiness {
  readonly ready: boolean;
  /** Why not, for people; empty when ready. */
  readonly reasons: readonly string[];
  readonly detail: JsonObject;
}

/**
 * Readiness is about flow, not about life: this process holds the lease, the store can be written, and at least one
 * account has completed a pass lately. An account that has not is named even when others make the process ready.
 */
export const readiness = async (input: {
  readonly active: boolean;
  /** How this process takes part where several share the work; left out: it works alone or not at all. */
  readonly replica?: Pick<Replica, 'held' | 'isHeld' | 'standing'> | undefined;
  readonly pollers: readonly Watched[];
  readonly intervalMs: number;
  readonly now: Clock;
  readonly store: StoreStatus;
  readonly ledger: Pick<LedgerStore, 'everyRange'>;
}): Promise<Readiness> => {
  const nowMs = input.now();
  const limitMs = staleAfterMs(input.intervalMs);
  const reasons: string[] = [];
  const accounts = input.pollers.map((poller) => {
    const last = poller.lastCompletedMs();
    const silentMs = silentForMs(poller, nowMs);
    return { name: poller.account, last, fresh: silentMs !== undefined && silentMs <= limitMs };
  });
  const { replica } = input;
  if (replica) {
    if (!replica.isHeld())
      reasons.push(
        'it cannot be said for certain what this replica holds: no beat has reached the store lately',
      );
    else if (accounts.length > 0 && !accounts.some((account) => account.fresh))
      reasons.push(
        accounts.every((account) => account.last === undefined)
          ? 'no account of this replica has completed a pass yet'
          : `no account of this replica has completed a pass in the last ${formatDuration(limitMs)}`,
      );
  } else if (!input.active) reasons.push('standing by: another process holds the lease of this store');
  else if (!accounts.some((account) => account.fresh)) {
    reasons.push(
      accounts.every((account) => account.last === undefined)
        ? 'no account has completed a pass yet'
        : `no account has completed a pass in the last ${formatDuration(limitMs)}`,
    );
  }
  try {
    await input.store.probe();
  } catch (error) {
    reasons.push(`the store cannot be written: ${errorText(error)}`);
  }
  const proven = await ledgerOf(input.ledger);
  return {
    ready: reasons.length === 0,
    reasons,
    detail: {
      role: input.active ? 'active' : 'standby',
      ...(replica && { replicas: replica.standing()?.replicas.length ?? 0, shares: replica.held().length }),
      accounts: accounts.map(({ name, last, fresh }) => ({
        name,
        last_completed_at: last === undefined ? null : new Date(last).toISOString(),
        fresh,
        ...(proven && completenessJson(completenessOf(proven.get(name) ?? []))),
      })),
    },
  };
};

/** What is proven about the trails, asked once for all: there may be thousands. Undefined when the store cannot say it. */
const ledgerOf = async (
  ledger: Pick<LedgerStore, 'everyRange'>,
): Promise<ReadonlyMap<string, readonly LedgerRange[]> | undefined> => {
  try {
    return await ledger.everyRange();
  } catch {
    // That it fails is a reason of its own.
    return undefined;
  }
};
