import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { STORY_NAMES } from '../../src/simulator/stories.ts';
import { runInProcess } from './in-process.ts';
import { createInstallation, KEY, SECRET } from './installation.ts';
import { createReceiver } from './receiver.ts';

const CONFIG = fileURLToPath(new URL('../../config', import.meta.url));
const SECOND_KEY = 'ef567890';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** How much time passes between two looks of the monitor while it lives through the past. */
const STRIDE = HOUR / 2;

/**
 * A monitor with the shipped rules that has lived through the last two days of two companies, some attacks among them,
 * in seconds: its clock is ours. One of its sinks refuses everything. Answers the address of the dashboard.
 */
export const liveThroughTwoDays = async (scope: Scope): Promise<string> => {
  const endMs = Math.floor(Date.now() / 1_000) * 1_000;
  let nowMs = endMs - 2 * DAY;
  const now = (): number => nowMs;
  const accounts = [
    { name: 'retail', key: KEY },
    { name: 'wholesale', key: SECOND_KEY },
  ];
  const simulator = await createSimulator({
    now,
    accounts: accounts.map(({ key }) => ({ key, secret: SECRET })),
  });
  scope.defer('simulator', () => simulator.close());
  const receiver = await createReceiver();
  scope.defer('receiver', () => receiver.close());
  const refusing = await createReceiver();
  refusing.answer({ status: 404, body: 'no_service' });
  scope.defer('refusing receiver', () => refusing.close());
  for (const { name, key } of accounts) {
    const generator = createGenerator({ seed: `dashboard ${name}`, account: key });
    const attacks = name === 'retail' ? STORY_NAMES : [];
    const events = [
      ...generator.ordinary(nowMs - 30 * DAY, endMs),
      ...generator.burst(700, nowMs, endMs - nowMs),
      ...attacks.flatMap((story, at) =>
        generator.stories[story](endMs - (5 + 4 * at) * HOUR).steps.map((step) => step.event),
      ),
    ].filter((event) => Date.parse(`${event.created_at}Z`) <= endMs);
    simulator.add(key, events, (event) => Date.parse(`${event.created_at}Z`));
  }
  const shipped = parse(readFileSync(join(CONFIG, 'monitor.yml'), 'utf8')) as Readonly<
    Record<string, unknown>
  >;
  const installation = createInstallation(simulator.url, {
    accounts: accounts.map(({ name, key }) => ({ name, api_key: key, api_secret: SECRET })),
    poll: { interval: '50ms', settle: '0s', overlap: '10m', start: '30d' },
    rules: [join(CONFIG, 'rules')],
    lists: shipped['lists'],
    timezone: shipped['timezone'],
    time_windows: shipped['time_windows'],
    sinks: {
      'security-chat': { type: 'webhook', url: receiver.url },
      siem: { type: 'webhook', url: `${receiver.url}/siem` },
      'oncall-pager': { type: 'webhook', url: refusing.url },
      console: { type: 'log' },
    },
    routes: [
      { match: { level: 'critical' }, to: ['oncall-pager'], continue: true },
      { match: { level: ['critical', 'high'] }, to: ['security-chat', 'siem'], continue: true },
      { to: ['console'] },
    ],
  });
  scope.defer('installation', () => installation.remove());
  const monitor = await runInProcess(installation.config, 'daemon', { now });
  scope.defer('monitor', async () => void (await monitor.stop()));
  const { url } = await monitor.until((line) => line.event === 'http.listening');
  while (nowMs < endMs) {
    nowMs = Math.min(endMs, nowMs + STRIDE);
    const from = monitor.lines.length;
    for (const { name } of accounts)
      await monitor.until(
        (line) =>
          line.event === 'poll.completed' && line['account'] === name && Date.parse(line.time) >= nowMs,
        from,
      );
  }
  return String(url);
};
