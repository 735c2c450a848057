import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { ChainHead, Chains } from '../core/chain.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';

const EVERY_MS = 3_600_000;
/** A head that stays the same is told again after this, so that a log that is kept for some days has it. */
const AGAIN_AFTER_MS = 86_400_000;

/** Writes the heads of the chains into the log. */
export interface HeadPublisher {
  /** Those that have changed since they were last told, or were last told a day ago. Never rejects. */
  publish(): Promise<void>;
  /** Now, and every hour until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Makes {@link HeadPublisher}. The log is the copy outside: who rewrites the whole history in the database, hashes
 * included, cannot rewrite the lines that were shipped elsewhere.
 */
export const createHeadPublisher = (options: {
  readonly chains: Chains;
  readonly now: Clock;
  readonly log: Log;
}): HeadPublisher => {
  const { chains, now, log } = options;
  const told = new Map<string, { readonly hash: string; readonly atMs: number }>();
  const publish = async (): Promise<void> => {
    try {
      const nowMs = now();
      for (const { chain, account, position, hash } of await chains.heads()) {
        const key = `${chain} ${account}`;
        const before = told.get(key);
        if (before?.hash === hash && Math.abs(nowMs - before.atMs) < AGAIN_AFTER_MS) continue;
        told.set(key, { hash, atMs: nowMs });
        log.info('chain.head', { chain, ...(chain === 'events' && { account }), position, hash });
      }
    } catch (error) {
      log.error('store.error', { operation: 'chain heads', reason: errorText(error) });
    }
  };
  return {
    publish,
    async run(signal) {
      for (; !signal.aborted; await sleep(EVERY_MS, signal)) await publish();
    },
  };
};

/** Most heads that one alert carries; hundreds of accounts would make it unreadable, and the log has them all. */
const MAX_SHOWN = 20;

/** The heads as fields of an alert: a copy outside that its receiver keeps. */
export const headFields = (
  heads: readonly ChainHead[],
): readonly { readonly name: string; readonly value: string }[] =>
  heads.slice(0, MAX_SHOWN).map(({ chain, account, position, hash }) => ({
    name: chain === 'acts' ? 'Chain of acts' : `Chain of ${account}`,
    value: `${position} ${hash}`,
  }));
