import type { Browse, EventKey } from '../core/browse.ts';

/** Where an event stands among those of all accounts. */
export interface PlacedKey extends EventKey {
  readonly account: string;
}

/** Where a list of events goes on: behind this one. */
export interface EventPlace {
  readonly createdAtMs: number;
  readonly id: string;
  readonly account: string;
}

/** Rows that are read at once, of all accounts together. */
const ROWS = 512;
const MIN_ROWS = 16;

/** The order of events everywhere; ids are compared as the store does, by their bytes. */
const byPlace = (a: EventPlace, b: EventPlace): number =>
  a.createdAtMs - b.createdAtMs ||
  Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)) ||
  (a.account < b.account ? -1 : a.account > b.account ? 1 : 0);

/**
 * The keys of the events of some accounts in one order, a few rows in memory: the index of time is one for each account.
 * `after` may be an event of any account, also one that is no longer kept.
 */
export async function* mergedKeys(
  browse: Pick<Browse, 'events'>,
  accounts: readonly string[],
  query: {
    readonly fromMs: number | undefined;
    readonly toMs: number | undefined;
    readonly newestFirst: boolean;
    readonly withMatched: boolean;
    readonly after: EventPlace | undefined;
  },
): AsyncGenerator<PlacedKey, void, void> {
  const { fromMs, toMs, newestFirst, withMatched } = query;
  const limit = Math.max(MIN_ROWS, Math.floor(ROWS / Math.max(1, accounts.length)));
  const sign = newestFirst ? -1 : 1;
  const isBehind = (account: string, place: EventPlace): boolean =>
    newestFirst ? account < place.account : account > place.account;

  const read = async (account: string, after: EventPlace | undefined): Promise<readonly PlacedKey[]> => {
    const rows = await browse.events({
      account,
      fromMs,
      toMs,
      newestFirst,
      withMatched,
      limit,
      // The same event in two accounts: the one of the account that comes later in the order is not behind us.
      after: after && {
        createdAtMs: after.createdAtMs,
        id: after.id,
        inclusive: isBehind(account, after),
      },
    });
    return rows.map((row) => ({ ...row, account }));
  };

  const heads: { rows: readonly PlacedKey[]; at: number }[] = [];
  for (const account of accounts) {
    const rows = await read(account, query.after);
    if (rows.length > 0) heads.push({ rows, at: 0 });
  }
  while (heads.length > 0) {
    let first = 0;
    for (let index = 1; index < heads.length; index += 1)
      if (sign * byPlace(keyAt(heads[index]), keyAt(heads[first])) < 0) first = index;
    const head = heads[first] as (typeof heads)[number];
    const key = keyAt(head);
    yield key;
    head.at += 1;
    if (head.at < head.rows.length) continue;
    const rows = head.rows.length < limit ? [] : await read(key.account, key);
    if (rows.length === 0) heads.splice(first, 1);
    else heads[first] = { rows, at: 0 };
  }
}

const keyAt = (head: { readonly rows: readonly PlacedKey[]; readonly at: number } | undefined): PlacedKey =>
  head?.rows[head.at] as PlacedKey;
