import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { runInProcess } from '../support/in-process.ts';
import { installationIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf, SECRET } from '../support/installation.ts';
import { parseOtlp, type ReceivedSpan } from '../support/otlp.ts';
import type { Receiver } from '../support/receiver.ts';

/* Traces of a whole monitor, as a collector receives them. */

let scope: Scope;
let simulator: Simulator;
let hook: Receiver;
let collector: Receiver;
let installation: Installation;
const generator = createGenerator({ seed: 'tracing', account: KEY });

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  hook = await receiverIn(scope);
  collector = await receiverIn(scope);
});
afterEach(() => scope.close());

const install = (tracing: object | undefined): void => {
  installation = installationIn(scope, simulator.url, {
    sinks: { hook: { type: 'webhook', url: hook.url } },
    routes: [{ to: ['hook'] }],
    http: { listen: 'off' },
    ...(tracing && { tracing }),
  });
  installation.rule('app.yml', ruleOf('App', 'high', ['APP_CREATE']));
};
/** One pass with one alert that is delivered. Resolves with whether all of it went well. */
const runOnce = async () => {
  const event = generator.any(Date.now() - 60_000, 'APP_CREATE');
  simulator.add(KEY, event);
  const monitor = await runInProcess(installation.config, 'once');
  return { event, ok: await monitor.done, lines: monitor.lines };
};
const spans = (): readonly ReceivedSpan[] => collector.requests.flatMap(({ body }) => parseOtlp(body).spans);
const named = (name: string): ReceivedSpan => {
  const found = spans().find((span) => span.name === name);
  if (!found)
    throw new Error(
      `no span ${name} among ${spans()
        .map((span) => span.name)
        .join(', ')}`,
    );
  return found;
};

describe('traces', () => {
  it('of a poll and of a delivery tell where the time went, and the one refers to the other', async () => {
    install({ endpoint: `${collector.url}/otlp/`, headers: 'x-token=one%20two', service_name: 'audit' });
    const { ok } = await runOnce();
    expect(ok).toBe(true);
    expect(collector.requests[0]?.path).toBe('/otlp/v1/traces');
    expect(collector.requests[0]?.headers['x-token']).toBe('one two');
    expect(parseOtlp(collector.requests[0]?.body ?? '').resource['service.name']).toBe('audit');

    const poll = named('poll');
    expect(poll).toMatchObject({ attributes: { account: 'default', events: 1, 'events.new': 1, alerts: 1 } });
    expect(poll.parentSpanId).toBeUndefined();
    expect(poll.failed).toBeUndefined();
    const below = (span: ReceivedSpan, parent: ReceivedSpan): void => {
      expect([span.traceId, span.parentSpanId]).toEqual([parent.traceId, parent.spanId]);
      expect(span.startMs).toBeGreaterThanOrEqual(parent.startMs);
      expect(span.endMs).toBeLessThanOrEqual(parent.endMs);
    };
    below(named('read window'), poll);
    below(named('GET /events'), named('read window'));
    below(named('commit'), poll);
    below(named('judge'), named('commit'));
    expect(named('GET /events').attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
    });

    const delivery = named('delivery');
    const sent = JSON.parse(hook.requests[0]?.body ?? '') as { id: string };
    expect(delivery.attributes).toMatchObject({
      sink: 'hook',
      'alert.id': sent.id,
      attempts: 1,
      state: 'sent',
    });
    // A person who looks for a delivery finds its trace by the same id.
    expect(delivery.traceId).toBe(delivery.attributes['delivery.id']);
    expect(delivery.links).toMatchObject([{ traceId: poll.traceId, spanId: named('commit').spanId }]);
    expect(named('attempt')).toMatchObject({ traceId: delivery.traceId, parentSpanId: delivery.spanId });
    expect(named('attempt').attributes).toMatchObject({ outcome: 'sent', 'response.status_code': 200 });
  });

  it('say what failed, in a word, and hold no secret and nothing of an event', async () => {
    install({ endpoint: collector.url });
    hook.answer({ status: 400, body: 'go away' });
    const { ok, event } = await runOnce();
    expect(ok).toBe(false);
    expect(named('attempt').failed).toBe('rejected');
    expect(named('delivery').failed).toBe('parked');
    const all = collector.requests.map(({ body }) => body).join('\n');
    const hidden = [SECRET, KEY, 'go away', event.user_email, event.source_ip, event.id];
    expect(hidden.filter((text) => typeof text === 'string' && all.includes(text))).toEqual([]);

    simulator.setSecret(KEY, 'another');
    const blind = await runInProcess(installation.config, 'once');
    expect(await blind.done).toBe(false);
    expect(spans().filter(({ name, failed }) => name === 'poll' && failed === 'blind')).toHaveLength(1);
    expect(spans().find(({ attributes }) => attributes['http.response.status_code'] === 401)?.failed).toBe(
      'blind',
    );
  });

  it('that nobody takes disturb nothing: the alert is delivered, the log has one line', async () => {
    install({ endpoint: collector.url });
    await collector.close();
    const { ok, lines } = await runOnce();
    expect(ok).toBe(true);
    expect(hook.requests).toHaveLength(1);
    expect(lines.filter(({ event }) => event.startsWith('tracing.'))).toHaveLength(1);
  });

  it('are off by default', async () => {
    install(undefined);
    await runOnce();
    install({ endpoint: '' });
    await runOnce();
    expect(collector.requests).toEqual([]);
  });

  it('are loaded only when they are wanted', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => [path, readFileSync(`src/${path}`, 'utf8')] as const);
    const importers = sources.filter(([, text]) => /['"]\.\.?\/(?:tracing\.ts|tracing\/)/.test(text));
    expect(importers.map(([path]) => path).sort()).toEqual(['app/monitor.ts', 'app/tracing.ts']);
    const monitor = importers.find(([path]) => path === 'app/monitor.ts')?.[1];
    expect(monitor).toContain("await import('./tracing.ts')");
    expect(monitor).not.toMatch(/from '\.\/tracing\.ts'/);
  });
});
