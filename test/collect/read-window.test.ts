import { describe, expect, it } from 'vitest';
import { readWindow } from '../../src/collect/read-window.ts';
import { AuditError, type AuditPage, type AuditReader } from '../../src/core/audit-reader.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import { auditEvent, auditPage } from '../support/trail.ts';

const T0 = Date.parse('2026-01-01T00:00:00Z');
const WINDOW = { fromMs: T0, toMs: T0 + 60_000 };
const never = new AbortController().signal;

const events = (count: number, atMs = (i: number): number => T0 + (i % 60) * 1_000): AuditEvent[] =>
  Array.from({ length: count }, (_, i) =>
    auditEvent('a', { id: `e${String(i).padStart(5, '0')}`, createdAtMs: atMs(i) }),
  );

/** A reader that answers from a function of (page, how often that page was asked), and counts. */
const reader = (
  answer: (page: number, time: number) => AuditPage,
): AuditReader & { readonly asked: number[]; atOnce: number; most: number } => {
  const times = new Map<number, number>();
  const self = {
    asked: [] as number[],
    atOnce: 0,
    most: 0,
    async readPage({ page }: { page: number }) {
      self.asked.push(page);
      self.atOnce += 1;
      self.most = Math.max(self.most, self.atOnce);
      await Promise.resolve();
      self.atOnce -= 1;
      const time = (times.get(page) ?? 0) + 1;
      times.set(page, time);
      return answer(page, time);
    },
  };
  return self;
};

const read = (source: AuditReader, overrides: object = {}, window = WINDOW) =>
  readWindow(
    window,
    {
      account: 'a',
      reader: source,
      pageSize: 10,
      maxWindowEvents: 100,
      pageConcurrency: 3,
      rereads: 2,
      ...overrides,
    },
    never,
  );

const paged =
  (all: readonly AuditEvent[], total = all.length) =>
  (page: number) =>
    auditPage({ events: all.slice((page - 1) * 10, page * 10), totalElements: total, number: page });

