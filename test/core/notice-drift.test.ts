import { describe, expect, it } from 'vitest';
import type { DriftChange, DriftEntry } from '../../src/core/drift.ts';
import { createDriftWatch } from '../../src/core/notice-drift.ts';
import { auditEvent } from '../support/trail.ts';

const T0 = Date.UTC(2026, 0, 5, 12);
const DAY = 86_400_000;
const LEARN = 7 * DAY;

let ids = 0;
const event = (type: string, fields: object = {}) =>
  auditEvent('a', { id: `e${(ids += 1)}`, createdAtMs: T0, type, fields });
const told = (changes: readonly DriftChange[]): string[] =>
  changes
    .filter((change) => change.told)
    .map(({ kind, name, gone }) => `${gone ? 'gone ' : ''}${kind} ${name}`);
const known = (changes: readonly DriftChange[]): DriftEntry[] =>
  changes.map(({ kind, name, atMs, told }) => ({ kind, name, atMs, told }));

describe('what is new about the form of a trail', () => {
  it('is learnt from the first events on, then told once each, also after a restart', () => {
    const first = createDriftWatch([], LEARN);
    const learnt = [
      ...first.ofEvents([event('APP_CREATE', { context: { name: 'x' } })], T0, false),
      ...first.ofEvents([event('APP_UPDATE', { source: 'CD' })], T0 + LEARN - 1, false),
    ];
    expect(told(learnt)).toEqual([]);
    const again = createDriftWatch(known(learnt), LEARN);
    const usual = [event('APP_CREATE', { context: { name: 'y' } }), event('APP_UPDATE', { source: 'X' })];
    expect(again.ofEvents(usual, T0 + LEARN, false)).toEqual([]);
    const odd = event('NEVER_SEEN', { mood: 1, context: { anything: true } });
    const more = event('APP_CREATE', { context: { name: 'z', owner: 'me' } });
    const changes = again.ofEvents([odd, more, odd], T0 + 2 * LEARN, false);
    // The context of a type that is new is new as well, which says nothing.
    expect(told(changes)).toEqual(['type NEVER_SEEN', 'field mood', 'context APP_CREATE owner']);
    expect(again.ofEvents([odd, more], T0 + 2 * LEARN + 1, false)).toEqual([]);
    const third = createDriftWatch([...known(learnt), ...known(changes)], LEARN);
    expect(third.ofEvents([odd, more], T0 + 3 * LEARN, false)).toEqual([]);
  });

  it('is learnt in silence from a backfill, and for a type that the API lists', () => {
    const watch = createDriftWatch([{ kind: 'since', name: '', atMs: T0, told: false }], 0);
    expect(told(watch.ofListed(['LISTED_TYPE'], T0))).toEqual([]);
    expect(told(watch.ofEvents([event('OLD_TYPE', { old: 1 })], T0 + 1, true))).toEqual([]);
    expect(told(watch.ofEvents([event('LISTED_TYPE'), event('OLD_TYPE')], T0 + 2, false))).toEqual([]);
  });

  it('an attacker who chooses names fills neither the table nor the receivers', () => {
    const watch = createDriftWatch([{ kind: 'since', name: '', atMs: T0, told: false }], 0);
    let entries = 0;
    for (let day = 0; day < 600; day += 1) {
      const fields = Object.fromEntries(
        Array.from({ length: 200 }, (_, index) => [`f${day}-${index}-${'x'.repeat(500)}`, 1]),
      );
      const context = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`${day}-${index}`, 1]));
      const changes = watch.ofEvents([event(`T${day}`, { ...fields, context })], T0 + day * DAY, false);
      expect(told(changes).length).toBeLessThanOrEqual(20);
      expect(Math.max(0, ...changes.map(({ name }) => name.length))).toBeLessThanOrEqual(260);
      entries += changes.length;
    }
    expect(entries).toBeLessThanOrEqual(5_000);
  });

  it('lists: what appears and what goes is told, an empty or first list says nothing', () => {
    const watch = createDriftWatch([], LEARN);
    expect(watch.ofListed([], T0)).toEqual([]);
    expect(told(watch.ofListed(['A', 'B'], T0))).toEqual([]);
    expect(watch.ofListed(['B', 'A'], T0)).toEqual([]);
    expect(watch.ofListed([], T0)).toEqual([]);
    expect(told(watch.ofListed(['B', 'C'], T0 + DAY))).toEqual(['listed C', 'gone listed A']);
    expect(watch.ofListed(['B', 'C'], T0 + 2 * DAY)).toEqual([]);
  });
});
