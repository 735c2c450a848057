import type { Act } from '../core/acts.ts';
import { ACTS_CHAIN } from '../core/chain.ts';
import { ACTS_KEY, actDigest } from './chain.ts';
import { openChain } from './chain-append.ts';
import { run, type Steps } from './steps.ts';

const INSERT =
  'INSERT INTO acts (at_ms, act, by, subject, detail, position, hash) VALUES (?, ?, ?, ?, ?, ?, ?)';

/** Writes acts down, inside the transaction that does what they say. */
export function* recordActs(acts: readonly Act[]): Steps<void> {
  if (acts.length === 0) return;
  const chain = yield* openChain(ACTS_KEY, ACTS_CHAIN);
  for (const { atMs, act, by, subject, detail } of acts) {
    const link = chain.next(atMs, 0, actDigest(act, by, subject, detail));
    yield* run(INSERT, atMs, act, by, subject, detail, link.position, link.bytes);
    chain.took(link);
  }
  yield* chain.save();
}
