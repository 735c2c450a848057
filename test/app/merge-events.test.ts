import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mergedKeys } from '../../src/app/merge-events.ts';
import type { Browse, EventPlace } from '../../src/core/browse.ts';
import type { Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { auditEvent, decideNothing, T0, take, windowOf } from '../store/fixtures.ts';

/** Some with many events in few seconds, one with more than is read at once, one with none; ids are shared between accounts. */
const COUNTS = { ant: 30, bee: 1, cat: 45, dog: 700, elk: 5, fox: 0, gnu: 12 };
const ACCOUNTS = Object.keys(COUNTS);

let folder: string;
let store: Store;
const all: EventPlace[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vonage-audit-monitor-test-'));
  store = openStore({ path: join(folder, 'monitor.db'), now: () => T0, durability: 'off' });
  const lease = await take(store);
  for (const [account, count] of Object.entries(COUNTS)) {
    const events = Array.from({ length: count }, (_, at) =>
      auditEvent(`e${at % 97}-${Math.floor(at / 97)}`, (at * 7) % 11, {}, account),
    );
    await store.collect.commitWindow(lease, windowOf(events, { account }), decideNothing);
    all.push(...events.map(({ createdAtMs, id }) => ({ createdAtMs, id, account })));
  }
  all.sort(
    (a, b) =>
      a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : a.account < b.account ? -1 : 1),
  );
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const placeOf = ({ createdAtMs, id, account }: EventPlace): EventPlace => ({ createdAtMs, id, account });

describe('events of many accounts in one order', () => {
  it('are all of them, each once, from any place on and either way', async () => {
    const second = fc.option(fc.integer({ min: -1, max: 12 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(ACCOUNTS),
        second,
        second,
        fc.boolean(),
        fc.option(fc.nat({ max: all.length - 1 }), { nil: undefined }),
        async (accounts, fromSecond, toSecond, newestFirst, at) => {
          const fromMs = fromSecond === undefined ? undefined : T0 + fromSecond * 1_000;
          const toMs = toSecond === undefined ? undefined : T0 + toSecond * 1_000;
          const order = newestFirst ? all.toReversed() : all;
          const expected = order
            .slice(at === undefined ? 0 : at + 1)
            .filter(
              ({ account, createdAtMs }) =>
                accounts.includes(account) &&
                createdAtMs >= (fromMs ?? 0) &&
                createdAtMs < (toMs ?? Number.POSITIVE_INFINITY),
            );
          const found: EventPlace[] = [];
          const query = { fromMs, toMs, newestFirst, withMatched: false };
          const after = at === undefined ? undefined : order[at];
          for await (const key of mergedKeys(store.browse, accounts, { ...query, after }))
            found.push(placeOf(key));
          expect(found).toEqual(expected);
        },
      ),
    );
  });

  it('cost one question and few more, however many accounts there are', async () => {
    let asked = 0;
    const counted: Pick<Browse, 'events' | 'heads'> = {
      events: (slice) => {
        asked += 1;
        return store.browse.events(slice);
      },
      heads: (heads) => {
        asked += 1;
        return store.browse.heads(heads);
      },
    };
    const query = {
      fromMs: undefined,
      toMs: undefined,
      newestFirst: true,
      withMatched: false,
      after: undefined,
    };
    const keys = mergedKeys(counted, ACCOUNTS, query);
    expect((await keys.next()).value).toMatchObject(placeOf(all.at(-1) as EventPlace));
    expect(asked).toBe(1);
    let found = 1;
    while (!(await keys.next()).done) found += 1;
    expect(found).toBe(all.length);
    expect(asked).toBeLessThan(20);
  });
});
