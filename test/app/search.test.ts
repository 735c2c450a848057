import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { searchAlerts } from '../../src/app/search-alerts.ts';
import { searchDeliveries } from '../../src/app/search-deliveries.ts';
import { searchEvents } from '../../src/app/search-events.ts';
import type { NewAlert } from '../../src/core/decided.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import type { AlertSearch, DeliverySearch, EventSearch } from '../../src/server/api-console.ts';
import { auditEvent, decided, T0 } from '../store/fixtures.ts';
import { type ApiRig, createApiRig } from '../support/api-rig.ts';

/* Searching in a real store: the same order everywhere, every part once, and never everything at once. */

const ACCOUNTS = ['beta', 'alpha', 'Gamma'];
const never = new AbortController().signal;
const NOTHING: EventSearch = {
  account: undefined,
  fromMs: undefined,
  toMs: undefined,
  types: undefined,
  user: undefined,
  search: undefined,
  country: undefined,
  ip: undefined,
  matched: false,
  newestFirst: true,
  after: undefined,
  limit: 1_000,
};

let rig: ApiRig;
let all: AuditEvent[];
const alerts: NewAlert[] = [];

const contentOf = (n: number): Readonly<Record<string, string>> => ({
  event_type: n % 3 === 0 ? 'LOGIN' : n % 3 === 1 ? 'NUMBER_UPDATED' : 'APP_CREATE',
  user_email: `${n % 7 === 0 ? 'Zoe' : 'max'}@example.com`,
  user_id: String(n % 5),
  source_ip: n % 4 === 0 ? `10.1.2.${n % 250}` : n % 4 === 1 ? '2001:db8::7' : '203.0.113.9',
  source_country: n % 2 === 0 ? 'NL' : 'gb',
  note: n === 77 ? 'say "ÄPFEL"\n' : 'x',
});

beforeAll(async () => {
  rig = await createApiRig();
  all = [];
  for (const account of ACCOUNTS) {
    // Many share a second, and the same ids are in all accounts: an API key that is configured twice.
    const events = Array.from({ length: 400 }, (_, n) =>
      auditEvent(`e${String((n * 37) % 400).padStart(3, '0')}`, Math.floor(n / 9), contentOf(n), account),
    );
    const made = events
      .filter((_, n) => n % 50 === 0)
      .map((event, n) =>
        decided(`${account} ${n}`, ['console'], {
          account,
          eventIds: [event.id],
          rule: {
            id: n % 2 === 0 ? 'even' : 'odd',
            title: `Rule ${n}`,
            level: n < 4 ? 'low' : 'high',
            tags: [],
            references: [],
          },
          status: n === 5 ? 'resolved' : 'firing',
          decidedAtMs: T0 + Math.floor(n / 3) * 1_000,
        }),
      );
    alerts.push(...made);
    await rig.commit(
      events.toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1)),
      made,
      account,
    );
    all.push(...events);
  }
});
afterAll(() => rig.close());

const key = ({ account, id }: { account: string; id: string }): string => `${account}/${id}`;
const ordered = (events: readonly AuditEvent[], newestFirst: boolean): readonly string[] => {
  const sorted = events.toSorted(
    (a, b) =>
      a.createdAtMs - b.createdAtMs ||
      (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) ||
      (a.account < b.account ? -1 : 1),
  );
  return (newestFirst ? sorted.reverse() : sorted).map(key);
};

/** All parts of a search, one after the other. */
const everything = async (search: Partial<EventSearch>, bounds?: { rows: number; workMs: number }) => {
  const found: string[] = [];
  let parts = 0;
  let after: string | undefined;
  let untilMs: number | undefined;
  do {
    const accounts = (await rig.store.history.accounts()).filter(
      (name) => search.account === undefined || name === search.account,
    );
    const page = await searchEvents(
      rig.store.browse,
      accounts,
      { ...NOTHING, ...search, after },
      never,
      bounds,
    );
    found.push(...page.events.map(key));
    after = page.next;
    if (page.searchedUntilMs !== undefined) {
      // Time only goes on.
      if (untilMs !== undefined && search.newestFirst !== false)
        expect(page.searchedUntilMs).toBeLessThanOrEqual(untilMs);
      untilMs = page.searchedUntilMs;
    }
    parts += 1;
  } while (after !== undefined);
  return { found, parts };
};

