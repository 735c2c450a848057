import fc from 'fast-check';
import { expect, it } from 'vitest';
import { firstOfAll } from '../../src/store/first-of-all.ts';
import type { Steps } from '../../src/store/steps.ts';

interface Row {
  readonly account: number;
  readonly at: number;
}
const order = (a: Row, b: Row): number => a.at - b.at || a.account - b.account;

/** Runs steps that ask no database. */
const run = <T>(steps: Steps<T>): T => {
  const { value, done } = steps.next();
  if (!done) throw new Error('nothing is asked here');
  return value;
};

it('finds the first rows of all accounts, however they are spread, and does not read all of each', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 60 }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 80 }),
      (times, limit) => {
        const rows = times.map((each, account) =>
          [...new Set(each)].map((at): Row => ({ account, at })).sort(order),
        );
        const found = firstOfAll<Row>(
          {
            accounts: rows.map((_, account) => account),
            order,
            // oxlint-disable-next-line require-yield -- it stands for a statement
            *read(account, after, count): Steps<readonly Row[]> {
              const rest = (rows[account] ?? []).filter(
                (row) => after === undefined || order(row, after) > 0,
              );
              return rest.slice(0, count);
            },
          },
          limit,
        );
        expect(run(found)).toEqual(rows.flat().sort(order).slice(0, limit));
      },
    ),
  );
});
