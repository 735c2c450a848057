import type { ChainHead } from '../core/chain.ts';

/** Which heads one receiver has not been told yet. */
export interface UntoldHeads {
  /** Of these, the ones that have changed since they were told, or were told a day ago; in the order given. */
  due(heads: readonly ChainHead[], nowMs: number): readonly ChainHead[];
  /** To be called once the receiver has them. */
  told(heads: readonly ChainHead[], nowMs: number): void;
}

/** A head that stays the same is told again after this, so that a receiver that keeps things for some days has it. */
const AGAIN_AFTER_MS = 86_400_000;

/** Makes {@link UntoldHeads}. Nothing is remembered over a restart: telling a head twice does no harm. */
export const createUntoldHeads = (): UntoldHeads => {
  const last = new Map<string, { readonly hash: string; readonly atMs: number }>();
  const keyOf = ({ chain, account }: ChainHead): string => `${chain} ${account}`;
  return {
    due: (heads, nowMs) =>
      heads.filter((head) => {
        const before = last.get(keyOf(head));
        return before?.hash !== head.hash || Math.abs(nowMs - before.atMs) >= AGAIN_AFTER_MS;
      }),
    told(heads, nowMs) {
      for (const head of heads) last.set(keyOf(head), { hash: head.hash, atMs: nowMs });
    },
  };
};