describe('events', () => {
  it.each([
    [1, true],
    [7, true],
    [64, true],
    [1_000, true],
    [7, false],
    [100, false],
  ])('come in one order, %i at a time, newest first: %s', async (limit, newestFirst) => {
    const { found } = await everything({ limit, newestFirst });
    expect(found).toEqual(ordered(all, newestFirst));
  });

  it.each([
    ['type', { types: ['login', 'APP_CREATE'] }, (n: number) => n % 3 !== 1],
    ['part of an e-mail', { user: 'zoe@' }, (n: number) => n % 7 === 0],
    ['id of a user', { user: '3' }, (n: number) => n % 5 === 3],
    ['country', { country: 'GB' }, (n: number) => n % 2 === 1],
    ['address', { ip: '2001:db8:0::7' }, (n: number) => n % 4 === 1],
    ['network', { ip: '10.1.0.0/16' }, (n: number) => n % 4 === 0],
    ['text', { search: 'äpfel' }, (n: number) => n === 77],
    ['text as JSON writes it', { search: 'say "Äpfel"' }, (n: number) => n === 77],
    ['alert', { matched: true }, (n: number) => n % 50 === 0],
    [
      'several',
      { country: 'NL', user: 'max', types: ['LOGIN'], ip: '10.0.0.0/8' },
      (n: number) => n % 12 === 0 && n % 7 !== 0,
    ],
    ['nothing', { user: 'nobody' }, () => false],
  ] as const)('are found by %s, also in parts and with little time', async (_, search, fits) => {
    const expected = ordered(
      all.filter((__, index) => fits(index % 400)),
      true,
    );
    expect((await everything(search)).found).toEqual(expected);
    expect((await everything({ ...search, limit: 3 })).found).toEqual(expected);
    const bounded = await everything(search, { rows: 100, workMs: 10_000 });
    expect(bounded.found).toEqual(expected);
    expect(bounded.parts).toBeGreaterThan(5);
  });

  it('are found in a range of time and an account', async () => {
    const range = { fromMs: T0 + 3_000, toMs: T0 + 9_000 };
    const inside = all.filter(
      ({ account, createdAtMs }) =>
        account === 'alpha' && createdAtMs >= range.fromMs && createdAtMs < range.toMs,
    );
    expect((await everything({ account: 'alpha', ...range, limit: 5 })).found).toEqual(ordered(inside, true));
  });

  it('a network that is none is told', async () => {
    await expect(everything({ ip: '10.1.2.3/8' })).rejects.toThrow(
      'query.ip: found "10.1.2.3/8", which has bits set after its prefix; did you mean "10.0.0.0/8"?',
    );
  });

  it('whoever goes away is not searched for any more', async () => {
    const gone = AbortSignal.abort();
    const page = await searchEvents(rig.store.browse, ['alpha'], { ...NOTHING, user: 'nobody' }, gone);
    expect(page.searchedUntilMs).toBeDefined();
  });
});

const ALERTS: AlertSearch = {
  account: undefined,
  kind: undefined,
  levels: undefined,
  rule: undefined,
  status: undefined,
  fromMs: undefined,
  toMs: undefined,
  search: undefined,
  newestFirst: true,
  after: undefined,
  limit: 100,
};
const DELIVERIES: DeliverySearch = {
  sink: undefined,
  state: undefined,
  rule: undefined,
  alert: undefined,
  fromMs: undefined,
  toMs: undefined,
  after: undefined,
  limit: 100,
};

describe('alerts and deliveries', () => {
  const titles = async (search: Partial<AlertSearch>, bounds?: { rows: number; workMs: number }) => {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await searchAlerts(
        rig.store.browse,
        { ...ALERTS, ...search, after },
        never,
        undefined,
        bounds,
      );
      found.push(...page.alerts.map(({ alert }) => alert.message));
      after = page.next;
    } while (after !== undefined);
    return found;
  };
  const expected = (fits: (alert: NewAlert['alert']) => boolean, newestFirst = true): readonly string[] => {
    const placed = alerts.map(({ alert }, index) => ({ alert, index }));
    const sorted = placed
      .filter(({ alert }) => fits(alert))
      .sort((a, b) => a.alert.decidedAtMs - b.alert.decidedAtMs || a.index - b.index);
    return (newestFirst ? sorted.reverse() : sorted).map(({ alert }) => alert.message);
  };

  it.each([
    ['all', {}, () => true],
    ['account', { account: 'Gamma' }, (alert: NewAlert['alert']) => alert.account === 'Gamma'],
    ['rule', { rule: 'odd' }, (alert: NewAlert['alert']) => alert.rule.id === 'odd'],
    ['levels', { levels: ['high', 'critical'] }, (alert: NewAlert['alert']) => alert.rule.level === 'high'],
    ['status', { status: 'resolved' }, (alert: NewAlert['alert']) => alert.status === 'resolved'],
    ['text', { search: 'ALPHA' }, (alert: NewAlert['alert']) => alert.account === 'alpha'],
    [
      'time',
      { fromMs: T0 + 1_000, toMs: T0 + 2_000 },
      (alert: NewAlert['alert']) => alert.decidedAtMs === T0 + 1_000,
    ],
    ['none', { kind: 'drill' }, () => false],
  ] as const)('are found by %s', async (_, search, fits) => {
    for (const limit of [1, 4, 100]) expect(await titles({ ...search, limit })).toEqual(expected(fits));
    expect(await titles({ ...search, limit: 2, newestFirst: false })).toEqual(expected(fits, false));
    expect(await titles(search, { rows: 5, workMs: 10_000 })).toEqual(expected(fits));
  });

  it('deliveries come newest first, each once, whatever is asked', async () => {
    const ids = async (search: Partial<DeliverySearch>, bounds?: { rows: number; workMs: number }) => {
      const found: string[] = [];
      let after: string | undefined;
      do {
        const page = await searchDeliveries(
          rig.store.browse,
          { ...DELIVERIES, ...search, after },
          never,
          bounds,
        );
        found.push(...page.deliveries.map(({ alertId }) => alertId));
        after = page.next;
      } while (after !== undefined);
      return found;
    };
    const wanted = alerts.map(({ alert }) => alert.id).reverse();
    expect(await ids({})).toEqual(wanted);
    expect(await ids({ limit: 3, state: 'pending' })).toEqual(wanted);
    expect(await ids({ rule: 'odd' }, { rows: 7, workMs: 10_000 })).toEqual(
      alerts
        .filter(({ alert }) => alert.rule.id === 'odd')
        .map(({ alert }) => alert.id)
        .reverse(),
    );
    expect(await ids({ alert: wanted[3] })).toEqual([wanted[3]]);
    expect(await ids({ state: 'parked' })).toEqual([]);
    expect(await ids({ fromMs: rig.clock.nowMs + 1 })).toEqual([]);
  });
});
