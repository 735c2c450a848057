import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FaultSetting, Order } from '../../src/simulator/faults.ts';
import { MALFORMED_KINDS } from '../../src/simulator/malformed.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { ACCOUNT, ask, idsOf, readAllIds, readPage, simulate } from '../support/audit-api.ts';
import { eventAt, NOON, nameOf, row } from './sample.ts';

/** A simulator with e000 … and some faults. */
const faulty = async (count: number, ...faults: readonly FaultSetting[]): Promise<Simulator> => {
  const simulator = await simulate({ seed: 7, now: () => NOON });
  simulator.add(ACCOUNT.key, row(count));
  for (const fault of faults) simulator.faults.add(fault);
  return simulator;
};

const names = (...indexes: readonly number[]): readonly string[] => indexes.map(nameOf);
const sorted = (ids: readonly string[]): readonly string[] => ids.toSorted();
const ALL_50 = row(50).map(({ id }) => id);

describe('order', () => {
  it.each([
    ['newest-first', names(4, 3, 2, 1, 0)],
    ['oldest-first', names(0, 1, 2, 3, 4)],
  ] as const)('%s', async (order, expected) => {
    const simulator = await faulty(5, { kind: 'order', order });
    expect((await readAllIds(simulator, { size: 2 })).flat()).toEqual(expected);
  });

  it('unordered is mixed up, the same way for all pages', async () => {
    const simulator = await faulty(50, { kind: 'order', order: 'unordered' });
    const first = (await readAllIds(simulator, { size: 7 })).flat();
    expect(sorted(first)).toEqual(ALL_50);
    expect(first).not.toEqual(ALL_50);
    expect(first).not.toEqual(ALL_50.toReversed());
    expect((await readAllIds(simulator, { size: 9 })).flat()).toEqual(first);
  });

  it('shuffled-pages differs by request, but every page holds what it should', async () => {
    const simulator = await faulty(50, { kind: 'order', order: 'shuffled-pages' });
    const [once, again] = [
      await readAllIds(simulator, { size: 20 }),
      await readAllIds(simulator, { size: 20 }),
    ];
    expect(once).not.toEqual(again);
    const inOrder = ALL_50.toReversed();
    const expected = [inOrder.slice(0, 20), inOrder.slice(20, 40), inOrder.slice(40)].map(sorted);
    expect(once.map(sorted)).toEqual(expected);
    expect(again.map(sorted)).toEqual(expected);
  });

  it('shuffled differs by request over the whole list, so that pages repeat and miss events', async () => {
    const simulator = await faulty(50, { kind: 'order', order: 'shuffled' });
    const pages = await readAllIds(simulator, { size: 10 });
    expect(pages.map((page) => new Set(page).size)).toEqual([10, 10, 10, 10, 10]);
    expect(new Set(pages.flat()).size).toBeLessThan(50);
    expect(sorted(idsOf(await readPage(simulator, { size: 100 })))).toEqual(ALL_50);
  });

  it('is the same sequence for the same seed', async () => {
    const order: FaultSetting = { kind: 'order', order: 'shuffled' };
    const [one, two] = [await faulty(50, order), await faulty(50, order)];
    expect(await readAllIds(one, { size: 10 })).toEqual(await readAllIds(two, { size: 10 }));
  });
});

describe('bounds', () => {
  const range = { date_from: '2026-01-15T12:00:01', date_to: '2026-01-15T12:00:03' };
  it.each([
    [{}, [1, 2, 3]],
    [{ from: 'exclusive' }, [2, 3]],
    [{ to: 'exclusive' }, [1, 2]],
    [{ from: 'exclusive', to: 'exclusive' }, [2]],
    [{ from: 'inclusive', to: 'inclusive' }, [1, 2, 3]],
  ] as const)('%j', async (bounds, expected) => {
    const simulator = await faulty(5, { kind: 'bounds', ...bounds });
    const body = await readPage(simulator, range);
    expect(sorted(idsOf(body))).toEqual(names(...expected));
    expect(body.page.totalElements).toBe(expected.length);
  });
});

