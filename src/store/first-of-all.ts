import type { Steps } from './steps.ts';

/** Rows that are read at once of an account, at least. */
const FEW = 4;
/** How much more of an account is read when a little was not enough. */
const GROWTH = 4;

/** What {@link firstOfAll} takes its rows from. */
export interface Sources<Row> {
  readonly accounts: readonly number[];
  readonly order: (a: Row, b: Row) => number;
  /** The next rows of an account, in order: behind a row, or the first ones. */
  read(account: number, after: Row | undefined, count: number): Steps<readonly Row[]>;
}

/**
 * The first rows of all accounts together, at most `limit`, in order. A few of each are read first, and more only of those that
 * could still have one before the last: with thousands of accounts a page costs some rows of each, and not a page of each.
 */
export function* firstOfAll<Row>(sources: Sources<Row>, limit: number): Steps<readonly Row[]> {
  const { accounts, order, read } = sources;
  let count = Math.min(limit, Math.max(FEW, Math.ceil((2 * limit) / Math.max(1, accounts.length))));
  let open: readonly { readonly account: number; readonly after: Row | undefined }[] = accounts.map(
    (account) => ({ account, after: undefined }),
  );
  let found: Row[] = [];
  while (open.length > 0) {
    const more: { readonly account: number; readonly after: Row }[] = [];
    for (const { account, after } of open) {
      const rows = yield* read(account, after, count);
      for (const row of rows) found.push(row);
      const last = rows.at(-1);
      if (last !== undefined && rows.length === count) more.push({ account, after: last });
    }
    found = found.sort(order).slice(0, limit);
    const edge = found.length < limit ? undefined : found.at(-1);
    open = edge === undefined ? more : more.filter(({ after }) => order(after, edge) < 0);
    count = Math.min(limit, count * GROWTH);
  }
  return found;
}
