import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { alertOfJson } from '../app/alert-of-json.ts';
import { eventOfFile, storedEvent } from '../app/find-event.ts';
import { alertsOf, type RouteTest, testRoutes } from '../app/route-test.ts';
import { storedAlert, storedSilences } from '../app/stored.ts';
import { errorText, UsageError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import type { Settings } from '../config/settings.ts';
import type { Alert } from '../core/alert.ts';
import { about, CONFIG } from './about.ts';
import { MOMENT, moment } from './arguments.ts';
import { type CommandContext, EXIT } from './context.ts';
import { type RecordFormat, withRecordFormats } from './format.ts';
import { loadOrRefuse } from './load-or-refuse.ts';
import { type Output, outputs } from './output.ts';

interface Options {
  readonly config?: string;
  readonly event?: string;
  readonly alert?: string;
  readonly at?: number;
  readonly output: RecordFormat;
}

/** `routes test`: which route takes an alert, what becomes of it, and why. */
export const registerRoutes = (program: Command, context: CommandContext): void => {
  const routes = program.command('routes').description('look at where alerts go');
  const command = withRecordFormats(routes.command('test'))
    .description('show which routes take an alert and why, by the code that routes for real; sends nothing')
    .option(
      '--event <file|id>',
      'a file with one event as JSON, or the id of a stored event: each alert it gives',
    )
    .option(
      '--alert <file|id>',
      'the id of a stored alert, or a file such as {"level": "high", "rule": {"id": "x"}, "account": "a", "events": [{}]}',
    )
    .option('--at <time>', `as if it were then (default: now): ${MOMENT}`, moment)
    .option(...CONFIG)
    .action(async (options: Options) => {
      if ((options.event === undefined) === (options.alert === undefined))
        throw new UsageError('say what to route: --event FILE or ID, or --alert FILE or ID');
      const { settings, rules } = (await loadOrRefuse(options.config)).ready;
      const nowMs = options.at ?? Date.now();
      const alerts =
        options.event === undefined
          ? [await findAlert(options.alert ?? '', settings, nowMs)]
          : alertsOf(rules, await findEvent(options.event, settings, nowMs), nowMs);
      const silences = await storedSilences(settings, nowMs);
      const tests = alerts.map((alert) => testRoutes(settings, silences, alert, nowMs));
      const { out } = outputs();
      if (options.output === 'ndjson') for (const test of tests) await out.json(asJson(test));
      else if (tests.length === 0)
        await out.line('no rule matches this event by itself: no alert, nothing to route');
      else for (const test of tests) await print(out, test, nowMs);
      context.exit(EXIT.ok);
    });
  about(
    command,
    [
      'routes test --event event.json',
      'routes test --alert 4f1b6e0d93c24a7b9d5e8f7a6b3c2d10 --at 2026-01-31T03:00:00Z',
    ],
    { 2: 'there is no such event or alert' },
  );
};

const neither = (text: string, what: string): UsageError =>
  new UsageError(`"${visibleText(text, 200)}" is neither a file nor the id of a stored ${what}`);

const findEvent = async (wanted: string, settings: Settings, nowMs: number) => {
  const event = eventOfFile(wanted, nowMs) ?? (await storedEvent(settings.store.place, wanted));
  if (!event) throw neither(wanted, 'event');
  return event;
};

const findAlert = async (wanted: string, settings: Settings, nowMs: number): Promise<Alert> => {
  if (!existsSync(wanted)) {
    const alert = await storedAlert(settings, wanted);
    if (!alert) throw neither(wanted, 'alert');
    return alert;
  }
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(wanted, 'utf8'));
  } catch (error) {
    throw new UsageError(`${wanted}: no JSON: ${errorText(error)}`);
  }
  if (!isObject(json)) throw new UsageError(`${wanted}: allowed is one alert as a JSON object`);
  return alertOfJson(json, wanted, nowMs);
};

const asJson = ({ alert, routes, deliveries }: RouteTest): object => ({
  alert: {
    id: alert.id,
    kind: alert.kind,
    level: alert.rule.level,
    rule: alert.rule.id,
    title: alert.rule.title,
  },
  routes,
  deliveries: deliveries.map(({ sink, state, dueAtMs, bundle, silence, why }) => ({
    sink,
    state,
    due_at: new Date(dueAtMs).toISOString(),
    bundle: bundle ?? null,
    silence: silence ?? null,
    why,
  })),
});

const print = async (
  { line, colours }: Output,
  { alert, routes, deliveries }: RouteTest,
  nowMs: number,
): Promise<void> => {
  await line(colours.strong(visibleText(`${alert.rule.level}: ${alert.rule.title} (${alert.kind})`, 300)));
  if (alert.to && alert.to.length > 0) await line(`  the rule names its sinks: ${alert.to.join(', ')}`);
  for (const { number, match, to, answer } of routes) {
    const took = answer === 'took';
    const mark = took ? colours.good('✔') : colours.faint('·');
    const what = took ? colours.good('takes it') : answer;
    await line(`  ${mark} route ${number}  ${visibleText(match, 300)} → ${to.join(', ') || '-'}: ${what}`);
  }
  if (deliveries.length === 0) await line('  recorded, sent nowhere');
  for (const { sink, state, dueAtMs, why } of deliveries) {
    const steps = why.map(({ reason, detail }) =>
      detail === '' ? reason : `${reason}: ${visibleText(detail, 300)}`,
    );
    const when = state === 'silenced' ? 'silenced' : dueAtMs > nowMs ? 'waits' : 'at once';
    const paint = when === 'at once' ? colours.good : colours.doubtful;
    await line(`  → ${colours.strong(sink)}  ${paint(when)}  ${steps.join('; ')}`);
  }
};
