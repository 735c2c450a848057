import { alertFromMatch } from '../src/alerts/alert-from-match.ts';
import { stableId } from '../src/base/hash.ts';
import type { Alert } from '../src/core/alert.ts';
import type { NewAlert } from '../src/core/decided.ts';
import type { AuditEvent } from '../src/core/event.ts';
import type { Match, RuleInfo } from '../src/core/match.ts';
import { createGenerator } from '../src/simulator/generator.ts';
import { portableJson, publicAlert } from '../src/sinks/alert-json.ts';
import { openStore } from '../src/store/open-store.ts';
import { KEY } from '../test/support/installation.ts';
import { ROOT, startNode } from './child.ts';
import { install, type Program, startMonitor, startSimulator } from './installation.ts';
import { postBodies } from './limits.ts';
import { median, perSecond } from './statistics.ts';
import type { Figure } from './table.ts';

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
  const receiver = startNode([`${ROOT}bench/receiver-process.ts`, String(deliveries)]);
  try {
    const url = String((await receiver.line('receiver.listening')).fields.url);
    const alerts = Array.from({ length: deliveries }, (_, index) => alertOf(index));
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
    const bare: number[] = [];
    const durable: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bare.push(perSecond(deliveries, await postBodies(url, bodies, CONCURRENCY)));
      await receiver.line(`receiver.done.${2 * round + 1}`);
      const done = receiver.line(`receiver.done.${2 * round + 2}`);
      durable.push(perSecond(deliveries, await deliver(program, simulator.url, url, alerts, done)));
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
    await Promise.all([simulator.kill(), receiver.kill()]);
  }
};

const deliver = async (
  program: Program,
  apiUrl: string,
  url: string,
  alerts: readonly Alert[],
  done: Promise<{ readonly fields: Readonly<Record<string, unknown>> }>,
): Promise<number> => {
  const installation = install(apiUrl, {
    sinks: { [SINK]: { type: 'webhook', url, secret: SECRET } },
    routes: [{ to: [SINK] }],
  });
  const store = openStore({ path: installation.database, now: Date.now });
  await store.outbox.enqueue(alerts.map((alert): NewAlert => ({ alert, sinks: [SINK] })));
  await store.close();
  const monitor = startMonitor(program, installation);
  try {
    const { fields } = await Promise.race([done, monitor.failure()]);
    await monitor.stop();
    return Number(fields.ms);
  } finally {
    await monitor.kill();
    installation.remove();
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
