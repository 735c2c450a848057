import { errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import { type Lease, LeaseLostError, type Leases } from '../core/lease.ts';
import type { Log } from '../core/log.ts';
import { mayPass } from '../core/store.ts';
import { isDead } from './holder.ts';

/** Long enough for a long commit or a collected pause, short enough for a standby to take over soon. */
const LEASE_TTL_MS = 10_000;
const RENEW_EVERY_MS = 3_000;
/** How soon a process that stands by notices that the lease is free. */
export const STANDBY_LOOKS_EVERY_MS = 1_000;
/** Between two tries while the store fails; connecting waits by itself where nobody refuses. */
const TROUBLE_PAUSE_MS = 2_000;
/** A one-shot run outwaits the lease of a holder that has died elsewhere, but not one that lives. */
const ONCE_LOOKS = LEASE_TTL_MS / STANDBY_LOOKS_EVERY_MS + 3;

/** What {@link underLease} works with. */
export interface LeaseOptions {
  readonly leases: Leases;
  readonly name: string;
  readonly holder: string;
  readonly log: Log;
  /** Told when this process starts or stops being the one that works. */
  readonly onState: (state: 'standby' | 'active') => void;
}

/**
 * Runs `work` while this process holds the lease, and again whenever it gets it back, until the signal aborts. While
 * another process holds it this one stands by and looks every second. `work` gets a signal that aborts when the lease
 * is lost; a write that is refused for that reason (LeaseLostError) ends `work` the same way. With `once` it returns
 * after the first completed `work`, and rejects when another process keeps the lease. A store whose trouble may pass ({@link mayPass}) is
 * tried again for ever, but not with `once`. With `pauseMs` it leaves the lease alone for so long between two times. Other errors
 * of `work` reject.
 */
export const underLease = async (
  options: LeaseOptions & { readonly once?: boolean; readonly pauseMs?: number },
  work: (lease: Lease, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    const lease = await acquire(options, signal);
    if (!lease) return;
    options.log.info('lease.acquired', { holder: lease.holder, token: lease.token });
    options.onState('active');
    const lost = new AbortController();
    const done = new AbortController();
    const renewing = renew(options, lease, lost, done.signal);
    let trouble: unknown;
    try {
      await work(lease, AbortSignal.any([signal, lost.signal]));
    } catch (error) {
      if (mayPass(error) && !options.once) trouble = error;
      else if (!(error instanceof LeaseLostError)) throw error;
      lost.abort();
    } finally {
      done.abort();
      await renewing;
      options.onState('standby');
      if (!lost.signal.aborted) await release(options, lease);
    }
    if (trouble !== undefined) {
      options.log.error('store.error', { operation: 'work', reason: errorText(trouble) });
      await sleep(TROUBLE_PAUSE_MS, signal);
    } else if (lost.signal.aborted)
      options.log.warn('lease.lost', { holder: lease.holder, token: lease.token });
    else if (options.once) return;
    // Released on purpose: whoever stands by gets the lease.
    else if (options.pauseMs !== undefined) await sleep(options.pauseMs, signal);
  }
};

/**
 * Undefined: the store fails just now, and whoever goes on trying gets there when it is back. The lease of a holder that is
 * known to be dead is freed and asked for again.
 */
const tryAcquire = async (
  options: LeaseOptions & { readonly once?: boolean },
): Promise<Awaited<ReturnType<Leases['acquire']>> | undefined> => {
  try {
    for (;;) {
      const answer = await options.leases.acquire(options.name, options.holder, LEASE_TTL_MS);
      if ('lease' in answer || !isDead(answer.held)) return answer;
      await options.leases.release(answer.held);
    }
  } catch (error) {
    if (!mayPass(error) || options.once) throw error;
    options.log.error('store.error', { operation: 'acquire lease', reason: errorText(error) });
    return undefined;
  }
};

const acquire = async (
  options: LeaseOptions & { readonly once?: boolean },
  signal: AbortSignal,
): Promise<Lease | undefined> => {
  let told = '';
  for (let looks = 1; !signal.aborted; looks += 1) {
    const answer = await tryAcquire(options);
    if (!answer) {
      await sleep(TROUBLE_PAUSE_MS, signal);
      continue;
    }
    if ('lease' in answer) return answer.lease;
    if (told !== answer.held.holder) {
      options.log.info('lease.waiting', {
        held_by: answer.held.holder,
        expires_at: new Date(answer.expiresAtMs).toISOString(),
      });
      told = answer.held.holder;
    }
    if (options.once && looks >= ONCE_LOOKS) {
      throw new Error(
        `another process (${answer.held.holder}) works on this database and keeps its lease; nothing was done here`,
      );
    }
    await sleep(STANDBY_LOOKS_EVERY_MS, signal);
  }
  return undefined;
};

const renew = async (
  options: LeaseOptions,
  lease: Lease,
  lost: AbortController,
  done: AbortSignal,
): Promise<void> => {
  for (await sleep(RENEW_EVERY_MS, done); !done.aborted; await sleep(RENEW_EVERY_MS, done)) {
    try {
      if (!(await options.leases.renew(lease, LEASE_TTL_MS))) return lost.abort();
    } catch (error) {
      // A store that cannot be written may recover before the lease expires; commits are fenced in any case.
      options.log.error('store.error', { operation: 'renew lease', reason: errorText(error) });
    }
  }
};

const release = async (options: LeaseOptions, lease: Lease): Promise<void> => {
  try {
    await options.leases.release(lease);
  } catch (error) {
    options.log.error('store.error', { operation: 'release lease', reason: errorText(error) });
  }
};
