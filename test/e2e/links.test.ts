import { afterEach, beforeEach, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { runInProcess } from '../support/in-process.ts';
import { installationIn, receiverIn, simulatorIn } from '../support/in-scope.ts';
import { KEY, ruleOf } from '../support/installation.ts';

let scope: Scope;
beforeEach(() => {
  scope = createScope();
});
afterEach(() => scope.close());

it('an alert carries links that silence what comes next, through the whole monitor', async () => {
  const simulator = await simulatorIn(scope);
  const hook = await receiverIn(scope);
  const installation = installationIn(scope, simulator.url, {
    sinks: { hook: { type: 'webhook', url: hook.url } },
    routes: [{ to: ['hook'] }],
    http: { listen: '127.0.0.1:0', external_url: 'https://audit.example.com' },
  });
  installation.rule('app.yml', ruleOf('App', 'high', ['APP_CREATE']));
  const generator = createGenerator({ seed: 'links', account: KEY });
  const addEvent = (): void => simulator.add(KEY, generator.any(Date.now() - 2_000, 'APP_CREATE'));

  const monitor = await runInProcess(installation.config);
  scope.defer('monitor', async () => void (await monitor.stop()));
  const { url } = await monitor.until((line) => line['event'] === 'http.listening');
  addEvent();
  const [request] = await hook.received(1);
  const { actions } = JSON.parse(request?.body ?? '{}') as {
    readonly actions: readonly { readonly label: string; readonly url: string }[];
  };
  expect(actions.map(({ label }) => label)).toEqual(['Silence for 1h', 'Expected change']);
  const path = new URL(actions[0]?.url ?? '').pathname;
  expect(actions[0]?.url).toBe(`https://audit.example.com${path}`);
  const done = await fetch(`${String(url)}${path}`, {
    method: 'POST',
    body: new URLSearchParams({ name: 'eve' }),
  });
  expect(done.status).toBe(200);
  const seen = monitor.lines.length;
  addEvent();
  const decided = await monitor.until((line) => line['event'] === 'alert.decided', seen);
  expect(decided['sinks']).toEqual([]);
  expect(hook.requests).toHaveLength(1);
});
