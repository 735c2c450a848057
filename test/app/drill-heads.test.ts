import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runScheduledDrills } from '../../src/app/scheduled-drill.ts';
import { noTelemetry } from '../../src/core/telemetry.ts';
import { openStore } from '../../src/store/open-store.ts';
import { auditEvent, decideNothing, T0, take, windowOf } from '../store/fixtures.ts';

it('a scheduled drill carries the heads of the chains to its receivers: a copy outside', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vam-drill-'));
  const store = openStore({ path: join(folder, 'monitor.db'), now: () => T0, durability: 'off' });
  await store.collect.commitWindow(
    await take(store),
    windowOf([auditEvent('a'), auditEvent('b')]),
    decideNothing,
  );
  const [head] = await store.chains.heads();
  const stop = new AbortController();
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  await runScheduledDrills(
    {
      drill: { withinMs: 60_000 } as Parameters<typeof runScheduledDrills>[0]['drill'],
      isTime: () => true,
      sinks: ['hook'],
      accounts: ['default'],
      outbox: store.outbox,
      history: store.history,
      chains: store.chains,
      trouble: { raise: async () => {}, clear: async () => {} },
      wake: () => stop.abort(),
      now: () => T0,
      log: quiet,
      telemetry: noTelemetry,
    },
    stop.signal,
  );
  const [drill] = (await store.history.alerts({ kind: 'drill' })).items;
  expect(drill?.fields).toContainEqual({ name: 'Chain of default', value: `2 ${head?.hash}` });
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
