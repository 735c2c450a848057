import { errorText } from '../base/errors.ts';
import { createLatch } from '../base/latch.ts';
import { sleep } from '../base/sleep.ts';
import { type Lease, LeaseLostError } from '../core/lease.ts';
import type { Log } from '../core/log.ts';
import type { ShareName } from '../core/replicas.ts';
import { mayPass } from '../core/store.ts';
import type { HeldShare } from './held-shares.ts';
import type { Replica } from './replica.ts';
import { PATIENCE_MS } from './tasks.ts';

/**
 * What is done for one share, until the signal aborts; what is under way then may be finished until `hurry` does. When the share is lost,
 * `lost` aborts as well: nothing may leave the process any more.
 */
export type ShareWork = (
  lease: Lease,
  signal: AbortSignal,
  hurry: AbortSignal,
  lost: AbortSignal,
) => Promise<void>;

/** Between two tries while the store fails. */
const TROUBLE_PAUSE_MS = 2_000;

/**
 * Works the shares that this process holds, each beginning when it is taken and ending when it is given back or lost, until the
 * signal aborts. `workOf` answers undefined for those that are not known here. What a store in trouble ends is begun anew;
 * other errors end all, and are passed on.
 */
export const runShares = async (
  replica: Replica,
  workOf: (name: ShareName) => ShareWork | undefined,
  log: Log,
  signal: AbortSignal,
  hurry = signal,
): Promise<void> => {
  const bell = createLatch();
  const unsubscribe = replica.onChange(() => bell.ring());
  const running = new Map<ShareName, Promise<void>>();
  const failed = new AbortController();
  let failure: { readonly error: unknown } | undefined;
  const until = AbortSignal.any([signal, failed.signal]);

  const workOne = async (share: HeldShare, work: ShareWork): Promise<void> => {
    const late = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const onEnding = (): void => {
      timer = setTimeout(() => late.abort(), PATIENCE_MS);
    };
    share.ending.addEventListener('abort', onEnding, { once: true });
    const [ends, hurries] = [
      AbortSignal.any([until, share.ending, share.lost]),
      AbortSignal.any([hurry, failed.signal, late.signal, share.lost]),
    ];
    try {
      await work(share.lease, ends, hurries, share.lost);
      // It has nothing to do, such as after a reload that took it away: the next beat gives the share back. Begun anew at once, it
      // would leave no time for one.
      if (!ends.aborted) await sleep(TROUBLE_PAUSE_MS, ends);
    } catch (error) {
      if (error instanceof LeaseLostError) {
        log.warn('lease.lost', { holder: share.lease.holder, token: share.lease.token, share: share.name });
        replica.lose(share);
      } else if (mayPass(error)) {
        log.error('store.error', { operation: share.name, reason: errorText(error) });
        await sleep(TROUBLE_PAUSE_MS, ends);
      } else throw error;
    } finally {
      share.ending.removeEventListener('abort', onEnding);
      clearTimeout(timer);
      await replica.end(share);
    }
  };

  const begin = (share: HeldShare): void => {
    if (running.has(share.name) || share.ending.aborted || share.lost.aborted) return;
    const work = workOf(share.name);
    if (!work || !replica.begin(share)) return;
    running.set(
      share.name,
      workOne(share, work)
        .catch((error: unknown) => {
          failure ??= { error };
          failed.abort();
        })
        .finally(() => {
          running.delete(share.name);
          bell.ring();
        }),
    );
  };

  try {
    while (!until.aborted) {
      for (const share of replica.held()) begin(share);
      await bell.wait(undefined, until);
    }
  } finally {
    unsubscribe();
  }
  await Promise.all(running.values());
  if (failure) throw failure.error;
};
