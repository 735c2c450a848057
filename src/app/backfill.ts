import { randomUUID } from 'node:crypto';
import { UsageError } from '../base/errors.ts';
import { didYouMean } from '../base/similar.ts';
import { sleep } from '../base/sleep.ts';
import type { Settings } from '../config/settings.ts';
import type { Backfill } from '../core/backfill.ts';
import { gapsOf } from '../core/ledger.ts';
import type { Store } from '../core/store.ts';
import { floorToSecond } from '../core/window.ts';
import { runMonitor } from './monitor.ts';
import type { MonitorParts } from './parts.ts';

/** What a person wants to have read. */
export interface BackfillWish {
  readonly fromMs: number;
  /** Up to the present unless given. */
  readonly toMs: number | undefined;
  /** All accounts unless given. */
  readonly account: string | undefined;
  readonly notify: boolean;
  readonly by: string;
}

/** How far requests are. */
export interface BackfillProgress {
  /** From 0 to 1. */
  readonly done: number;
  readonly events: number;
  readonly alerts: number;
  readonly backfills: readonly Backfill[];
}

/**
 * Writes down what is to be read, one request an account; what was read before is not asked for again. Rejects with a
 * UsageError when an account is unknown or was never polled: only the poll says where the past begins.
 */
export const requestBackfills = async (
  store: Store,
  settings: Settings,
  wish: BackfillWish,
  nowMs: number,
): Promise<readonly string[]> => {
  const names = settings.accounts.map(({ name }) => name);
  const { account } = wish;
  if (account !== undefined && !names.includes(account))
    throw new UsageError(
      `there is no account "${account}"; there are ${names.join(', ')}${didYouMean(account, names)}`,
    );
  const chosen = account === undefined ? names : [account];
  const requests = await Promise.all(
    chosen.map(async (name) => {
      const progress = await store.collect.progress(name);
      if (!progress)
        throw new UsageError(
          `account "${name}" has not been polled yet; start the monitor, or "run --once", first`,
        );
      const fromMs = floorToSecond(wish.fromMs);
      const toMs = floorToSecond(Math.min(wish.toMs ?? nowMs, progress.watermarkMs));
      const gaps = gapsOf(await store.ledger.ranges(name), { fromMs, toMs });
      const unreadMs = gaps.reduce((sum, gap) => sum + gap.toMs - gap.fromMs, 0);
      return { account: name, fromMs, toMs, unreadMs };
    }),
  );
  const ids: string[] = [];
  for (const request of requests) {
    if (request.unreadMs === 0) continue;
    const id = randomUUID();
    await store.backfills.request({
      ...request,
      id,
      notify: wish.notify,
      requestedAtMs: nowMs,
      by: wish.by,
    });
    ids.push(id);
  }
  return ids;
};

/** How far the requests are, by the ledger. */
export const backfillProgress = async (store: Store, ids: readonly string[]): Promise<BackfillProgress> => {
  const found = await Promise.all(ids.map((id) => store.backfills.find(id)));
  const backfills = found.filter((backfill) => backfill !== undefined);
  let unreadMs = 0;
  for (const backfill of backfills) {
    if (backfill.state !== 'waiting') continue;
    for (const gap of gapsOf(await store.ledger.ranges(backfill.account), backfill))
      unreadMs += gap.toMs - gap.fromMs;
  }
  const wholeMs = backfills.reduce((sum, backfill) => sum + backfill.unreadMs, 0);
  return {
    done: wholeMs === 0 ? 1 : Math.min(1, Math.max(0, 1 - unreadMs / wholeMs)),
    events: backfills.reduce((sum, { events }) => sum + events, 0),
    alerts: backfills.reduce((sum, { alerts }) => sum + alerts, 0),
    backfills,
  };
};

const LOOK_EVERY_MS = 250;

/**
 * Has requests fulfilled and resolves with what came of them, or early when the signal aborts. A running monitor holds
 * the lease and does it; where there is none, or when it ends, this process takes the lease and does it itself.
 */
export const awaitBackfills = async (
  parts: MonitorParts,
  store: Store,
  ids: readonly string[],
  onProgress: (progress: BackfillProgress) => void,
  signal: AbortSignal,
): Promise<BackfillProgress> => {
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const watch = async (): Promise<BackfillProgress> => {
    try {
      for (;;) {
        const progress = await backfillProgress(store, ids);
        onProgress(progress);
        if (until.aborted || progress.backfills.every(({ state }) => state !== 'waiting')) return progress;
        await sleep(LOOK_EVERY_MS, until);
      }
    } finally {
      over.abort();
    }
  };
  const work = async (): Promise<void> => {
    try {
      await runMonitor(parts, 'backfill', until);
    } finally {
      over.abort();
    }
  };
  const [progress] = await Promise.all([watch(), work()]);
  return progress;
};
