import { ruleOf } from '../test/support/installation.ts';
import { type Child, ROOT, startNode } from './child.ts';
import { install, type Program, startMonitor } from './installation.ts';
import { quantile } from './statistics.ts';
import type { Figure } from './table.ts';

/** The shortest interval that is allowed, to wait less; it is taken out of the figures. */
const INTERVAL_MS = 50;
/**
 * With the usual ten minutes, every pass would read all events of the benchmark again. So it reads some 100 of them: as
 * many as come in ten minutes of an account with ten thousand events a day.
 */
const OVERLAP = '20s';

interface Delays {
  readonly fromPoll: readonly number[];
  readonly fromVisible: readonly number[];
}

/**
 * How long an event takes to the webhook's receiver, beyond the wait for the next poll: from the arrival of the request
 * that could first see it at the API to the arrival of its alert. Between lie reading, rules, the durable commit, the
 * outbox and signing. Beside it, the same for a poller that only forwards.
 */
export const measureDelay = async (
  program: Program,
  options: { readonly events: number },
): Promise<readonly Figure[]> => {
  const stage = startNode([`${ROOT}bench/stage.ts`, String(options.events)]);
  try {
    const { fields } = await stage.line('stage.listening');
    const [api, hook] = [String(fields.api), String(fields.hook)];
    const poller = startNode([`${ROOT}bench/bare-poller.ts`, api, hook, String(INTERVAL_MS)]);
    const bare = await play(stage, 1, poller);

    const installation = install(api, {
      poll: { interval: `${INTERVAL_MS}ms`, overlap: OVERLAP, start: '24h' },
      sinks: { hook: { type: 'webhook', url: hook, secret: 'a-secret-of-the-benchmark' } },
      routes: [{ to: ['hook'] }],
      rules: [`${ROOT}config/rules`, 'rules'],
    });
    installation.rule('bench.yml', ruleOf('An application was created', 'high', ['APP_CREATE']));
    const monitored = await play(stage, 2, startMonitor(program, installation)).finally(installation.remove);

    const at = (share: number, name: string, aim?: Figure['aim']): Figure => ({
      name,
      value: quantile(monitored.fromPoll, share),
      unit: 'ms',
      beside: { name: 'bare poll and post', value: quantile(bare.fromPoll, share) },
      ...(aim && { aim }),
    });
    return [
      at(0.5, `delay beyond the poll wait, p50 of ${options.events}`),
      at(0.99, 'delay beyond the poll wait, p99', { most: 50 }),
      {
        name: `delay with the wait at an interval of ${INTERVAL_MS} ms, p50`,
        value: quantile(monitored.fromVisible, 0.5),
        unit: 'ms',
        beside: { name: 'bare poll and post', value: quantile(bare.fromVisible, 0.5) },
      },
    ];
  } finally {
    await stage.kill();
  }
};

/** One round of the stage, with somebody polling. */
const play = async (stage: Child, turn: number, poller: Child): Promise<Delays> => {
  try {
    await poller.line('poll.completed');
    process.kill(stage.pid, 'SIGUSR2');
    const { fields } = await Promise.race([stage.line(`stage.done.${turn}`), poller.failure()]);
    if (fields.error !== undefined) throw new Error(JSON.stringify(fields.error));
    await poller.stop();
    return fields as unknown as Delays;
  } finally {
    await poller.kill();
  }
};
