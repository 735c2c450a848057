import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import type { ChainHead, Chains } from '../core/chain.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { createUntoldHeads } from './untold-heads.ts';

const EVERY_MS = 3_600_000;

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
  /** Whether they are ours to tell. Asked right before: a process that slept must not tell heads from before. Left out: they are. */
  readonly isHeld?: () => boolean;
}): HeadPublisher => {
  const { chains, now, log, isHeld = () => true } = options;
  const untold = createUntoldHeads();
  const publish = async (): Promise<void> => {
    try {
      const nowMs = now();
      const due = untold.due(await chains.heads(), nowMs);
      if (!isHeld()) return;
      for (const head of due) log.info('chain.head', fieldsOf(head));
      untold.told(due, nowMs);
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

const fieldsOf = ({ chain, account, position, hash }: ChainHead) => ({
  chain,
  ...(chain === 'events' && { account }),
  position,
  hash,
});

/** Heads as lines of JSON, of the form they have in the log: `verify --heads` reads both. */
export const headLines = (heads: readonly ChainHead[], atMs: number): string =>
  heads
    .map((head) =>
      JSON.stringify({ time: new Date(atMs).toISOString(), event: 'chain.head', ...fieldsOf(head) }),
    )
    .map((line) => `${line}\n`)
    .join('');
