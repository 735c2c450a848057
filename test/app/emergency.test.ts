import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemAlert } from '../../src/alerts/system-alert.ts';
import { watchStore } from '../../src/app/emergency.ts';
import { patienceMs } from '../../src/app/patience.ts';
import type { NewAlert } from '../../src/core/decided.ts';
import type { Verdict } from '../../src/core/delivery.ts';
import type { Log, LogFields } from '../../src/core/log.ts';
import { scriptedSink, untilAborted } from '../deliver/harness.ts';

const SENT: Verdict = { outcome: 'sent', receipt: 'ok' };
const DOWN: Verdict = { outcome: 'retry', reason: 'connection refused' };

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 2), toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const setUp = (scripts: Record<string, Parameters<typeof scriptedSink>[1]>, patienceMs = () => 0) => {
  const state = { broken: false };
  const sinks = Object.entries(scripts).map(([name, script]) => scriptedSink(name, script));
  const enqueued: NewAlert[] = [];
  const lines: string[] = [];
  const note = (event: string, fields: LogFields = {}): void => {
    lines.push(`${event} ${JSON.stringify(fields)}`);
  };
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const stop = new AbortController();
  const ended = watchStore(
    {
      status: {
        async probe() {
          if (state.broken) throw new Error('the disk is full');
        },
      },
      outbox: {
        async enqueue(alerts) {
          enqueued.push(...alerts);
          return [];
        },
      },
      patienceMs,
      sinks: () => sinks,
      alert: (status, detail, sinceMs) => ({
        alert: systemAlert({ name: 'store', subject: '', detail }, status, sinceMs, Date.now()),
        sinks: sinks.map((sink) => sink.name).filter((name) => name !== 'unrouted'),
        deliveries: [],
      }),
      attemptTimeoutMs: 60_000,
      wake() {},
      log,
      now: Date.now,
    },
    stop.signal,
  );
  return {
    state,
    sinks,
    enqueued,
    lines,
    async end() {
      stop.abort();
      await vi.advanceTimersByTimeAsync(2_000);
      await ended;
    },
  };
};

describe('a store that cannot be written', () => {
  it('is told to the routed sinks, past the outbox, once, and through the outbox when it is over', async () => {
    const it = setUp({ a: () => SENT, b: () => SENT, unrouted: () => SENT });
    await vi.advanceTimersByTimeAsync(60_000);
    it.state.broken = true;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(it.sinks.map((sink) => sink.calls.length)).toEqual([1, 1, 0]);
    const alert = it.sinks[0]?.calls[0]?.delivery.alert;
    expect(alert).toMatchObject({ status: 'firing', rule: { id: 'system.store', level: 'critical' } });
    expect(alert?.message).toContain('(the disk is full)');
    expect(it.enqueued).toEqual([]);
    it.state.broken = false;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(it.enqueued.map(({ alert: { status }, sinks = [] }) => [status, ...sinks])).toEqual([
      ['resolved', 'a', 'b'],
    ]);
    await it.end();
  });

  it('is not told for a single failure, which a backup may be', async () => {
    const it = setUp({ a: () => SENT });
    it.state.broken = true;
    await vi.advanceTimersByTimeAsync(4_000);
    it.state.broken = false;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(it.sinks[0]?.calls.length).toBe(0);
    expect(it.enqueued).toEqual([]);
    await it.end();
  });

  it('is told again every minute to a sink that did not take it, and only to that one', async () => {
    let tries = 0;
    const it = setUp({ a: () => SENT, b: () => (++tries > 2 ? SENT : DOWN) });
    it.state.broken = true;
    await vi.advanceTimersByTimeAsync(200_000);
    expect(it.sinks.map((sink) => sink.calls.length)).toEqual([1, 3]);
    const ids = new Set(it.sinks[1]?.calls.map((call) => call.delivery.id));
    expect(ids.size).toBe(1);
    expect(it.lines.filter((line) => line.startsWith('condition.opened')).length).toBe(1);
    await it.end();
  });

  it('is told by one of three replicas that all have lost it, and by the next only if it lasts', async () => {
    const facts = { version: '1', configHash: '', refusal: undefined, startedAtMs: 0, wants: [] };
    const replicas = ['x', 'y', 'z'].map((id) => ({ ...facts, id, seenAtMs: 0, expiresAtMs: 1 }));
    const lease = { name: 'duty:clock', holder: 'y', token: 1 };
    const standing = { replicas, shares: [{ name: 'duty:clock' as const, lease }] };
    const all = ['x', 'y', 'z'].map((id) => setUp({ a: () => SENT }, () => patienceMs(id, standing)));
    for (const { state } of all) state.broken = true;
    const told = (): readonly (number | undefined)[] => all.map(({ sinks }) => sinks[0]?.calls.length);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told()).toEqual([0, 1, 0]);
    await vi.advanceTimersByTimeAsync(280_000);
    expect(told()).toEqual([0, 1, 0]);
    await vi.advanceTimersByTimeAsync(90_000);
    expect(told()).toEqual([1, 1, 0]);
    for (const { state } of all) state.broken = false;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(told()).toEqual([1, 1, 0]);
    // Whoever told of it tells of its end.
    expect(all.map(({ enqueued }) => enqueued.length)).toEqual([1, 1, 0]);
    for (const one of all) await one.end();
  });

  it('a sink that hangs neither keeps the others from being told nor the monitor from ending', async () => {
    const it = setUp({ a: untilAborted, b: () => SENT, c: () => new Promise<Verdict>(() => {}) });
    it.state.broken = true;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(it.sinks.map((sink) => sink.calls.length)).toEqual([1, 1, 1]);
    await it.end();
  });
});
