import type { BeatAnswer } from '../core/replicas.ts';

/** When the store is in trouble, one replica after the other tells of it, if it lasts. */
const RANK_PATIENCE_MS = 300_000;

/**
 * For how long the store has to be in trouble until this replica tells of it, ms: the last who looked after the clock tells at once, the
 * others in their order, in case that one is gone as well. `standing` is what each of them knew last.
 */
export const patienceMs = (
  id: string,
  standing: Pick<BeatAnswer, 'replicas' | 'shares'> | undefined,
): number => {
  if (!standing) return 0;
  const first = standing.shares.find(({ name }) => name === 'duty:clock')?.lease?.holder;
  const order = standing.replicas
    .map((one) => one.id)
    .toSorted((a, b) => Number(b === first) - Number(a === first));
  return Math.max(order.indexOf(id), 0) * RANK_PATIENCE_MS;
};
