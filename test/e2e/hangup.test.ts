import { afterEach, beforeEach, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { installationIn, monitorIn, simulatorIn } from '../support/in-scope.ts';
import type { Installation } from '../support/installation.ts';
import type { MonitorProcess } from '../support/monitor-process.ts';

/* What SIGHUP means to a process, beside the reload. */

let scope: Scope;
let simulator: Simulator;
let installation: Installation;

beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  installation = installationIn(scope, simulator.url);
});
afterEach(() => scope.close());

const start = (args: readonly string[]): MonitorProcess => monitorIn(scope, args);

it('with its very first line a monitor can be asked, and is not ended by it', async () => {
  const monitor = start(['run', '--config', installation.config]);
  await monitor.until(({ event }) => event === 'rules.loaded');
  monitor.kill('SIGHUP');
  await monitor.until(({ event }) => event === 'config.reloaded');
  await monitor.until(({ event }) => event === 'poll.completed');
});

it('stops what cannot load anything again', async () => {
  const served = start(['simulator', '--listen', '127.0.0.1:0']);
  await new Promise<void>((resolve) => {
    served.child.stdout?.once('data', () => resolve());
    served.child.stderr?.once('data', () => resolve());
  });
  served.kill('SIGHUP');
  expect((await served.ended).code).toBe(0);
});
