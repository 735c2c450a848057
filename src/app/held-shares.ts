import type { Turns } from '../base/turns.ts';
import type { Lease } from '../core/lease.ts';
import type { Log } from '../core/log.ts';
import type { Replicas, ShareName } from '../core/replicas.ts';

/** A share that this process holds. */
export interface HeldShare {
  readonly name: ShareName;
  readonly lease: Lease;
  /** Aborts when it is to be given back: what is under way may end first. */
  readonly ending: AbortSignal;
  /** Aborts when it is lost, or may be: nothing more may be done for it. */
  readonly lost: AbortSignal;
}

/** A held share for whoever decides about it. */
export interface OwnShare extends HeldShare {
  readonly end: AbortController;
  readonly drop: AbortController;
  isWorked: boolean;
}

/** What this process holds. */
export interface HeldShares {
  all(): readonly OwnShare[];
  get(name: ShareName): OwnShare | undefined;
  /** Has `listener` called whenever what is held may have changed; until the function that is returned is called. */
  onChange(listener: () => void): () => void;
  changed(): void;
  /** Holds what it did not hold yet under its name. */
  adopt(leases: readonly Lease[]): void;
  /** Those whose lease is not among the renewed ones are lost. */
  keepRenewed(leases: readonly Lease[]): void;
  /** They are lost. */
  drop(shares: readonly OwnShare[]): void;
  /** Nothing is held any more: this process leaves, and all that it had is free with that. */
  leave(): void;
  /** Gives them back, in one commit. */
  giveBack(shares: readonly OwnShare[]): Promise<void>;
  /** The same for all that end until its turn comes: what waits for its turn must not wait for one commit of each. */
  giveBackTogether(share: OwnShare): Promise<void>;
}

/** Named in one log line. */
const MAX_NAMED = 20;

/** Taken once, and under one life of the database server: after a failover, what was remembered may never have been committed. */
const isSame = (lease: Lease, other: Lease | undefined): boolean =>
  other?.token === lease.token && other.server === lease.server;

/** Makes {@link HeldShares}. Gives back in turn with whatever else is done in `inTurn`. */
export const createHeldShares = (
  replicas: Pick<Replicas, 'release'>,
  inTurn: Turns,
  log: Log,
): HeldShares => {
  const own = new Map<ShareName, OwnShare>();
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const tell = (
    event: 'shares.taken' | 'shares.given' | 'shares.lost',
    shares: readonly HeldShare[],
  ): void => {
    if (shares.length === 0) return;
    const level = event === 'shares.lost' ? 'warn' : 'info';
    log[level](event, {
      shares: shares.slice(0, MAX_NAMED).map(({ name }) => name),
      count: shares.length,
    });
  };
  const end = (shares: readonly OwnShare[], event: 'shares.given' | 'shares.lost'): void => {
    for (const share of shares) {
      own.delete(share.name);
      share.drop.abort();
    }
    tell(event, shares);
    if (shares.length > 0) changed();
  };
  const drop: HeldShares['drop'] = (shares) => end(shares, 'shares.lost');
  const giveBack = async (shares: readonly OwnShare[]): Promise<void> => {
    const held = shares.filter((share) => own.get(share.name) === share);
    for (const { name } of held) own.delete(name);
    if (held.length === 0) return;
    await replicas.release(held.map(({ lease }) => lease));
    tell('shares.given', held);
  };
  const ended = new Set<OwnShare>();
  let giving: Promise<void> | undefined;

  return {
    all: () => [...own.values()],
    get: (name) => own.get(name),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    changed,
    adopt(leases) {
      const fresh = leases
        .filter(({ name }) => !own.has(name as ShareName))
        .map((lease): OwnShare => {
          const [end, lost] = [new AbortController(), new AbortController()];
          const name = lease.name as ShareName;
          return { name, lease, ending: end.signal, lost: lost.signal, end, drop: lost, isWorked: false };
        });
      for (const share of fresh) own.set(share.name, share);
      tell('shares.taken', fresh);
      if (fresh.length > 0) changed();
    },
    keepRenewed(leases) {
      // One that holds a hundred thousand must not compare each with each.
      const renewed = new Map(leases.map((lease) => [lease.name, lease]));
      drop([...own.values()].filter(({ lease }) => !isSame(lease, renewed.get(lease.name))));
    },
    drop,
    leave: () => end([...own.values()], 'shares.given'),
    giveBack,
    giveBackTogether(share) {
      ended.add(share);
      giving ??= inTurn(async () => {
        giving = undefined;
        const all = [...ended];
        ended.clear();
        await giveBack(all);
      });
      return giving;
    },
  };
};
