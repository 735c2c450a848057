import { createFleet, type Fleet } from '../../src/app/fleet.ts';
import type { Monitor } from '../../src/app/parts.ts';
import { createLatch } from '../../src/base/latch.ts';
import type { Lease } from '../../src/core/lease.ts';
import type { Store } from '../../src/core/store.ts';
import { noTelemetry } from '../../src/core/telemetry.ts';
import type { CompiledRules } from '../../src/rules/compile.ts';

/** Rules over all accounts at work under a lease, with nothing else of a monitor around them. */
export const fleetOwner = (options: {
  readonly fleet: Store['fleet'];
  readonly lease: Lease;
  readonly rules: CompiledRules;
  readonly accounts: readonly string[];
  readonly now: () => number;
}): Fleet => {
  const { fleet, lease, rules, accounts, now } = options;
  const monitor: Pick<Monitor, 'telemetry' | 'eventTypes' | 'fleetWake' | 'wake'> & {
    store: Pick<Monitor['store'], 'fleet'>;
    parts: object;
  } = {
    store: { fleet },
    telemetry: noTelemetry,
    eventTypes: { labelOf: (type) => type, learn() {} },
    fleetWake: createLatch(),
    wake() {},
    parts: {
      rules,
      settings: { accounts: accounts.map((name) => ({ name })), log: { events: 'none' } },
      now,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    },
  };
  const made = createFleet(monitor as unknown as Monitor, lease, { note() {}, report: async () => {} });
  if (!made) throw new Error('no rule looks at all accounts');
  return made;
};
