import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { runInProcess } from '../support/in-process.ts';
import { installationIn, receiverIn, simulatorIn } from '../support/in-scope.ts';

let scope: Scope;
beforeEach(() => {
  scope = createScope();
});
afterEach(() => scope.close());

describe('a drill in the whole monitor', () => {
  it('goes through the real sinks; one that refuses it is told through the other', async () => {
    const simulator = await simulatorIn(scope);
    const good = await receiverIn(scope);
    const bad = await receiverIn(scope);
    bad.answer({ status: 403 });
    // A clock that stands at the tenth second of its minute, so that the minute does not end meanwhile.
    const skewMs = 10_000 - (Date.now() % 60_000);
    const now = (): number => Date.now() + skewMs;
    const installation = installationIn(scope, simulator.url, {
      sinks: { good: { type: 'webhook', url: good.url }, bad: { type: 'webhook', url: bad.url } },
      routes: [{ to: ['bad', 'good'] }],
      drill: { at: new Date(now()).toISOString().slice(11, 16) },
    });
    const monitor = await runInProcess(installation.config, 'daemon', { now });
    await monitor.until(({ event, sink }) => event === 'drill.arrived' && sink === 'good');
    await monitor.until(({ event, condition }) => event === 'condition.opened' && condition === 'drill');
    const told = async (): Promise<readonly string[]> =>
      good.requests.map(({ body }) => (JSON.parse(body) as { rule: { id: string } }).rule.id);
    await expect.poll(told, { timeout: 10_000 }).toContain('system.drill');
    const kinds = good.requests.map(({ body }) => (JSON.parse(body) as { kind: string }).kind);
    expect(kinds.filter((kind) => kind === 'drill')).toHaveLength(1);
    await expect
      .poll(() => good.requests.filter(({ body }) => body.includes('it was parked')).length, {
        timeout: 10_000,
      })
      .toBe(1);
    await monitor.stop();
  });
});
