import { afterEach, describe, expect, it } from 'vitest';
import type { FaultSetting } from '../../src/simulator/faults.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { WireEvent } from '../../src/simulator/wire.ts';
import { KEY } from '../support/installation.ts';
import { createRig, type Rig, type RigOptions } from '../support/rig.ts';

/*
 * The failure catalogue, as far as reading the trail goes: real client, real SQLite, and a simulator that misbehaves.
 * The numbers in the names are lines of test/FAILURES.md.
 */

const T0 = Date.parse('2026-04-01T12:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let rig: Rig;
const open = async (options: Partial<RigOptions> = {}): Promise<Rig> => {
  rig = await createRig({ startMs: T0, ...options });
  return rig;
};
afterEach(() => rig.close());

const generator = createGenerator({ seed: 'failures', account: KEY });
const eventAt = (atMs: number): WireEvent => generator.any(atMs, 'APP_CREATE');
/** `count` events, `perSecond` of them in each second up to now. */
const some = (count: number, perSecond = 4): readonly WireEvent[] =>
  Array.from({ length: count }, (_, i) => eventAt(rig.now() - (Math.floor(i / perSecond) + 1) * 1_000));
const ids = (events: readonly WireEvent[]): string[] => events.map((event) => event.id).toSorted();
const sorted = (list: readonly string[]): string[] => [...list].toSorted();
/** Everything generated is stored and was decided about, once. */
const expectAll = async (): Promise<void> => {
  const all = sorted(rig.simulator.ids(KEY));
  expect(sorted(await rig.stored())).toEqual(all);
  expect(sorted(rig.decided)).toEqual(all);
};

describe('late and equal', () => {
  it('1: two events of one second, the second visible only after the first poll', async () => {
    await open();
    const first = eventAt(T0 - 1_000);
    const second = eventAt(T0 - 1_000);
    rig.simulator.add(KEY, [first]);
    rig.simulator.add(KEY, [second], T0 + 10_000);
    await rig.pass();
    expect(rig.decided).toEqual([first.id]);
    rig.advance(30_000);
    await rig.pass();
    expect(rig.decided).toEqual([first.id, second.id]);
    expect(rig.windows.at(-1)?.previousWatermarkMs).toBeGreaterThan(T0 - 1_000);
  });

  it('2: an event that becomes visible minutes late is found by the overlap, also after a restart', async () => {
    await open();
    rig.simulator.add(KEY, [eventAt(T0 - 30_000)], T0 + 9 * MINUTE);
    for (let i = 0; i < 10; i += 1) {
      await rig.pass();
      rig.advance(MINUTE);
      await rig.restart();
    }
    await rig.pass();
    await expectAll();
    expect(rig.decided.length).toBe(1);
  });

  it('6: a quiet account: the watermark moves with the clock over empty windows', async () => {
    await open({ settleMs: 5_000 });
    for (let day = 0; day < 5; day += 1) {
      await rig.pass();
      expect(await rig.watermarkMs()).toBe(rig.now() - 5_000);
      rig.advance(24 * HOUR);
    }
  });
});

describe('order, bounds, pages', () => {
  const orders = ['newest-first', 'oldest-first', 'unordered', 'shuffled-pages'] as const;
  it.each(orders)('5: the list %s', async (order) => {
    await open();
    rig.simulator.faults.add({ kind: 'order', order });
    rig.simulator.add(KEY, some(45));
    const { unverified } = await rig.pass();
    expect(unverified).toBe(0);
    await expectAll();
    const stored = await rig.stored();
    const created = new Map(rig.simulator.events(KEY).map((event) => [event.id, event.created_at]));
    for (const ids of [stored, rig.decided]) {
      const times = ids.map((id) => String(created.get(id)));
      expect(times).toEqual(times.toSorted());
    }
  });

  const ends = ['inclusive', 'exclusive'] as const;
  it.each(ends.flatMap((from) => ends.map((to) => ({ from, to }))))(
    '3: date_from $from, date_to $to: an event on the very bound is read in one of two neighbouring passes',
    async ({ from, to }) => {
      await open({ overlapMs: 0, start: { kind: 'at', ms: T0 - 10_000 } });
      rig.simulator.faults.add({ kind: 'bounds', from, to });
      rig.simulator.add(
        KEY,
        [eventAt(T0 - 10_000), eventAt(T0 - 1_000), eventAt(T0), eventAt(T0 + 1_000)],
        T0,
      );
      await rig.pass();
      rig.advance(10_000);
      await rig.pass();
      await expectAll();
    },
  );

  it.each([
    ['an event appears on page 1 while page 2 is read', { kind: 'shift', by: 'insert', next: 1 }],
    ['an event vanishes between pages', { kind: 'shift', by: 'hide', next: 1 }],
    ['elements stand on two pages', { kind: 'duplicates' }],
    ['a page in the middle is empty once', { kind: 'empty-page', number: 2, next: 1 }],
  ] as const)('4: %s', async (_, fault) => {
    await open();
    rig.simulator.add(KEY, some(45));
    rig.simulator.faults.add(fault);
    await rig.pass();
    rig.advance(1_000);
    await rig.pass();
    await expectAll();
    expect(rig.raised.size).toBe(0);
  });
});

describe('the very first start', () => {
  it.each([
    ['now', { kind: 'now' }, 1],
    ['an hour ago', { kind: 'ago', ms: HOUR }, 2],
  ] as const)(
    'from %s counts from the start of the watch, however long the API is down then',
    async (_, start, count) => {
      await open({ start });
      const mend = rig.simulator.faults.add({ kind: 'status', status: 503 });
      for (const minutes of [-40, 20]) rig.simulator.add(KEY, [eventAt(T0 + minutes * MINUTE)], T0);
      for (let i = 0; i < 5; i += 1) {
        expect(await rig.poller.pass(new AbortController().signal)).toBe(false);
        rig.advance(30 * MINUTE);
      }
      mend();
      expect(await rig.poller.pass(new AbortController().signal)).toBe(true);
      expect(rig.decided.length).toBe(count);
    },
  );
});

describe('much at once', () => {
  it('7: after a week away it catches up in windows that fit, in order, also when killed in between', async () => {
    await open({ maxWindowEvents: 100, pageSize: 100 });
    await rig.pass();
    const from = rig.now();
    rig.advance(7 * 24 * HOUR);
    rig.simulator.add(KEY, generator.burst(2_000, from, 7 * 24 * HOUR - 1_000));
    rig.simulator.faults.add({ kind: 'status', status: 500, probability: 0.3, next: 40 });
    let windows = 0;
    for (let attempt = 0; attempt < 50 && (await rig.watermarkMs()) !== rig.now(); attempt += 1) {
      // A pass that fails in the middle keeps what it committed.
      await rig.pass().catch(() => undefined);
      await rig.restart();
      expect(rig.windows.length).toBeGreaterThanOrEqual(windows);
      windows = rig.windows.length;
    }
    await expectAll();
    expect(Math.max(...rig.windows.map((committed) => committed.window.events.length))).toBeLessThanOrEqual(
      100,
    );
    const froms = rig.windows.slice(1).map((committed) => committed.watermarkMs);
    expect(froms).toEqual(froms.toSorted((a, b) => a - b));
  });

  it('8: 50,000 events within one minute, 6,000 of them within one second', async () => {
    await open({ maxWindowEvents: 5_000, pageSize: 100 });
    const minute = T0 - 10 * MINUTE;
    const crowded = Array.from({ length: 6_000 }, () => eventAt(minute + 30_000));
    rig.simulator.add(KEY, generator.burst(44_000, minute, MINUTE));
    rig.simulator.add(KEY, crowded);
    const { fresh, unverified } = await rig.pass();
    expect({ fresh, unverified }).toEqual({ fresh: 50_000, unverified: 0 });
    expect(new Set(rig.decided).size).toBe(50_000);
    expect(Math.max(...rig.windows.map((committed) => committed.window.events.length))).toBeLessThan(12_000);
  }, 60_000);
});

describe('14: answers that are wrong', () => {
  const faults: readonly (FaultSetting & { readonly name?: string })[] = [
    { kind: 'status', status: 500, body: 'html' },
    { kind: 'status', status: 503, body: 'empty' },
    { kind: 'status', status: 429, retryAfter: 'absurd' },
    { kind: 'html' },
    { kind: 'truncated' },
    { kind: 'shape', shape: 'array' },
    { kind: 'shape', shape: 'empty-object' },
    { kind: 'shape', shape: 'error' },
    { kind: 'huge', bytes: 3_000_000 },
    { kind: 'gzip', broken: true },
    { kind: 'reset', when: 'before' },
    { kind: 'reset', when: 'middle' },
    { kind: 'reset', when: 'middle-orderly' },
    { kind: 'redirect', to: 'http://127.0.0.1:9/elsewhere' },
    { kind: 'slow', delayMs: Number.POSITIVE_INFINITY, part: 'headers' },
    { kind: 'slow', delayMs: Number.POSITIVE_INFINITY, part: 'body' },
  ];
  it.each(faults.map((fault) => ({ fault, name: Object.values(fault).join(' ') })))(
    '$name: the pass fails, the watermark stays, and nothing is missing once it is over',
    async ({ fault }) => {
      await open({ timeoutMs: 200, maxBodyBytes: 1_000_000, retries: 1 });
      rig.simulator.add(KEY, some(12));
      await rig.pass();
      const watermark = await rig.watermarkMs();
      rig.advance(30_000);
      rig.simulator.add(KEY, some(12));
      const mend = rig.simulator.faults.add(fault);
      expect(await rig.poller.pass(new AbortController().signal)).toBe(false);
      expect(rig.lines.map((line) => line.event)).toContain('poll.failed');
      expect(await rig.watermarkMs()).toBe(watermark);
      mend();
      // A Retry-After is kept to, for an hour at most.
      rig.advance(HOUR);
      expect(await rig.poller.pass(new AbortController().signal)).toBe(true);
      await expectAll();
    },
  );

  it.each([
    ['gzip', { kind: 'gzip' }],
    ['links to another host', { kind: 'links', base: 'http://192.0.2.1/evil' }],
    ['only dates with Z', { kind: 'dates', accept: 'zoned' }],
    ['only dates without zone', { kind: 'dates', accept: 'plain' }],
  ] as const)('%s makes no difference', async (_, fault) => {
    await open();
    rig.simulator.faults.add(fault);
    rig.simulator.add(KEY, some(25));
    expect(await rig.pass()).toMatchObject({ fresh: 25, unverified: 0 });
    await expectAll();
  });

  it.each([
    ['totals too big', { kind: 'totals', totals: 'too-big', by: 7 }],
    ['totals too small', { kind: 'totals', totals: 'too-small', by: 7 }],
    ['totals missing', { kind: 'totals', totals: 'missing' }],
    ['totals that are texts', { kind: 'totals', totals: 'text' }],
    ['an empty page for ever', { kind: 'empty-page', number: 2 }],
    ['the same page for ever', { kind: 'same-page' }],
    ['a mock with one answer', { kind: 'static' }],
  ] as const)(
    '%s: unverified and said so, the work goes on, and what was missed is found when it is over',
    async (_, fault) => {
      await open({ pageSize: 10 });
      const mend = rig.simulator.faults.add(fault);
      rig.simulator.add(KEY, some(25));
      expect(await rig.pass()).toMatchObject({ unverified: 1 });
      expect(await rig.unverified()).toHaveLength(1);
      expect(rig.simulator.requests.count()).toBeLessThan(60);
      mend();
      rig.advance(300_000);
      expect(await rig.pass()).toMatchObject({ unverified: 0 });
      // What lies before the overlap is read again by the second reader.
      await rig.second.repair(new AbortController().signal);
      expect(await rig.unverified()).toEqual([]);
      await expectAll();
    },
  );
});

describe('15: elements that are no events, or nasty ones', () => {
  it('bad ones go to quarantine once, word for word; the others of the page are not touched', async () => {
    await open({ pageSize: 100 });
    const good = some(10);
    rig.simulator.add(KEY, good);
    const bad = [
      '{}',
      '{"id":"","event_type":"X","created_at":"2026-04-01T11:59:00"}',
      '{"event_type":"X","created_at":"2026-04-01T11:59:00"}',
      '{"id":"b1","event_type":"X","created_at":"yesterday"}',
      '{"id":"b2","created_at":"2026-04-01T11:59:00"}',
      '"text"',
      'null',
      '[1]',
      // Deeper than any real event; a rule could not walk it safely.
      `{"id":"deep","event_type":"X","created_at":"2026-04-01T11:59:00","context":${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}}`,
    ];
    for (const json of bad) rig.simulator.addRaw(KEY, { json, atMs: T0 - MINUTE });
    const nasty = [
      `{"id":"n1","event_type":"X","created_at":"2026-04-01T11:59:00","context":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}`,
      `{"id":"n2","event_type":"X","created_at":"2026-04-01T11:59:00","context":{"s":"\\ud800 \\u0000"}}`,
      `{"id":"n3","event_type":"X","created_at":"2026-04-01T11:59:00","context":{"big":"${'x'.repeat(5_000_000)}"},"n":12345678901234567890}`,
    ];
    for (const [i, json] of nasty.entries()) {
      rig.simulator.addRaw(KEY, { json, atMs: T0 - MINUTE, id: `n${i + 1}`, type: 'X' });
    }
    await rig.pass();
    expect(sorted(rig.quarantined.map((element) => element.json))).toEqual(sorted(bad));
    expect(sorted(await rig.stored())).toEqual(sorted([...ids(good), 'n1', 'n2', 'n3']));
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    const page = await rig.store.history.events({ account: 'default', limit: 1_000 });
    for (const json of nasty) expect(page.items.some((event) => event.json === json)).toBe(true);
    rig.advance(30_000);
    await rig.pass();
    expect(rig.quarantined.length).toBe(bad.length);
  });

  it('an id with other content: the first stays the event, the other is kept beside it and reported once', async () => {
    await open();
    const event = eventAt(T0 - MINUTE);
    rig.simulator.add(KEY, [event]);
    await rig.pass();
    const changed = { ...event, source_ip: '192.0.2.99' };
    rig.simulator.faults.add({
      kind: 'static',
      body: JSON.stringify({
        _embedded: { events: [changed] },
        page: { size: 10, totalElements: 1, totalPages: 1, number: 1 },
      }),
    });
    for (let i = 0; i < 3; i += 1) {
      rig.advance(30_000);
      await rig.pass();
    }
    expect(rig.quarantined.map((element) => JSON.parse(element.json).source_ip)).toEqual(['192.0.2.99']);
    const [stored] = (await rig.store.history.events({ account: 'default' })).items;
    expect(JSON.parse(stored?.json ?? '')).toMatchObject({ id: event.id, source_ip: event.source_ip });
  });

  it('an event dated in the future is read when its time has come', async () => {
    await open();
    rig.simulator.add(KEY, [eventAt(T0 + HOUR)], T0);
    await rig.pass();
    expect(rig.decided).toEqual([]);
    rig.advance(2 * HOUR);
    await rig.pass();
    await expectAll();
  });
});

describe('20: clocks', () => {
  it('our clock jumps an hour ahead and back: events of that hour are read, and the clocks are reported', async () => {
    await open();
    await rig.pass();
    rig.clock.skewMs = HOUR;
    await rig.pass();
    expect(await rig.watermarkMs()).toBeLessThanOrEqual(rig.now());
    expect(rig.raised).toEqual(new Set(['clock_skew:default']));
    rig.clock.skewMs = 0;
    rig.advance(30 * MINUTE);
    rig.simulator.add(KEY, some(5));
    rig.simulator.add(KEY, [eventAt(T0 + MINUTE)]);
    await rig.pass();
    await expectAll();
    expect(rig.raised).toEqual(new Set());
  });

  it('our clock jumps three hours ahead while there is much to read in parts: no part of that future moves the watermark', async () => {
    await open();
    await rig.pass();
    rig.advance(5 * MINUTE);
    rig.simulator.add(KEY, some(60));
    rig.clock.skewMs = 3 * HOUR;
    await rig.pass();
    expect(rig.windows.length).toBeGreaterThan(2);
    expect(await rig.watermarkMs()).toBeLessThanOrEqual(rig.now());
    rig.advance(HOUR);
    rig.simulator.add(KEY, [eventAt(rig.now() - MINUTE)]);
    rig.clock.skewMs = 0;
    rig.advance(MINUTE);
    await rig.pass();
    await expectAll();
  });

  it('our clock jumps three hours ahead while answers have no date: the last date and the time since then bound the watermark', async () => {
    await open();
    await rig.pass();
    rig.simulator.faults.add({ kind: 'undated' });
    rig.advance(MINUTE);
    rig.clock.skewMs = 3 * HOUR;
    await rig.pass();
    expect(await rig.watermarkMs()).toBe(rig.now());
    // Not on our word alone: nobody has seen the server's clock.
    expect(rig.raised).toEqual(new Set());
    rig.advance(HOUR);
    await rig.pass();
    expect(await rig.watermarkMs()).toBe(rig.now());
    rig.simulator.add(KEY, [eventAt(rig.now() - MINUTE)]);
    rig.clock.skewMs = 0;
    rig.advance(MINUTE);
    await rig.pass();
    await expectAll();
  });

  it('our clock jumps an hour back: nothing is lost, and the watermark never goes back', async () => {
    await open();
    await rig.pass();
    const watermark = await rig.watermarkMs();
    rig.clock.skewMs = -HOUR;
    rig.advance(10 * MINUTE);
    rig.simulator.add(KEY, some(5));
    await rig.pass();
    expect(await rig.watermarkMs()).toBeGreaterThanOrEqual(watermark ?? 0);
    rig.clock.skewMs = 0;
    rig.advance(MINUTE);
    await rig.pass();
    await expectAll();
  });
});
