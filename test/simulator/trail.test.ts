import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTimeline } from '../../src/simulator/timeline.ts';
import { createTrail, type Entry, type TrailQuery } from '../../src/simulator/trail.ts';

const entry = (id: string, atMs: number, type: string): Entry => {
  const json = JSON.stringify({ id, type });
  return { id, atMs, type, json, searchable: json.length };
};

const second = fc.integer({ min: 0, max: 12 });

describe('a timeline', () => {
  it('is sorted by time, and stable, however its elements come', () => {
    fc.assert(
      fc.property(fc.array(fc.array(second, { maxLength: 40, size: 'max' }), { maxLength: 6 }), (batches) => {
        const timeline = createTimeline<{ atMs: number; number: number }>();
        let number = 0;
        const all = batches.map((batch) => batch.map((atMs) => ({ atMs, number: number++ })));
        for (const batch of all) timeline.insert(batch);
        expect(timeline.items).toEqual(all.flat().toSorted((a, b) => a.atMs - b.atMs || a.number - b.number));
        for (let ms = -1; ms <= 13; ms++) {
          expect(timeline.bound(ms, false)).toBe(timeline.items.filter((item) => item.atMs < ms).length);
          expect(timeline.bound(ms, true)).toBe(timeline.items.filter((item) => item.atMs <= ms).length);
        }
      }),
    );
  });
});

type Added = readonly { readonly entry: Entry; readonly visibleAtMs: number }[];

/** What a plain search finds. */
const search = (added: Added, nowMs: number, { from, to, types, search }: TrailQuery): readonly string[] =>
  added
    .filter(({ visibleAtMs }) => visibleAtMs <= nowMs)
    .map(({ entry }) => entry)
    .filter(
      ({ atMs, type, json }) =>
        (!from || atMs > from.ms || (from.inclusive && atMs === from.ms)) &&
        (!to || atMs < to.ms || (to.inclusive && atMs === to.ms)) &&
        (!types || types.includes(type)) &&
        (search === undefined || json.includes(search)),
    )
    .map(({ id }) => id)
    .toSorted();

describe('a trail', () => {
  it('selects what a plain search over everything visible selects, at any moment', () => {
    const event = fc.record({ atMs: second, type: fc.constantFrom('A', 'B', 'C'), visibleAtMs: second });
    const query = fc.record(
      {
        from: fc.record({ ms: second, inclusive: fc.boolean() }),
        to: fc.record({ ms: second, inclusive: fc.boolean() }),
        types: fc.uniqueArray(fc.constantFrom('A', 'B', 'C', 'D'), { minLength: 1 }),
        search: fc.constantFrom('1', 'e0', 'nothing'),
      },
      { requiredKeys: [] },
    );
    const batches = fc.array(fc.array(event, { maxLength: 20 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      // The same queries at every step, so that what is kept of a scan must be forgotten when the trail changes.
      fc.property(batches, fc.array(query, { minLength: 1, maxLength: 4 }), (steps, queries) => {
        const trail = createTrail();
        const added: { entry: Entry; visibleAtMs: number }[] = [];
        for (const [nowMs, events] of steps.entries()) {
          const batch = events.map(({ atMs, type, visibleAtMs }, index) => ({
            entry: entry(`e${added.length + index}`, atMs, type),
            visibleAtMs,
          }));
          trail.add(batch, nowMs);
          added.push(...batch);
          trail.reveal(nowMs);
          for (const asked of queries) {
            const selection = trail.select(asked);
            const selected = Array.from({ length: selection.length }, (_, index) => selection.at(index));
            expect(selected.map(({ id }) => id).toSorted()).toEqual(search(added, nowMs, asked));
            const times = selected.map(({ atMs }) => atMs);
            expect(times).toEqual(times.toSorted((a, b) => a - b));
          }
          for (const { entry, visibleAtMs } of added)
            expect(trail.byId(entry.id)).toBe(visibleAtMs <= nowMs ? entry : undefined);
        }
        expect(trail.all).toHaveLength(added.length);
      }),
    );
  });
});
