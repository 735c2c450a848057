import type { Browse, EventKey, EventPlace, PlacedKey } from '../core/browse.ts';

/** Rows that are read at once of one account: few where many accounts have a part in it, more of one that has many. */
const MIN_ROWS = 16;
const MAX_ROWS = 512;
/** Rows in memory, beyond which no account is read in larger pieces. */
const MANY_ROWS = 8_192;
/** So few are asked one by one; the others are asked together where their trails begin, and then only those that have their turn. */
const FEW_ACCOUNTS = 4;

/** The order of events everywhere; ids are compared as the store does, by their bytes. */
const byPlace = (a: EventPlace, b: EventPlace): number =>
  a.createdAtMs - b.createdAtMs ||
  Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)) ||
  (a.account < b.account ? -1 : a.account > b.account ? 1 : 0);

/** Rows of one account, the next of them at `at`. */
interface Head {
  readonly rows: readonly [PlacedKey, ...PlacedKey[]];
  readonly at: number;
  /** How many were asked for: fewer rows than that are the last ones. */
  readonly asked: number;
}

/**
 * The keys of the events of some accounts in one order, a few rows in memory: the index of time is one for each account.
 * `after` may be an event of any account, also one that is no longer kept.
 */
export async function* mergedKeys(
  browse: Pick<Browse, 'events' | 'heads'>,
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
  const sign = newestFirst ? -1 : 1;
  let held = 0;

  const read = async (
    account: string,
    after: EventPlace | undefined,
    limit: number,
  ): Promise<Head | undefined> => {
    const keys: readonly EventKey[] = await browse.events({
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
        inclusive: newestFirst ? account < after.account : account > after.account,
      },
    });
    held += keys.length;
    const [first, ...rest] = keys.map((key): PlacedKey => ({ ...key, account }));
    return first && { rows: [first, ...rest], at: 0, asked: limit };
  };

  /** Where the trail of each account begins. */
  const begin = async (): Promise<readonly Head[]> => {
    const heads: Head[] = [];
    const add = (head: Head | undefined): void => void (head && heads.push(head));
    if (accounts.length <= FEW_ACCOUNTS) {
      const limit = Math.floor(MAX_ROWS / Math.max(1, accounts.length));
      for (const account of accounts) add(await read(account, query.after, limit));
      return heads;
    }
    const wanted = new Set(accounts);
    for (const key of await browse.heads({ fromMs, toMs, newestFirst, withMatched, from: query.after })) {
      if (!wanted.has(key.account)) continue;
      // It begins with the very place, which has been told of.
      if (query.after && sign * byPlace(key, query.after) <= 0)
        add(await read(key.account, query.after, MIN_ROWS));
      else {
        held += 1;
        add({ rows: [key], at: 0, asked: 1 });
      }
    }
    return heads;
  };

  // The next of all at the end.
  const heads = (await begin()).toSorted((a, b) => sign * byPlace(keyOf(b), keyOf(a)));
  const put = (head: Head): void => {
    let low = 0;
    let high = heads.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sign * byPlace(keyOf(heads[middle] as Head), keyOf(head)) > 0) low = middle + 1;
      else high = middle;
    }
    heads.splice(low, 0, head);
  };
  for (let head = heads.pop(); head; head = heads.pop()) {
    const { rows, at, asked } = head;
    const key = keyOf(head);
    yield key;
    if (at + 1 < rows.length) {
      put({ rows, at: at + 1, asked });
      continue;
    }
    held -= rows.length;
    if (rows.length < asked) continue;
    const more = held < MANY_ROWS ? Math.min(MAX_ROWS, Math.max(MIN_ROWS, asked * 2)) : MIN_ROWS;
    const next = await read(key.account, key, more);
    if (next) put(next);
  }
}

const keyOf = ({ rows, at }: Head): PlacedKey => rows[at] ?? rows[0];
