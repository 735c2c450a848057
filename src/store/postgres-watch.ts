import type { PostgresConnection } from './postgres-connection.ts';
import { refusal } from './postgres-errors.ts';
import { endForsaken, type ForsakenLimits } from './postgres-forsaken.ts';
import { type Steps, value, values } from './steps.ts';

/** Keeps a replica from beating while it can do nothing else. */
export interface PoolWatch {
  /** Before a beat. Throws a StoreError when the pool has answered nothing for too long, though it was asked. */
  check(): void;
  /** After a beat, and after a check in vain. Ends the connections of the pool that lead nowhere. Never rejects. */
  look(): Promise<void>;
  /** After a beat in vain. Ends the sessions of ours that hold locks and whose client is gone. Never rejects. */
  free(): Promise<void>;
}

/**
 * Those of our sessions that the server works for, or may: one that waits until what it sends is received is none of them. Where it does not
 * keep what its sessions do, nobody can tell.
 */
const AT_WORK = `SELECT pid FROM pg_stat_activity
  WHERE pid = ANY(?::int[]) AND (state = 'active' AND wait_event IS DISTINCT FROM 'ClientWrite' OR state = 'disabled')`;

/**
 * Makes a {@link PoolWatch} of the pool `work`, by a connection of its own (`lane`), which a pool that is full or hangs does not hold up. A
 * connection can end without a word: packets are dropped, and nobody says that they are. One statement may take a minute, so silence alone
 * tells nothing; but the server knows whether it works on one.
 */
export const createPoolWatch = (
  work: PostgresConnection,
  lane: PostgresConnection,
  limits: { readonly silentMs: number; readonly unheardMs: number; readonly forsaken: ForsakenLimits },
  ticks: () => number = () => performance.now(),
): PoolWatch => {
  let isAsked = false;
  /** Since when the pool has been asked in vain. */
  let inVainSince: number | undefined;
  function* ask(): Steps<void> {
    yield* value('SELECT 1');
  }
  const probe = async (): Promise<void> => {
    if (isAsked) return;
    isAsked = true;
    inVainSince ??= ticks();
    try {
      await work.read(ask);
      inVainSince = undefined;
    } catch {
      // What is wrong with it is told by whoever works.
    } finally {
      isAsked = false;
    }
  };
  return {
    check() {
      // It answers others: it is busy, and that is what it is for.
      if (inVainSince !== undefined && work.unheardMs() < ticks() - inVainSince) inVainSince = undefined;
      void probe();
      const inVainMs = inVainSince === undefined ? 0 : ticks() - inVainSince;
      if (inVainMs > limits.unheardMs)
        throw refusal(
          'unreachable',
          work.place,
          `no connection but that of beats has been answered for ${Math.round(inVainMs / 1_000)} s`,
        );
    },
    async free() {
      await endForsaken(lane, limits.forsaken);
    },
    async look() {
      const asked = work.silent(limits.silentMs).map(({ pid }) => pid);
      if (asked.length === 0) return;
      try {
        const atWork = new Set(await lane.read(() => values<number>(AT_WORK, asked)));
        // It may wait for what is locked.
        if (atWork.size > 0) await endForsaken(lane, limits.forsaken);
        // Looked at once more: what had arrived while this process was not running has been read by now.
        for (const { pid, end } of work.silent(limits.silentMs))
          if (asked.includes(pid) && !atWork.has(pid)) end();
      } catch {
        // The next beat looks again.
      }
    },
  };
};
