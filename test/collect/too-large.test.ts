import { afterEach, describe, expect, it } from 'vitest';
import { createGenerator } from '../../src/simulator/generator.ts';
import { KEY } from '../support/installation.ts';
import { createRig, type Rig, type RigOptions } from '../support/rig.ts';

/*
 * Answers that are larger than the client reads. It reads 64 MiB; here 100 kB stand for that.
 */

const T0 = Date.parse('2026-04-01T12:00:00Z');
const MINUTE = 60_000;
const MAX_BODY_BYTES = 100_000;

let rig: Rig;
const open = async (options: Partial<RigOptions> = {}): Promise<Rig> => {
  rig = await createRig({
    startMs: T0,
    pageSize: 100,
    maxWindowEvents: 5_000,
    maxBodyBytes: MAX_BODY_BYTES,
    ...options,
  });
  return rig;
};
afterEach(() => rig.close());

const generator = createGenerator({ seed: 'too large', account: KEY });
/** Puts an event with a context of so many bytes into the trail. */
const addLarge = (id: string, atMs: number, bytes: number): void => {
  const json = JSON.stringify({
    id,
    event_type: 'APP_UPDATE',
    created_at: new Date(atMs).toISOString().slice(0, 19),
    context: { text: 'x'.repeat(bytes) },
  });
  rig.simulator.addRaw(KEY, { json, atMs, id, type: 'APP_UPDATE' });
};
const sorted = (list: readonly string[]): string[] => [...list].toSorted();
const expectAllStored = async (): Promise<void> => {
  expect(sorted(await rig.stored())).toEqual(sorted(rig.simulator.ids(KEY)));
  expect(sorted(rig.decided)).toEqual(sorted(rig.simulator.ids(KEY)));
};

describe('answers larger than are read', () => {
  it('many large events over time: the window is halved until its pages fit', async () => {
    await open();
    for (let i = 0; i < 200; i += 1) addLarge(`large-${i}`, T0 - (i + 1) * 1_000, 5_000);
    expect(await rig.pass()).toMatchObject({ fresh: 200, unverified: 0 });
    await expectAllStored();
    expect(await rig.watermarkMs()).toBe(T0);
  });

  it.each([100, 25, 7, 1])(
    'many large events in one second, pages of %i: they are read in parts',
    async (pageSize) => {
      await open({ pageSize });
      for (let i = 0; i < 130; i += 1) addLarge(`large-${i}`, T0 - 60_000, 20_000);
      expect(await rig.pass()).toMatchObject({ fresh: 130, unverified: 0 });
      await expectAllStored();
      expect(rig.raised.size).toBe(0);
    },
  );

  it('one event that is too large even alone goes to quarantine; the others are read, and the next pass repeats nothing', async () => {
    await open();
    const before = Array.from({ length: 60 }, (_, i) => generator.any(T0 - (i + 1) * 1_000, 'APP_CREATE'));
    rig.simulator.add(KEY, before);
    addLarge('monster', T0 - 10_000, MAX_BODY_BYTES);
    expect(await rig.pass()).toMatchObject({ fresh: 60, unverified: 0 });
    expect(sorted(await rig.stored())).toEqual(sorted(before.map((event) => event.id)));
    expect(await rig.watermarkMs()).toBe(T0);
    const found = rig.quarantined.length;
    expect(found).toBeGreaterThan(0);
    // Only its second is known, and a window of one second looks at those next to it as well.
    expect(found).toBeLessThanOrEqual(4);
    expect(rig.quarantined.map((element) => element.reason)).toContainEqual(
      expect.stringMatching(
        /^an element of 2026-04-01T11:59:50\.000Z, or of a second next to it, cannot be read/,
      ),
    );
    for (let i = 0; i < 3; i += 1) {
      rig.advance(30_000);
      expect(await rig.pass()).toMatchObject({ fresh: 0, unverified: 0 });
    }
    expect(rig.quarantined.length).toBe(found);
  });

  it('a server that answers everything with too much is not believed: the pass fails, the watermark stays', async () => {
    await open();
    rig.simulator.add(KEY, generator.any(T0 - 5_000, 'APP_CREATE'));
    const mend = rig.simulator.faults.add({ kind: 'huge', bytes: 2 * MAX_BODY_BYTES });
    const asked = rig.simulator.requests.count();
    await expect(rig.pass()).rejects.toMatchObject({ kind: 'invalid', tooLarge: true });
    expect(rig.simulator.requests.count() - asked).toBeLessThan(40);
    expect(await rig.watermarkMs()).toBe(undefined);
    expect(rig.quarantined).toEqual([]);
    mend();
    rig.advance(MINUTE);
    await rig.pass();
    await expectAllStored();
  });

  it('a window is bounded in text as well as in number', async () => {
    await open({ maxBodyBytes: 10_000_000, pageSize: 10, maxWindowChars: 300_000 });
    for (let i = 0; i < 200; i += 1) addLarge(`large-${i}`, T0 - (i + 1) * 1_000, 10_000);
    expect(await rig.pass()).toMatchObject({ fresh: 200, unverified: 0 });
    await expectAllStored();
    expect(Math.max(...rig.windows.map(({ window }) => window.events.length))).toBeLessThanOrEqual(50);
  });
});