describe('shift', () => {
  it('inserts a late event before page 2, which then repeats the last one of page 1', async () => {
    const simulator = await faulty(6, { kind: 'shift', by: 'insert', next: 1, page: 2 });
    const pages = await readAllIds(simulator, { size: 3 });
    expect(pages[0]).toEqual(names(5, 4, 3));
    expect(pages[1]).toEqual(names(3, 2, 1));
    const late = idsOf(await readPage(simulator, { size: 1 }))[0] as string;
    expect(simulator.ids(ACCOUNT.key)).toEqual([...names(0, 1, 2, 3, 4, 5), late]);
    expect(simulator.events(ACCOUNT.key).at(-1)).toMatchObject({
      id: late,
      created_at: '2026-01-15T12:00:05',
    });
    expect(await (await ask(simulator, `/events/${late}`)).json()).toMatchObject({
      _links: { self: { href: `http://api.nexmo.com/beta/audit/events/${late}` } },
    });
  });

  it('inserts the event it is given, within the range that is read', async () => {
    const event = (): ReturnType<typeof eventAt> => eventAt('mine', NOON + 3_000);
    const simulator = await faulty(6, { kind: 'shift', by: 'insert', event, next: 1, page: 2 });
    expect(await readAllIds(simulator, { size: 3, date_to: '2026-01-15T12:00:04' })).toEqual([
      names(4, 3, 2),
      names(2, 1, 0),
    ]);
    expect(simulator.ids(ACCOUNT.key)).toContain('mine');
  });

  it('hides the first element from pages after the first, so that one is skipped', async () => {
    const simulator = await faulty(6, { kind: 'shift', by: 'hide' });
    const second = await readPage(simulator, { size: 3, page: 2 });
    expect(idsOf(await readPage(simulator, { size: 3 }))).toEqual(names(5, 4, 3));
    expect(idsOf(second)).toEqual(names(1, 0));
    expect(second.page.totalElements).toBe(5);
  });
});

describe('duplicates', () => {
  it('puts the last elements of a page on top of the next one', async () => {
    const simulator = await faulty(7, { kind: 'duplicates', count: 2 });
    expect(await readAllIds(simulator, { size: 3 })).toEqual([
      names(6, 5, 4),
      names(5, 4, 3, 2, 1),
      names(2, 1, 0),
    ]);
    expect((await readPage(simulator, { size: 3 })).page.totalElements).toBe(7);
  });

  it('or counts them as part of the list', async () => {
    const simulator = await faulty(7, { kind: 'duplicates', counted: true });
    expect(await readAllIds(simulator, { size: 3 })).toEqual([
      names(6, 5, 4),
      names(4, 3, 2),
      names(2, 1, 0),
    ]);
    expect((await readPage(simulator, { size: 3 })).page).toMatchObject({ totalElements: 9, totalPages: 3 });
  });
});

