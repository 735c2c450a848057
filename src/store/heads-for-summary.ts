import type { Database } from 'better-sqlite3';
import type { ChainHead } from '../core/chain.ts';
import type { PlannerMemory } from '../core/planner.ts';
import { ACTS_KEY, hashText } from './chain.ts';

/**
 * The heads that a summary for a sink carries: of the chains of these accounts and of acts, each at most once a day for
 * each sink, so that not every digest is full of them. What is answered counts as told. To be called inside the transaction
 * that stores the summary, of which they become a part: every attempt to send it says the same.
 */
export type HeadsForSummary = (
  sink: string,
  accounts: readonly string[],
  nowMs: number,
) => readonly ChainHead[];

const TOLD_AGAIN_MS = 86_400_000;

/** Prepares {@link HeadsForSummary}. */
export const createHeadsForSummary = (db: Database, memory: PlannerMemory): HeadsForSummary => {
  type Row = { readonly position: number; readonly hash: Buffer };
  const ofAccount = db.prepare<[string], Row>(
    `SELECT c.head_position AS position, c.head_hash AS hash
     FROM accounts AS n JOIN chains AS c ON c.account = n.key WHERE n.name = ?`,
  );
  const ofActs = db.prepare<[], Row>(
    `SELECT head_position AS position, head_hash AS hash FROM chains WHERE account = ${ACTS_KEY}`,
  );
  const isDue = (key: string, nowMs: number): boolean => {
    const toldMs = memory.get(key);
    // What a clock that was set back has left behind does not count.
    if (typeof toldMs === 'number' && toldMs <= nowMs && nowMs - toldMs < TOLD_AGAIN_MS) return false;
    memory.set(key, nowMs, nowMs + TOLD_AGAIN_MS);
    return true;
  };
  return (sink, accounts, nowMs) => {
    const wanted = [
      ...accounts.map((account) => ({ chain: 'events', account, row: ofAccount.get(account) }) as const),
      { chain: 'acts', account: '', row: ofActs.get() } as const,
    ];
    return wanted.flatMap(({ chain, account, row }): readonly ChainHead[] =>
      row && row.position > 0 && isDue(`head:${JSON.stringify([sink, chain, account])}`, nowMs)
        ? [{ chain, account, position: row.position, hash: hashText(row.hash) }]
        : [],
    );
  };
};
