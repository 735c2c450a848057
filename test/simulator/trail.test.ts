import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTimeline } from '../../src/simulator/timeline.ts';
import { createTrail, type Entry, type TrailQuery } from '../../src/simulator/trail.ts';

const entry = (id: string, atMs: number, type: string): Entry => {
  const json = JSON.stringify({ id, type });
  return { id, atMs, type, json, searchable: json.length };
};

const second = fc.integer({ min: 0, max: 12 });
const bound = fc.option(fc.record({ ms: second, inclusive: fc.boolean() }), { nil: undefined });

describe('a timeline', () => {
  it('is sorted by time, and stable, however its elements come', () => {
    fc.assert(
      fc.property(fc.array(fc.array(second, { maxLength: 40 }), { maxLength: 6 }), (batches) => {
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

describe('a trail', () => {
  it('selects what a plain search over everything visible selects, at any moment', () => {
    const event = fc.record({ atMs: second, type: fc.constantFrom('A', 'B', 'C'), visibleAtMs: second });
    const query = fc.record({
      from: bound,
      to: bound,
      types: fc.option(fc.uniqueArray(fc.constantFrom('A', 'B', 'C', 'D'), { minLength: 1 }), {
        nil: undefined,
      }),
      search: fc.option(fc.constantFrom('1', 'e0', 'nothing'), { nil: undefined }),
    });
    const step = fc.record({ added: fc.array(event, { maxLength: 20 }), query });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const trail = createTrail();
        const added: { entry: Entry; visibleAtMs: number }[] = [];
        for (const [nowMs, { added: events, query }] of steps.entries()) {
          const batch = events.map(({ atMs, type, visibleAtMs }, index) => ({
            entry: entry(`e${added.length + index}`, atMs, type),
            visibleAtMs,
          }));
          trail.add(batch, nowMs);
          added.push(...batch);
          trail.reveal(nowMs);
          const asked = Object.fromEntries(
            Object.entries(query).filter(([, value]) => value !== undefined),
          ) as TrailQuery;
          const expected = added
            .filter(({ visibleAtMs }) => visibleAtMs <= nowMs)
            .map(({ entry }) => entry)
            .filter(({ atMs, type, json }) => {
              const { from, to, types, search } = asked;
              return (
                (!from || atMs > from.ms || (from.inclusive && atMs === from.ms)) &&
                (!to || atMs < to.ms || (to.inclusive && atMs === to.ms)) &&
                (!types || types.includes(type)) &&
                (search === undefined || json.includes(search))
              );
            });
          const selection = trail.select(asked);
          const selected = Array.from({ length: selection.length }, (_, index) => selection.at(index));
          expect(selected.map(({ id }) => id).toSorted()).toEqual(expected.map(({ id }) => id).toSorted());
          expect(selected.map(({ atMs }) => atMs)).toEqual(
            selected.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
          );
          for (const { entry, visibleAtMs } of added)
            expect(trail.byId(entry.id)).toBe(visibleAtMs <= nowMs ? entry : undefined);
        }
        expect(trail.all).toHaveLength(added.length);
      }),
    );
  });
});
