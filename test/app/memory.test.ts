import { expect, it } from 'vitest';
import { accountMemory, createMemory, forgetUnlessHeldSince, type Holdings } from '../../src/app/memory.ts';
import type { Lease } from '../../src/core/lease.ts';

const lease = (token: number, server = '100'): Lease => ({ name: 'account:a', holder: 'us', token, server });

it('what is remembered of an account is dropped when others may have worked it since, or commits may be gone', () => {
  const memory = createMemory();
  const holdings: Holdings = new Map();
  const begin = (under: Lease): number | undefined => {
    forgetUnlessHeldSince(memory, holdings, 'a', under);
    const known = accountMemory(memory, 'a');
    const { nextMs } = known;
    known.nextMs = 1_000;
    return nextMs;
  };
  expect(begin(lease(1))).toBeUndefined();
  // A reload.
  expect(begin(lease(1))).toBe(1_000);
  // It was elsewhere in between.
  expect(begin(lease(3))).toBeUndefined();
  expect(begin(lease(3))).toBe(1_000);
  // The database server was replaced by another.
  expect(begin(lease(3, '200'))).toBeUndefined();
  // Of other accounts nothing is forgotten.
  accountMemory(memory, 'b').nextMs = 5;
  begin(lease(4));
  expect(accountMemory(memory, 'b').nextMs).toBe(5);
});
