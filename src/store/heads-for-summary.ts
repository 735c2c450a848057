import type { ChainHead } from '../core/chain.ts';
import { ACTS_KEY, hashText } from './chain.ts';
import { get, run, type Steps, value } from './steps.ts';

const TOLD_AGAIN_MS = 86_400_000;

interface HeadRow {
  readonly position: number;
  readonly hash: Buffer;
}

const OF_ACCOUNT = `SELECT c.head_position AS position, c.head_hash AS hash
  FROM accounts AS n JOIN chains AS c ON c.account = n.key WHERE n.name = ?`;
const OF_ACTS = `SELECT head_position AS position, head_hash AS hash FROM chains WHERE account = ${ACTS_KEY}`;
const TOLD = 'SELECT value FROM planner_memory WHERE key = ?';
const TELL = `INSERT INTO planner_memory (key, value, expires_ms) VALUES (?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_ms = excluded.expires_ms`;

/** Whether a head is to be told now; then it counts as told. */
function* isDue(key: string, nowMs: number): Steps<boolean> {
  const toldMs = Number((yield* value<string>(TOLD, key)) ?? 'NaN');
  // What a clock that was set back has left behind does not count.
  if (toldMs <= nowMs && nowMs - toldMs < TOLD_AGAIN_MS) return false;
  yield* run(TELL, key, String(nowMs), nowMs + TOLD_AGAIN_MS);
  return true;
}

/**
 * The heads that a summary for a sink carries: of the chains of these accounts and of acts, each at most once a day for
 * each sink, so that not every digest is full of them. To be called inside the transaction that stores the summary, of
 * which they become a part: every attempt to send it says the same.
 */
export function* headsForSummary(
  sink: string,
  accounts: readonly string[],
  nowMs: number,
): Steps<readonly ChainHead[]> {
  const heads: ChainHead[] = [];
  for (const account of [...accounts, undefined]) {
    const row =
      account === undefined ? yield* get<HeadRow>(OF_ACTS) : yield* get<HeadRow>(OF_ACCOUNT, account);
    if (!row || row.position === 0) continue;
    const chain = account === undefined ? 'acts' : 'events';
    const key = `head:${JSON.stringify([sink, chain, account ?? ''])}`.toWellFormed();
    if (yield* isDue(key, nowMs))
      heads.push({ chain, account: account ?? '', position: row.position, hash: hashText(row.hash) });
  }
  return heads;
}
