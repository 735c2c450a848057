import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import type { LogFields } from '../../src/core/log.ts';
import { noTelemetry } from '../../src/core/telemetry.ts';
import { createHttpPoster } from '../../src/sinks/http.ts';
import { createExporter } from '../../src/tracing/exporter.ts';
import { parseOtlp } from '../support/otlp.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';

let scope: Scope;
let receiver: Receiver;
beforeEach(async () => {
  scope = createScope();
  receiver = await createReceiver();
  scope.defer('receiver', () => receiver.close());
});
afterEach(() => scope.close());

/** An exporter over real HTTP that gathers for a moment only. */
const start = (url = `${receiver.url}/v1/traces`, timeoutMs = 5_000) => {
  const lines: { readonly event: string; readonly reason?: unknown }[] = [];
  const write = (event: string, fields: LogFields = {}): void => void lines.push({ event, ...fields });
  const log = { debug: write, info: write, warn: write, error: write };
  const counts: Record<string, number> = { exported: 0, refused: 0, dropped: 0 };
  const deps = { log, now: Date.now, random: () => 0, version: '1' };
  const http = createHttpPoster(new URL(url), { timeoutMs, connections: 1 }, deps);
  const exporter = createExporter({
    post: (body, signal) =>
      http.post(body, { 'content-type': 'application/json', 'x-token': 'hunter2' }, signal),
    resource: { 'service.name': 'test' },
    redact: (text) => text.replaceAll('hunter2', '[redacted]'),
    ...deps,
    telemetry: {
      ...noTelemetry,
      count(_name, labels, by = 1) {
        const outcome = labels?.['outcome'] ?? '';
        counts[outcome] = (counts[outcome] ?? 0) + by;
      },
    },
    everyMs: 1,
  });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= exporter.close().then(() => http.close());
    return closed;
  };
  scope.defer('exporter', close);
  let made = 0;
  const add = (count: number): void => {
    for (let n = 0; n < count; n += 1)
      exporter.add({
        traceId: 'ab'.repeat(16),
        spanId: String(++made).padStart(16, '0'),
        name: 'attempt',
        kind: 'client',
        startMs: Date.now(),
        endMs: Date.now(),
        attributes: {},
      });
  };
  return { add, close, lines, counts };
};
const ids = (): readonly string[] =>
  receiver.requests.flatMap(({ body }) => parseOtlp(body).spans.map(({ spanId }) => spanId));

describe('sending spans', () => {
  it('sends them as OTLP over HTTP, in batches, each once', async () => {
    const one = start();
    one.add(1_200);
    await receiver.received(3);
    await one.close();
    expect(new Set(ids()).size).toBe(1_200);
    expect(ids()).toHaveLength(1_200);
    expect(receiver.requests[0]).toMatchObject({ method: 'POST', path: '/v1/traces' });
    expect(receiver.requests[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-token': 'hunter2',
    });
    expect(one.counts).toEqual({ exported: 1_200, refused: 0, dropped: 0 });
    expect(one.lines).toEqual([]);
  });

  it('sends the last of them at the end', async () => {
    const one = start();
    one.add(3);
    await one.close();
    expect(ids()).toHaveLength(3);
    one.add(1);
    expect(one.counts).toMatchObject({ exported: 3, dropped: 1 });
  });

  it.each([429, 502, 503, 504])(
    'tries once more after %i, and says once that it failed and once that it works',
    async (status) => {
      receiver.next({ status }, { status });
      const one = start();
      one.add(2);
      await receiver.received(3);
      await expect.poll(() => one.counts['exported'], { interval: 5 }).toBe(2);
      expect(one.lines.map(({ event }) => event)).toEqual(['tracing.failed', 'tracing.recovered']);
      expect(one.lines[0]?.reason).toBe(`HTTP ${status}`);
    },
  );

  it.each([400, 401, 404, 500])('gives a batch up that is refused by %i', async (status) => {
    receiver.next({ status });
    const one = start();
    one.add(2);
    await expect.poll(() => one.counts['refused'], { interval: 5 }).toBe(2);
    one.add(1);
    await expect.poll(() => one.counts['exported'], { interval: 5 }).toBe(1);
    expect(receiver.requests).toHaveLength(2);
  });

  it('counts what the receiver refused of a batch that it took', async () => {
    receiver.next({ status: 200, body: '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}' });
    const one = start();
    one.add(5);
    await expect.poll(() => one.counts['exported'], { interval: 5 }).toBe(3);
    expect(one.counts).toMatchObject({ refused: 2, dropped: 0 });
  });

  it('holds a bounded number while nobody takes them, drops the rest, and ends in time', async () => {
    const port = receiver.port;
    await receiver.close();
    const one = start(`http://127.0.0.1:${port}/v1/traces`);
    one.add(5_000);
    expect(one.counts['dropped']).toBe(5_000 - 2_048);
    await expect.poll(() => one.lines.length, { interval: 5 }).toBe(1);
    expect(one.lines[0]).toMatchObject({ event: 'tracing.failed' });
    const begunMs = Date.now();
    await one.close();
    expect(Date.now() - begunMs).toBeLessThan(2_900);
    expect(one.counts).toEqual({ exported: 0, refused: 0, dropped: 5_000 });
  });

  it('waits for no receiver that is slow, and ends in time', async () => {
    const never = Promise.withResolvers<{ status: number }>();
    scope.defer('answer', async () => never.resolve({ status: 200 }));
    receiver.answer(() => never.promise);
    const one = start();
    const begunMs = Date.now();
    one.add(10);
    await receiver.received(1);
    one.add(10);
    await one.close();
    expect(Date.now() - begunMs).toBeLessThan(3_500);
    expect(one.counts).toEqual({ exported: 0, refused: 0, dropped: 20 });
    expect(JSON.stringify(one.lines)).not.toContain('hunter2');
  });
});
