import type { ReplicaState, ShareName, ShareState } from './replicas.ts';

type Knows = Pick<ReplicaState, 'id' | 'wants'>;

const kindOf = (share: ShareName): string => share.slice(0, share.indexOf(':'));

/** A small number that differs from pair to pair (FNV-1a): who is equal otherwise is not always the same one. */
const mix = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return hash;
};

/** How much one replica has. */
interface Load {
  readonly id: string;
  readonly wants: ReadonlySet<ShareName>;
  /** Shares by their kind. */
  readonly byKind: Map<string, ShareName[]>;
  total: number;
}

/**
 * Which living replica is to have which share: the same answer for everybody who sees the same. A share stays where it is; one
 * that nobody has goes to the one with the least of its kind among those who know it; and as long as one has two more
 * of a kind than another who could have one of them, one moves. A share that no living replica wants is not in the answer.
 */
export const assignShares = (
  replicas: readonly Knows[],
  shares: readonly ShareState[],
): ReadonlyMap<ShareName, string> => {
  const loads = new Map<string, Load>(
    replicas.map(({ id, wants }) => [id, { id, wants: new Set(wants), byKind: new Map(), total: 0 }]),
  );
  const assigned = new Map<ShareName, string>();
  const give = (share: ShareName, load: Load): void => {
    const own = load.byKind.get(kindOf(share));
    if (own) own.push(share);
    else load.byKind.set(kindOf(share), [share]);
    load.total += 1;
    assigned.set(share, load.id);
  };
  const count = (load: Load, kind: string): number => load.byKind.get(kind)?.length ?? 0;

  const free: ShareName[] = [];
  for (const { name, lease } of shares) {
    const holder = lease && loads.get(lease.holder);
    if (holder?.wants.has(name)) give(name, holder);
    else free.push(name);
  }
  for (const share of free) {
    const kind = kindOf(share);
    let best: Load | undefined;
    for (const load of loads.values()) {
      if (!load.wants.has(share)) continue;
      const less =
        best === undefined ||
        count(load, kind) - count(best, kind) ||
        load.total - best.total ||
        mix(share + load.id) - mix(share + best.id);
      if (less === true || (typeof less === 'number' && less < 0)) best = load;
    }
    if (best) give(share, best);
  }
  for (const kind of new Set([...loads.values()].flatMap(({ byKind }) => [...byKind.keys()])))
    level(kind, [...loads.values()], (share, from, to) => {
      const own = from.byKind.get(kind) ?? [];
      own.splice(own.lastIndexOf(share), 1);
      from.total -= 1;
      give(share, to);
    });
  return assigned;
};

/** Moves one share at a time, from who has most to who has least, until no move makes two of them more alike. */
const level = (
  kind: string,
  loads: readonly Load[],
  move: (share: ShareName, from: Load, to: Load) => void,
): void => {
  const count = (load: Load): number => load.byKind.get(kind)?.length ?? 0;
  for (;;) {
    const falling = loads.toSorted((a, b) => count(b) - count(a) || (a.id < b.id ? -1 : 1));
    const found = firstMove(kind, falling, count);
    if (!found) return;
    move(found.share, found.from, found.to);
  }
};

const firstMove = (kind: string, falling: readonly Load[], count: (load: Load) => number) => {
  for (const from of falling)
    for (const to of falling.toReversed()) {
      if (count(from) - count(to) < 2) break;
      // One that nobody had before, if there is one: they come behind what is held, which is in the order of names.
      const share = from.byKind.get(kind)?.findLast((name) => to.wants.has(name));
      if (share !== undefined) return { share, from, to };
    }
  return undefined;
};
