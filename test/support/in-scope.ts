import type { Scope } from '../../src/base/scope.ts';
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';
import { createInstallation, type Installation } from './installation.ts';
import { type MonitorProcess, startMonitor } from './monitor-process.ts';
import { createReceiver, type Receiver } from './receiver.ts';

/* What tests of the whole product stand on: each ends with the scope of its test. */

/** An Audit API. */
export const simulatorIn = async (scope: Scope, options: SimulatorOptions = {}): Promise<Simulator> => {
  const simulator = await createSimulator(options);
  scope.defer('simulator', () => simulator.close());
  return simulator;
};

/** Who gets alerts by webhook. */
export const receiverIn = async (scope: Scope): Promise<Receiver> => {
  const receiver = await createReceiver();
  scope.defer('receiver', () => receiver.close());
  return receiver;
};

/** A folder with a configuration; see {@link createInstallation}. */
export const installationIn = (scope: Scope, baseUrl: string, sections: object = {}): Installation => {
  const installation = createInstallation(baseUrl, sections);
  scope.defer('installation', () => installation.remove());
  return installation;
};

/** The real process, as {@link startMonitor} starts it; killed should it still be there. */
export const monitorIn = (scope: Scope, ...how: Parameters<typeof startMonitor>): MonitorProcess => {
  const monitor = startMonitor(...how);
  scope.defer('monitor', async () => {
    monitor.kill('SIGKILL');
    await monitor.ended;
  });
  return monitor;
};
