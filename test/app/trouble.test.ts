import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemAlert } from '../../src/alerts/system-alert.ts';
import { createTrouble, type StoredTrouble } from '../../src/app/trouble.ts';
import type { Store } from '../../src/core/store.ts';
import { noTelemetry } from '../../src/core/telemetry.ts';
import { openStore } from '../../src/store/open-store.ts';

const MINUTE = 60_000;
let folder = '';
let store: Store;
let nowMs = Date.UTC(2026, 0, 2);
const now = (): number => nowMs;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vam-trouble-'));
  store = openStore({ path: join(folder, 'monitor.db'), now, durability: 'off' });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const make = (
  open: Iterable<string> = [],
  more: Partial<Parameters<typeof createTrouble>[0]> = {},
): StoredTrouble => {
  const none = (): void => {};
  return createTrouble({
    conditions: store.conditions,
    open,
    alert: (name, subject, detail, isOpen, sinceMs) => ({
      alert: systemAlert({ name, subject, detail }, isOpen ? 'firing' : 'resolved', sinceMs, now()),
      sinks: ['hook'],
    }),
    now,
    log: { debug: none, info: none, warn: none, error: none },
    telemetry: noTelemetry,
    onChange: none,
    ...more,
  });
};
const told = async (): Promise<string[]> =>
  (await store.history.alerts({})).items.map((alert) => `${alert.status} ${alert.rule.id}`);

describe('trouble', () => {
  it('is told once when it begins and once when it ends, also across a restart', async () => {
    const before = make();
    await before.raise('blind', 'a', '401');
    await before.raise('blind', 'a', '401');
    const after = make([...(await store.conditions.open()).keys()]);
    await after.raise('blind', 'a', '401');
    await after.clear('blind', 'a');
    await after.clear('blind', 'a');
    expect(await told()).toEqual(['firing system.blind', 'resolved system.blind']);
  });

  it('that comes and goes with every poll is told twice as begun, and ends when it has been quiet for ten minutes', async () => {
    const trouble = make();
    for (let poll = 0; poll < 120; poll += 1) {
      nowMs += 30_000;
      if (poll % 2 === 0) await trouble.raise('blind', 'a', '401');
      else await trouble.clear('blind', 'a');
    }
    const begun = ['firing system.blind', 'resolved system.blind', 'firing system.blind'];
    expect(await told()).toEqual(begun);
    for (let poll = 0; poll < 30; poll += 1) {
      nowMs += 30_000;
      await trouble.clear('blind', 'a');
    }
    expect(await told()).toEqual([...begun, 'resolved system.blind']);
    // Long after that it is news again, and ends at once.
    nowMs += 60 * MINUTE;
    await trouble.raise('blind', 'a', '401');
    nowMs += MINUTE;
    await trouble.clear('blind', 'a');
    expect((await told()).length).toBe(6);
  });

  it('of a configuration that people mend again and again ends as soon as it is right', async () => {
    const trouble = make();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      nowMs += MINUTE;
      await trouble.raise('config', '', 'rules/a.yml:3:1: unknown key');
      nowMs += 10_000;
      await trouble.clear('config', '');
    }
    expect((await told()).length).toBe(6);
    expect((await store.conditions.open()).size).toBe(0);
  });

  it('does not stay open for ever when the clock is set back', async () => {
    const trouble = make();
    await trouble.raise('stale', 'a', '');
    await trouble.clear('stale', 'a');
    nowMs += MINUTE;
    await trouble.raise('stale', 'a', '');
    nowMs -= 24 * 60 * MINUTE;
    await trouble.clear('stale', 'a');
    expect((await told()).length).toBe(4);
  });

  it('is counted by its kind, whoever opened and ended it', async () => {
    const figures = new Map<string, number>();
    const telemetry = {
      ...noTelemetry,
      gauge: (_name: string, value: number, labels?: Readonly<Record<string, string>>) =>
        void figures.set(labels?.condition ?? '', value),
    };
    const trouble = make(['blind:before', 'circuit:hook'], { telemetry });
    expect(figures.get('blind')).toBe(1);
    await trouble.raise('blind', 'a', '401');
    await trouble.raise('blind', 'a', '401');
    await trouble.raise('stale', 'a', '');
    expect([figures.get('blind'), figures.get('stale'), figures.get('circuit')]).toEqual([2, 1, 1]);
    await make(['blind:a']).raise('blind', 'b', '401');
    // What this process believed to be open is not, as the store says; what another one has opened is.
    await trouble.refresh();
    expect([figures.get('blind'), figures.get('stale'), figures.get('circuit')]).toEqual([2, 1, 0]);
    await trouble.clear('blind', 'b');
    await trouble.clear('blind', 'a');
    await trouble.clear('stale', 'a');
    expect([figures.get('blind'), figures.get('stale')]).toEqual([0, 0]);
  });

  it('is read from the store once for all shares that are taken at the same moment', async () => {
    let reads = 0;
    const conditions: Store['conditions'] = {
      change: (changes) => store.conditions.change(changes),
      async open() {
        reads += 1;
        return store.conditions.open();
      },
    };
    const trouble = make([], { conditions });
    await Promise.all(Array.from({ length: 10_000 }, () => trouble.refresh()));
    expect(reads).toBe(1);
  });

  it('that changes while somebody reads what is open stays as it has become', async () => {
    let during = async (): Promise<void> => undefined;
    const conditions: Store['conditions'] = {
      change: (changes) => store.conditions.change(changes),
      async open() {
        const read = await store.conditions.open();
        await during();
        return read;
      },
    };
    const trouble = make([], { conditions });
    during = () => trouble.raise('drill', 'hook', 'not taken');
    await trouble.refresh();
    await trouble.clear('drill', 'hook');
    expect(await told()).toEqual(['firing system.drill', 'resolved system.drill']);
    await trouble.raise('feed', 'siem', 'held');
    during = () => trouble.clear('feed', 'siem');
    await trouble.refresh();
    await trouble.raise('feed', 'siem', 'held again');
    expect([...(await store.conditions.open()).keys()]).toEqual(['feed:siem']);
  });

  it('of one account is not that of another', async () => {
    const trouble = make();
    await trouble.raise('blind', 'a', '');
    await trouble.clear('blind', 'a');
    await trouble.raise('blind', 'b', '');
    await trouble.clear('blind', 'b');
    expect((await told()).length).toBe(4);
  });
});
