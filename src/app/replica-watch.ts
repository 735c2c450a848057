import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { Clock } from '../core/clock.ts';
import type { CollectStore } from '../core/collect-store.ts';
import type { Trouble } from '../core/conditions.ts';
import type { Log } from '../core/log.ts';
import type { BeatAnswer, ReplicaState } from '../core/replicas.ts';
import type { Watched } from './watchdog.ts';

/* What one replica looks after for all of them. */

const LOOK_EVERY_MS = 5_000;

/** What other replicas poll, as far as the store tells it: each pass commits. */
export interface FarWatch {
  /** Accounts that `isNear` does not name. */
  watched(): readonly Watched[];
  /**
   * The same, for who tells of accounts that are not polled: the time before this watch began does not count. An account that was out
   * of the configuration, or that no replica was there for, is polled now; a process that is alone counts in the same way.
   */
  owed(): readonly Watched[];
  /** Looks once. */
  look(): Promise<void>;
  /** Keeps it up to date until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes a {@link FarWatch} of the accounts of a configuration. */
export const createFarWatch = (options: {
  readonly accounts: readonly string[];
  readonly isNear: (account: string) => boolean;
  readonly collect: Pick<CollectStore, 'committed'>;
  readonly now: Clock;
  readonly log: Log;
}): FarWatch => {
  const beganMs = options.now();
  const lastMs = new Map<string, number>();
  const all = options.accounts.map(
    (account): Watched => ({
      account,
      lastCompletedMs: () => lastMs.get(account),
      sinceCompletedMs: () => undefined,
      lastFailure: () => undefined,
      beganMs: () => beganMs,
    }),
  );
  const owed = all.map(
    (one): Watched => ({
      ...one,
      lastCompletedMs() {
        const ms = one.lastCompletedMs();
        // A clock that was set back since makes the beginning lie ahead, and says nothing.
        return ms !== undefined && ms < beganMs && beganMs <= options.now() ? beganMs : ms;
      },
    }),
  );
  const look = async (): Promise<void> => {
    // One question for all: there may be ten thousand of them.
    for (const [account, atMs] of await options.collect.committed()) lastMs.set(account, atMs);
  };
  return {
    watched: () => all.filter(({ account }) => !options.isNear(account)),
    owed: () => owed.filter(({ account }) => !options.isNear(account)),
    look,
    async run(signal) {
      for (; !signal.aborted; await sleep(LOOK_EVERY_MS, signal)) {
        try {
          await look();
        } catch (error) {
          options.log.error('store.error', { operation: 'look at other replicas', reason: errorText(error) });
        }
      }
    },
  };
};

/** A replica as people know it: its host and process. */
const replicaLabel = (id: string): string => {
  const [host = '', , pid = ''] = id.split('/');
  return `${host}/${pid}`;
};

/** Why the latest configuration is not in force at some replica, for people; undefined: it is, everywhere. */
export const refusalOf = (replicas: readonly ReplicaState[]): string | undefined => {
  const refused = replicas.filter(({ refusal }) => refusal !== undefined);
  const [first] = refused;
  if (first?.refusal === undefined) return undefined;
  return replicas.length === 1
    ? first.refusal
    : `at ${refused.length} of ${replicas.length} replicas, first ${replicaLabel(first.id)}: ${first.refusal}`;
};

/** Which configurations the replicas work by, for people; undefined: there is one. */
export const skewOf = (replicas: readonly ReplicaState[]): string | undefined => {
  const byHash = Map.groupBy(replicas, ({ configHash }) => configHash);
  if (byHash.size < 2) return undefined;
  return [...byHash]
    .map(([hash, of]) => `${hash.slice(0, 12)} at ${of.map(({ id }) => replicaLabel(id)).join(', ')}`)
    .join('; ');
};

/** A rollout takes its time; what lasts longer is none. */
const SKEW_MS = 600_000;

/** Keeps the conditions `config` and `skew` in step with what the replicas say of themselves, until the signal aborts. */
export const watchConfigurations = async (
  options: {
    readonly standing: () => BeatAnswer | undefined;
    readonly trouble: Trouble;
    readonly now: Clock;
    readonly log: Log;
  },
  signal: AbortSignal,
): Promise<void> => {
  const { standing, trouble, now } = options;
  let skewedSinceMs: number | undefined;
  const look = async (): Promise<void> => {
    const replicas = standing()?.replicas ?? [];
    const refusal = refusalOf(replicas);
    if (refusal === undefined) await trouble.clear('config', '');
    else await trouble.raise('config', '', refusal);
    const skew = skewOf(replicas);
    const nowMs = now();
    if (skew === undefined) {
      skewedSinceMs = undefined;
      await trouble.clear('skew', '');
    } else if (skewedSinceMs === undefined || skewedSinceMs > nowMs) skewedSinceMs = nowMs;
    else if (nowMs - skewedSinceMs >= SKEW_MS) await trouble.raise('skew', '', skew);
  };
  for (; !signal.aborted; await sleep(LOOK_EVERY_MS, signal)) {
    try {
      await look();
    } catch (error) {
      options.log.error('store.error', { operation: 'tell of configurations', reason: errorText(error) });
    }
  }
};