describe('reading a window', () => {
  it('reads every page once, sorts by (created_at, id), and is verified by the count', async () => {
    const all = events(35).toReversed();
    const source = reader(paged(all));
    const result = await read(source);
    expect(result).toMatchObject({ kind: 'read', window: { verified: true, doubt: '' } });
    if (result.kind !== 'read') return;
    expect(result.window.events.map((event) => event.id)).toEqual(
      all
        .toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1))
        .map((event) => event.id),
    );
    expect(source.asked.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
    expect(source.most).toBe(3);
  });

  it('filters what lies in the margin: the window is half-open', async () => {
    const around = [-2_000, -1_000, 0, 59_000, 60_000, 61_000].map((offset, i) =>
      auditEvent('a', { id: `m${i}`, createdAtMs: T0 + offset }),
    );
    const result = await read(reader(paged(around)));
    expect(result).toMatchObject({ kind: 'read', window: { verified: true } });
    expect(result.kind === 'read' && result.window.events.map((event) => event.id)).toEqual(['m2', 'm3']);
  });

  it('an empty answer without page object is a complete, empty window', async () => {
    const result = await read(
      reader(() => auditPage({ events: [], totalElements: undefined, number: undefined })),
    );
    expect(result).toMatchObject({ kind: 'read', window: { events: [], verified: true } });
  });

  it('asks to be halved when there is too much, but not at one second', async () => {
    const all = events(150, () => T0);
    expect(await read(reader(paged(all)))).toEqual({ kind: 'too-large', totalElements: 150 });
    const second = await read(reader(paged(all)), {}, { fromMs: T0, toMs: T0 + 1_000 });
    expect(second).toMatchObject({ kind: 'read', window: { verified: true } });
    expect(second.kind === 'read' && second.window.events.length).toBe(150);
  });

  it('an event that slips between pages is found by reading again', async () => {
    const all = events(20);
    const source = reader((page, time) =>
      auditPage({
        events: time === 1 && page === 2 ? all.slice(11, 20) : all.slice((page - 1) * 10, page * 10),
        totalElements: 20,
        number: page,
      }),
    );
    const result = await read(source);
    expect(result).toMatchObject({ kind: 'read', window: { verified: true } });
    expect(result.kind === 'read' && result.window.events.length).toBe(20);
  });

  it('two readings that miss different events are put together', async () => {
    const all = events(20);
    const source = reader((page, time) => {
      const missing = time === 1 ? 3 : time === 2 ? 7 : 11;
      const seen = all.filter((_, i) => i !== missing);
      return auditPage({ events: seen.slice((page - 1) * 10, page * 10), totalElements: 20, number: page });
    });
    const result = await read(source);
    expect(result).toMatchObject({ kind: 'read', window: { verified: true } });
    expect(result.kind === 'read' && result.window.events.length).toBe(20);
  });

  it.each([
    ['totals too large', (all: AuditEvent[]) => paged(all, 40), 'totalElements says 40'],
    [
      'totals missing',
      (all: AuditEvent[]) => (page: number) => ({ ...paged(all)(page), totalElements: undefined }),
      'does not say',
    ],
    [
      'another page number and a wrong total',
      (all: AuditEvent[]) => (page: number) => ({ ...paged(all, 30)(page), number: 7 }),
      'it is page 7',
    ],
    ['the same page for ever', (all: AuditEvent[]) => () => paged(all)(1), '10 distinct elements'],
  ])('%s: everything found is kept, the window is unverified, reading ends', async (_, answers, doubt) => {
    const all = events(25);
    const source = reader(answers(all));
    const result = await read(source);
    expect(result).toMatchObject({ kind: 'read', window: { verified: false } });
    expect(result.kind === 'read' && result.window.doubt).toContain(doubt);
    expect(source.asked.length).toBeLessThanOrEqual(15);
  });

  it('totals too small do not hide pages: a full last page is followed by a probe', async () => {
    const all = events(35);
    const result = await read(reader(paged(all, 10)));
    expect(result).toMatchObject({ kind: 'read', window: { verified: false } });
    expect(result.kind === 'read' && result.window.events.length).toBe(35);
  });

  it('a server that gives smaller pages than asked for is read to the end', async () => {
    const all = events(25);
    const source = reader((page) =>
      auditPage({ events: all.slice((page - 1) * 4, page * 4), totalElements: 25, number: page }),
    );
    const result = await read(source);
    expect(result).toMatchObject({ kind: 'read', window: { verified: true } });
    expect(result.kind === 'read' && result.window.events.length).toBe(25);
  });

  it('a server that ignores the dates is not asked to be halved for ever', async () => {
    const old = Array.from({ length: 10 }, (_, i) =>
      auditEvent('a', { id: `o${i}`, createdAtMs: T0 - 86_400_000 }),
    );
    const source = reader(() => auditPage({ events: old, totalElements: 1_000_000, number: 1 }));
    const result = await read(source);
    expect(result).toMatchObject({ kind: 'read', window: { events: [], verified: false } });
    expect(source.asked.length).toBeLessThanOrEqual(12);
  });

  it('quarantined elements count as read; one id with two contents keeps the first and quarantines the other', async () => {
    const [one, two] = events(2) as [AuditEvent, AuditEvent];
    const other = { ...one, json: '{"other":1}' };
    const bad = { account: 'a', key: 'k', json: '{}', reason: 'no id' };
    const result = await read(
      reader(() => auditPage({ events: [one, two, other], quarantined: [bad], totalElements: 4, number: 1 })),
    );
    expect(result).toMatchObject({ kind: 'read', window: { verified: true } });
    if (result.kind !== 'read') return;
    expect(result.window.events.map((event) => event.json)).toEqual([one.json, two.json]);
    expect(result.window.quarantined.map((element) => element.json)).toEqual(['{"other":1}', '{}']);
  });

  it('a page that cannot be read fails the window and calls the other pages off', async () => {
    const aborted: number[] = [];
    const source: AuditReader = {
      async readPage({ page }, signal) {
        if (page === 1) return paged(events(40))(1);
        if (page === 3) throw new AuditError('unavailable', 'page 3 is gone');
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            aborted.push(page);
            resolve();
          });
        });
        throw new AuditError('unavailable', 'aborted');
      },
    };
    await expect(read(source)).rejects.toThrow('page 3 is gone');
    expect(aborted).toEqual([2, 4]);
  });
});