describe('every readable list', () => {
  it('holds each event at least once, whatever order, size and duplicates', async () => {
    const simulator = await faulty(23);
    const orders = ['newest-first', 'oldest-first', 'unordered', 'shuffled-pages'] satisfies Order[];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...orders),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 0, max: 4 }),
        fc.boolean(),
        async (order, size, count, counted) => {
          simulator.faults.clear();
          simulator.faults.add({ kind: 'order', order });
          if (count > 0) simulator.faults.add({ kind: 'duplicates', count, counted });
          const pages = await readAllIds(simulator, { size });
          expect([...new Set(pages.flat())].toSorted()).toEqual(row(23).map(({ id }) => id));
          const total = (await readPage(simulator, { size })).page.totalElements;
          const onTop = pages.slice(1).map((_, index) => Math.min(count, (index + 1) * size));
          const extra = counted ? 0 : onTop.reduce((sum, some) => sum + some, 0);
          expect(pages.flat()).toHaveLength(total + extra);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('malformed', () => {
  it.each(MALFORMED_KINDS)('%s takes the place of one element, and the page stays JSON', async (kind) => {
    const simulator = await faulty(4, { kind: 'malformed', as: kind });
    const text = await (await ask(simulator, '/events')).text();
    const body = JSON.parse(text) as { _embedded: { events: unknown[] }; page: { totalElements: number } };
    expect(body._embedded.events).toHaveLength(4);
    expect(body.page.totalElements).toBe(4);
    simulator.faults.clear();
    const good = await readPage(simulator);
    const spoilt = body._embedded.events.filter(
      (element) => !good._embedded?.events.some((event) => JSON.stringify(event) === JSON.stringify(element)),
    );
    expect(spoilt).toHaveLength(1);
    expect(await readPage(simulator)).toEqual(good);
  });

  it('spoils as many of a page as it is told, with every kind when none is named', async () => {
    const simulator = await faulty(30, { kind: 'malformed', perPage: MALFORMED_KINDS.length });
    const { _embedded } = (await (await ask(simulator, '/events')).json()) as {
      _embedded: { events: ({ source_ip?: string; context?: object } | string | number | null)[] };
    };
    const plain = _embedded.events.filter(
      (element) =>
        typeof element === 'object' && JSON.stringify(element?.context) === '{}' && element?.source_ip,
    );
    // Eight kinds change a member beside the context and leave the rest.
    expect(plain).toHaveLength(30 - MALFORMED_KINDS.length + 8);
  });
});

describe('totals and pages', () => {
  it.each([
    ['too-big', { totalElements: 7, totalPages: 3 }],
    ['too-small', { totalElements: 3, totalPages: 1 }],
    ['missing', {}],
    ['text', { totalElements: '5', totalPages: '2' }],
  ] as const)('%s', async (totals, expected) => {
    const simulator = await faulty(5, { kind: 'totals', totals, by: 2 });
    const body = await readPage(simulator, { size: 4 });
    expect(body.page).toEqual({ size: 4, number: 1, ...expected });
    expect(idsOf(body)).toHaveLength(4);
  });

  it('empty-page leaves a hole in the middle', async () => {
    const simulator = await faulty(6, { kind: 'empty-page', number: 2 });
    expect(await readAllIds(simulator, { size: 2 })).toEqual([names(5, 4), [], names(1, 0)]);
  });

  it('same-page repeats page 1 and always has a next one', async () => {
    const simulator = await faulty(6, { kind: 'same-page' });
    for (const page of [1, 2, 99]) {
      const body = await readPage(simulator, { size: 2, page });
      expect(idsOf(body)).toEqual(names(5, 4));
      expect(body.page).toMatchObject({ number: page, totalPages: page + 1 });
      expect(body._links['next']?.href).toContain(`page=${page + 1}`);
    }
  });

  it('links point where they are told', async () => {
    const simulator = await faulty(6, { kind: 'links', base: 'http://attacker.example' });
    const { _links } = await readPage(simulator, { size: 2 });
    expect(_links['next']?.href).toBe('http://attacker.example/events?page=2&size=2');
  });
});

describe('dates', () => {
  it.each([
    ['zoned', '2026-01-15T12:00:00Z', '2026-01-15T12:00:00'],
    ['plain', '2026-01-15T12:00:00', '2026-01-15T12:00:00Z'],
  ] as const)('accepts only the %s form', async (accept, good, bad) => {
    const simulator = await faulty(3, { kind: 'dates', accept });
    expect((await readPage(simulator, { date_from: good })).page.totalElements).toBe(3);
    expect((await ask(simulator, `/events?date_from=${bad}`)).status).toBe(400);
    expect((await ask(simulator, `/events?date_to=${bad}`)).status).toBe(400);
  });
});

describe('visibility', () => {
  it('delays what is added while it is set, by created_at', async () => {
    let nowMs = NOON;
    const simulator = await simulate({ now: () => nowMs });
    const remove = simulator.faults.add({ kind: 'visibility', delayMs: 90_000 });
    simulator.add(ACCOUNT.key, [eventAt('old', NOON - 90_000), eventAt('delayed', NOON)]);
    simulator.add(ACCOUNT.key, eventAt('exempt', NOON), NOON);
    remove();
    simulator.add(ACCOUNT.key, eventAt('after', NOON));
    expect(sorted(idsOf(await readPage(simulator)))).toEqual(['after', 'exempt', 'old']);
    nowMs = NOON + 90_000;
    expect(sorted(idsOf(await readPage(simulator)))).toEqual(['after', 'delayed', 'exempt', 'old']);
  });

  it('draws delays from a range, for some of the events, the same for the same seed', async () => {
    const counts = async (): Promise<readonly number[]> => {
      let nowMs = NOON;
      const simulator = await simulate({ now: () => nowMs, seed: 'range' });
      simulator.faults.add({ kind: 'visibility', delayMs: [1, 600_000], probability: 0.5 });
      simulator.add(
        ACCOUNT.key,
        row(100).map((event) => ({ ...event, created_at: '2026-01-15T12:00:00' })),
      );
      const seen: number[] = [];
      for (nowMs = NOON; nowMs <= NOON + 600_000; nowMs += 100_000)
        seen.push((await readPage(simulator)).page.totalElements);
      return seen;
    };
    const seen = await counts();
    expect(seen[0]).toBeGreaterThan(30);
    expect(seen[0]).toBeLessThan(70);
    expect(new Set(seen).size).toBe(7);
    expect(seen.at(-1)).toBe(100);
    expect(await counts()).toEqual(seen);
  });
});
