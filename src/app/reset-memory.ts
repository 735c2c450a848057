import { UsageError } from '../base/errors.ts';
import type { Store } from '../core/store.ts';
import { memoryKeys } from '../rules/remembered.ts';
import { holderName, isDead } from './holder.ts';

/** What is to be forgotten, by whom and why. */
export interface ResetWish {
  readonly accounts: readonly string[];
  /** Ids of rules; undefined: all, also of rules that are no longer loaded. */
  readonly rules: readonly string[] | undefined;
  readonly by: string;
  readonly reason: string;
}

const LEASE_MS = 10_000;

/**
 * Forgets what rules remember, under the lease of the monitor: while one runs it has that memory loaded, and would go on
 * with it. Rejects with a UsageError that says how it is done when one runs.
 */
export const resetMemory = async (store: Store, wish: ResetWish): Promise<number> => {
  const holder = holderName();
  let answer = await store.leases.acquire('monitor', holder, LEASE_MS);
  if ('held' in answer && isDead(answer.held)) {
    await store.leases.release(answer.held);
    answer = await store.leases.acquire('monitor', holder, LEASE_MS);
  }
  if ('held' in answer) {
    const [host, , pid] = answer.held.holder.split('/');
    throw new UsageError(
      `a monitor works on this store (${host}, process ${pid}) and has the memory of its rules loaded, so it would go on with it; stop it, reset, and start it again`,
    );
  }
  const { lease } = answer;
  try {
    const { accounts, rules, by, reason } = wish;
    const of = `${rules === undefined ? 'all rules' : `${rules.length === 1 ? 'rule' : 'rules'} ${rules.join(', ')}`} in ${accounts.join(', ')}`;
    return await store.ruleMemory.reset(
      lease,
      { accounts, prefixes: rules?.flatMap(memoryKeys) },
      {
        by,
        subject: rules?.length === 1 ? (rules[0] ?? '') : 'rules',
        detail: reason === '' ? of : `${of}: ${reason}`,
      },
    );
  } finally {
    await store.leases.release(lease);
  }
};
