import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSorter } from '../../src/app/sort-events.ts';
import { type AuditEvent, byTime } from '../../src/core/event.ts';
import { auditEvent } from '../support/trail.ts';

const folders = (): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('vonage-audit-monitor-sort-'));

const sortedBy = async (
  events: readonly AuditEvent[],
  batch: number,
  runCharacters: number,
): Promise<readonly AuditEvent[]> => {
  const sorter = await createSorter('default', runCharacters);
  try {
    for (let from = 0; from < events.length; from += batch)
      await sorter.add(events.slice(from, from + batch));
    const sorted: AuditEvent[] = [];
    let before = 0;
    for await (const { events: some, done } of sorter.sorted()) {
      expect(done).toBeGreaterThanOrEqual(before);
      before = done;
      sorted.push(...some);
    }
    return sorted;
  } finally {
    await sorter.close();
  }
};

describe('sorting events through files', () => {
  it('gives every event back, whole and in order, whatever the order and the size of the runs', async () => {
    const before = folders();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(50), fc.nat(1_000), fc.string({ unit: 'binary', maxLength: 20 })), {
          maxLength: 200,
        }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 100, max: 20_000 }),
        async (parts, batch, runCharacters) => {
          const events = parts.map(([second, id, text], index) =>
            auditEvent('default', {
              id: `e${id}-${index}`,
              createdAtMs: second * 1_000,
              fields: { text: text.toWellFormed(), long: '900719925474099312345' },
            }),
          );
          expect(await sortedBy(events, batch, runCharacters)).toEqual(events.toSorted(byTime));
        },
      ),
      { numRuns: 40 },
    );
    expect(folders()).toEqual(before);
  });

  it('merges more runs than may be open at once', async () => {
    const events = Array.from({ length: 300 }, (_, index) =>
      auditEvent('default', { id: `e${index}`, createdAtMs: ((index * 7_919) % 300) * 1_000 }),
    );
    // One run for each event.
    expect(await sortedBy(events, 300, 1)).toEqual(events.toSorted(byTime));
  });

  it('keeps an event whose JSON was written over several lines', async () => {
    const fields = { id: 'a', event_type: 'APP_CREATE', created_at: '2026-01-01T00:00:00' };
    const json = JSON.stringify(fields, null, 2);
    const event = { ...auditEvent('default', { id: 'a', createdAtMs: Date.UTC(2026, 0, 1) }), fields, json };
    const [sorted] = await sortedBy([event], 1, 1);
    expect(sorted).toMatchObject({ id: 'a', fields });
  });

  it('leaves nothing behind, and nothing that others can read', async () => {
    const before = new Set(folders());
    const sorter = await createSorter('default', 1);
    await sorter.add([auditEvent('default', { id: 'a', createdAtMs: 0 })]);
    const made = folders().filter((name) => !before.has(name));
    expect(made).toHaveLength(1);
    await sorter.close();
    expect(existsSync(join(tmpdir(), made[0] ?? ''))).toBe(false);
  });
});
