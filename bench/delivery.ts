import { alertFromMatch } from '../src/alerts/alert-from-match.ts';
import { stableId } from '../src/base/hash.ts';
import type { Alert } from '../src/core/alert.ts';
import type { NewAlert } from '../src/core/decided.ts';
import type { AuditEvent } from '../src/core/event.ts';
import type { Match, RuleInfo } from '../src/core/match.ts';
import { createGenerator } from '../src/simulator/generator.ts';
import { portableJson, publicAlert } from '../src/sinks/alert-json.ts';
import { KEY } from '../test/support/installation.ts';
import { type Child, type Line, ROOT, startNode } from './child.ts';
import type { DatabaseServer, ServerUse } from './database.ts';
import { type Program, startMonitor, startSimulator } from './installation.ts';
import { postBodies } from './limits.ts';
import { createPlace } from './place.ts';
import { median, perSecond } from './statistics.ts';
import type { Figure } from './table.ts';
import { since, type Usage, usageOf } from './usage.ts';

const SINK = 'hook';
/** The webhook's default. */
const CONCURRENCY = 8;
const SECRET = `whsec_${Buffer.from('a secret of the benchmark, no more').toString('base64')}`;

/**
 * How fast a full outbox reaches a webhook on the loopback: claimed, signed, sent, answered and settled durably, each
 * delivery logged. The rate is counted by the receiver, a process of its own. Beside it, a plain client posts the same
 * bodies with the same concurrency.
 */
export const measureDelivery = async (
  program: Program,
  options: { readonly deliveries: number; readonly rounds: number },
): Promise<readonly Figure[]> => {
  const { deliveries, rounds } = options;
  const simulator = await startSimulator(0);
  const hook = await startHook(deliveries);
  try {
    const alerts = manyAlerts(deliveries);
    const bare: number[] = [];
    const durable: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await postBare(hook, alerts));
      durable.push((await deliver(program, simulator.url, hook, alerts)).perSecond);
    }
    return [
      {
        name: `deliveries to a webhook, of ${deliveries.toLocaleString('en')}`,
        value: median(durable),
        unit: 'deliveries/s',
        runs: durable,
        beside: { name: 'bare posts', value: median(bare) },
        aim: { least: 5_000 },
      },
    ];
  } finally {
    await Promise.all([simulator.kill(), hook.kill()]);
  }
};

/** A receiver in a process of its own. */
export interface Hook extends Child {
  readonly url: string;
  /** Resolves when all of the next round have arrived, with the ms from the first to the last. */
  round(): Promise<number>;
}

/** Starts a receiver that expects so many deliveries in every round, and answers each after `delayMs`. */
export const startHook = async (deliveries: number, delayMs = 0): Promise<Hook> => {
  const child = startNode([`${ROOT}bench/receiver-process.ts`, String(deliveries), String(delayMs)]);
  const { fields } = await child.line('receiver.listening');
  let turn = 0;
  return {
    ...child,
    url: String(fields.url),
    async round() {
      turn += 1;
      const { fields: done }: Line = await child.line(`receiver.done.${turn}`);
      return Number(done.ms);
    },
  };
};

/** The sinks of a configuration that all post to one receiver. */
export const hookSinks = (names: readonly string[], url: string): object => ({
  sinks: Object.fromEntries(names.map((name) => [name, { type: 'webhook', url, secret: SECRET }])),
  routes: [{ to: names }],
});

/** Alerts as rules decide them about one event each. */
export const manyAlerts = (count: number): readonly Alert[] =>
  Array.from({ length: count }, (_, index) => alertOf(index));

/** Posts what the deliveries of these alerts would say, without anything around it. Deliveries a second. */
export const postBare = async (hook: Hook, alerts: readonly Alert[]): Promise<number> => {
  const bodies = alerts.map((alert) =>
    portableJson(
      publicAlert({
        id: stableId('delivery', alert.id, SINK),
        sink: SINK,
        alert,
        attempt: 1,
        createdAtMs: alert.decidedAtMs,
      }),
    ),
  );
  const done = hook.round();
  const ms = await postBodies(hook.url, bodies, CONCURRENCY);
  await done;
  return perSecond(bodies.length, ms);
};

/** What the emptying of a full outbox was. */
export interface Delivered {
  readonly perSecond: number;
  readonly monitor: Usage;
  readonly server: ServerUse | undefined;
}

/** Starts a monitor over an outbox that holds a delivery of each alert, in a file or, with a server, in a database. */
export const deliver = async (
  program: Program,
  apiUrl: string,
  hook: Hook,
  alerts: readonly Alert[],
  server?: DatabaseServer,
): Promise<Delivered> => {
  const place = await createPlace(server, apiUrl, hookSinks([SINK], hook.url));
  const store = await place.open();
  await store.outbox.enqueue(alerts.map((alert): NewAlert => ({ alert, sinks: [SINK] })));
  await store.close();
  const serverBefore = await place.use(true);
  const done = hook.round();
  const monitor = startMonitor(program, place.installation);
  try {
    await monitor.line('http.listening');
    const before = usageOf(monitor.pid);
    const ms = await Promise.race([done, monitor.failure()]);
    const usage = usageOf(monitor.pid);
    await monitor.stop();
    const serverAfter = await place.use(true);
    return {
      perSecond: perSecond(alerts.length, ms),
      monitor: since(before, usage),
      server: serverBefore && serverAfter && since(serverBefore, serverAfter),
    };
  } finally {
    await monitor.kill();
    await place.remove();
  }
};

const generator = createGenerator({ seed: 'delivery', account: KEY });

/** An alert as a rule decides it about one event. */
const alertOf = (index: number): Alert => {
  const createdAtMs = Date.UTC(2026, 0, 1) + index * 1_000;
  const wire = generator.any(createdAtMs);
  const json = JSON.stringify(wire);
  const event: AuditEvent = {
    id: wire.id,
    account: 'default',
    eventType: wire.event_type,
    createdAtMs,
    json,
    fields: JSON.parse(json) as AuditEvent['fields'],
  };
  const match: Match = {
    rule: RULE,
    status: 'firing',
    events: [event],
    group: undefined,
    values: {},
    atMs: createdAtMs,
  };
  return alertFromMatch(match, Date.now());
};

const RULE: RuleInfo = {
  id: 'bench',
  title: 'Something Happened',
  description: undefined,
  level: 'high',
  tags: ['attack.persistence'],
  references: [],
  falsepositives: [],
  fields: [],
  to: undefined,
  message: undefined,
  shadow: false,
  unsilenceable: false,
  suppress: undefined,
  file: 'bench.yml',
};
