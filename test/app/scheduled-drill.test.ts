import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemAlert } from '../../src/alerts/system-alert.ts';
import { runScheduledDrills } from '../../src/app/scheduled-drill.ts';
import { createTrouble } from '../../src/app/trouble.ts';
import { noTelemetry } from '../../src/core/telemetry.ts';
import { createTimeWindow } from '../../src/core/time-window.ts';
import { createTimeZone } from '../../src/core/time-zone.ts';
import {
  advance,
  createHarness,
  type Harness,
  SENT,
  START_MS,
  scriptedSink,
  useFakeClock,
} from '../deliver/harness.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
let harness: Harness;
let stops: AbortController[] = [];
beforeEach(() => {
  useFakeClock();
  harness = createHarness();
  stops = [];
});
afterEach(async () => {
  for (const stop of stops) stop.abort();
  await harness.close();
  vi.useRealTimers();
});

const utc = createTimeZone('UTC');
// The clock stands at 03:04:05; a drill comes every day at 03:06.
const isTime = utc && createTimeWindow({ hours: '03:06-03:07' }, utc);
if (typeof isTime !== 'function') throw new Error('no window');

/** Loops, drills and conditions of one life; stopping them stands for its end. */
const live = async (script: Parameters<typeof scriptedSink>[1], sinks = ['slack', 'mail']) => {
  const open = [...(await harness.store.conditions.open()).keys()];
  const trouble = createTrouble({
    conditions: harness.store.conditions,
    open,
    alert: (name, subject, detail, isOpen, sinceMs) => ({
      alert: systemAlert({ name, subject, detail }, isOpen ? 'firing' : 'resolved', sinceMs, harness.now()),
      sinks: ['mail'],
    }),
    now: harness.now,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    telemetry: noTelemetry,
    onChange: harness.ringAll,
  });
  const slack = scriptedSink('slack', script);
  const mail = scriptedSink('mail');
  const ends = [slack, mail].map((sink) => harness.start(harness.loop(sink)));
  const stop = new AbortController();
  stops.push(stop);
  const log: string[] = [];
  const write = (event: string, fields: object = {}): void =>
    void log.push(`${event} ${JSON.stringify(fields)}`);
  const drills = runScheduledDrills(
    {
      drill: { schedule: {}, to: undefined, withinMs: 10 * MINUTE },
      isTime,
      sinks,
      accounts: ['default'],
      outbox: harness.store.outbox,
      history: harness.store.history,
      chains: harness.store.chains,
      trouble,
      wake: harness.ringAll,
      now: harness.now,
      log: { debug: write, info: write, warn: write, error: write },
      telemetry: noTelemetry,
    },
    stop.signal,
  );
  return {
    slack,
    mail,
    log,
    drilled: (sink: typeof slack) => sink.calls.filter(({ delivery }) => delivery.alert.kind === 'drill'),
    told: () =>
      mail.calls
        .map(({ delivery }) => delivery.alert)
        .filter(({ rule }) => rule.id === 'system.drill' && rule.title !== 'This is a drill')
        .map(({ rule, status, message }) => `${rule.id} ${status}: ${message}`),
    async end() {
      stop.abort();
      const ended = Promise.all([drills, ...ends.map((end) => end())]);
      await advance(15_000);
      await ended;
    },
  };
};
/** Open conditions about drills. */
const conditions = async () =>
  [...(await harness.store.conditions.open()).keys()].filter((key) => key.startsWith('drill:'));

describe('a scheduled drill', () => {
  it('goes to every sink once at its time, and is logged when it has arrived', async () => {
    const life = await live(() => SENT);
    await advance(MINUTE);
    expect(life.drilled(life.slack)).toEqual([]);
    await advance(2 * MINUTE);
    for (const sink of [life.slack, life.mail]) expect(life.drilled(sink)).toHaveLength(1);
    expect(life.drilled(life.slack)[0]?.atMs).toBeLessThan(START_MS + 2 * MINUTE + 10_000);
    await advance(2 * DAY);
    for (const sink of [life.slack, life.mail]) expect(life.drilled(sink)).toHaveLength(3);
    expect(life.log.filter((line) => line.startsWith('drill.arrived'))).toHaveLength(6);
    expect(await conditions()).toEqual([]);
    await life.end();
  });

  it('that does not arrive in time is told through the others, and the next that arrives ends it', async () => {
    let down = true;
    const life = await live(() => (down ? { outcome: 'retry', reason: 'HTTP 503' } : SENT));
    await advance(11 * MINUTE);
    expect(await conditions()).toEqual([]);
    await advance(3 * MINUTE);
    expect(await conditions()).toEqual(['drill:slack']);
    expect(life.told()).toEqual([expect.stringContaining('system.drill firing')]);
    expect(life.told()[0]).toContain('not taken within 10m');
    await advance(HOUR);
    expect(life.told()).toHaveLength(1);
    down = false;
    await advance(HOUR);
    // The late one went out; the condition waits for one that is in time.
    expect(await conditions()).toEqual(['drill:slack']);
    await advance(DAY);
    expect(await conditions()).toEqual([]);
    expect(life.told().at(-1)).toContain('system.drill resolved');
    await life.end();
  });

  it('that is refused is told at once', async () => {
    const life = await live(() => ({ outcome: 'rejected', reason: 'HTTP 403' }));
    await advance(3 * MINUTE);
    expect(await conditions()).toContain('drill:slack');
    expect(life.told().join()).toContain('it was parked');
    await life.end();
  });

  it.each([
    ['within the minute', 30_000],
    ['later', 5 * MINUTE],
    ['after its time was over', HOUR],
  ])('is watched on after a restart %s, and is not sent again', async (_, pauseMs) => {
    const first = await live(() => ({ outcome: 'retry', reason: 'HTTP 503' }));
    await advance(2 * MINUTE);
    expect(first.drilled(first.mail)).toHaveLength(1);
    await first.end();
    await advance(pauseMs);
    const second = await live(() => ({ outcome: 'retry', reason: 'HTTP 503' }));
    await advance(12 * MINUTE);
    expect(await conditions()).toEqual(['drill:slack']);
    expect(second.drilled(second.mail)).toEqual([]);
    await second.end();
    const third = await live(() => SENT);
    // It arrives after all; the next one is in time in any case.
    await advance(DAY);
    expect(await conditions()).toEqual([]);
    await third.end();
  });

  it('does not wait for a sink that has joined since, nor for one that has left', async () => {
    const first = await live(() => ({ outcome: 'retry', reason: 'HTTP 503' }));
    await advance(2 * MINUTE);
    await first.end();
    const second = await live(() => SENT, ['mail', 'new']);
    await advance(HOUR);
    expect(await conditions()).toEqual([]);
    await second.end();
  });
});
