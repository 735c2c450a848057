import type { Command } from 'commander';
import { describeEvent } from '../alerts/describe-event.ts';
import { visibleText } from '../alerts/visible-text.ts';
import { createConsoleEvents } from '../app/console-events.ts';
import { withStore } from '../app/deliveries.ts';
import { eventRowOf } from '../app/event-rows.ts';
import { remoteEvent } from '../app/find-event.ts';
import { UsageError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import type { Settings } from '../config/settings.ts';
import { escapeJsonControls } from '../logs/terminal.ts';
import type { EventDetail } from '../server/trail-shapes.ts';
import { about, CONFIG } from './about.ts';
import type { CommandContext } from './context.ts';
import { refuseUnknown, sourceOption } from './events-list.ts';
import { type AnswerFormat, withAnswerFormats } from './format.ts';
import { loadSettings } from './load-or-refuse.ts';
import { type Output, outputs, paintLevel } from './output.ts';
import { timeText } from './times.ts';

interface Options {
  readonly config?: string;
  readonly account?: string;
  readonly source: 'local' | 'api';
  readonly output: AnswerFormat;
}

/** An event in full, and itself word for word. */
interface Found {
  readonly detail: EventDetail;
  readonly json: string;
}

/** `events get`: everything about one event. */
export const registerEventsGet = (events: Command, context: CommandContext): void => {
  const command = withAnswerFormats(events.command('get'))
    .argument('<id>', 'id of the event')
    .description(
      'show one event in words and in full, with its alerts and the event before it about the same',
    )
    .option('--account <name>', 'of this account')
    .addOption(sourceOption())
    .option(...CONFIG)
    .action(async (id: string, options: Options) => {
      const { settings } = await loadSettings(options.config);
      const found =
        options.source === 'api'
          ? await ofApi(id, options, settings, context.signal)
          : await ofStore(id, options, settings, context.signal);
      if (!found)
        throw new UsageError(
          `there is no event ${JSON.stringify(id.slice(0, 80))} ${options.source === 'api' ? 'that the Audit API knows' : 'in the store; --source api asks the Audit API'}`,
        );
      const { out } = outputs();
      if (options.output === 'json') await out.json(found.detail);
      else await print(out, found);
    });
  about(command, ['events get 8f1e2d3c-…', 'events get 8f1e2d3c-… --source api --json'], {
    2: 'there is no such event',
  });
};

const ofStore = (
  id: string,
  { account }: Options,
  settings: Settings,
  signal: AbortSignal,
): Promise<Found | undefined> =>
  withStore(settings, Date.now, async (store) => {
    refuseUnknown(account, await store.history.accounts(), 'the store knows');
    const [event] = (await store.history.events({ id, account, limit: 1 })).items;
    if (!event) return undefined;
    const rules = (): never => {
      throw new Error('no rule is asked for');
    };
    const detail = await createConsoleEvents({ store, rules }).event(event.account, event.id, signal);
    return detail && { detail, json: event.json };
  });

const ofApi = async (
  id: string,
  { account }: Options,
  settings: Settings,
  signal: AbortSignal,
): Promise<Found | undefined> => {
  refuseUnknown(
    account,
    settings.accounts.map(({ name }) => name),
    'there are',
  );
  const accounts = settings.accounts.filter(({ name }) => account === undefined || name === account);
  const event = await remoteEvent({ ...settings, accounts }, id, Date.now, Math.random, signal);
  if (!event) return undefined;
  const row = { ...eventRowOf({ ...event, seenAtMs: 0 }, event.fields, []), seen_at: null };
  return { detail: { event: { ...row, json: event.fields }, previous: null, alerts: [] }, json: event.json };
};

const MAX_LINE = 2_000;
/** Names of facts are short; a longer one is cut. */
const NAME = 16;

const print = async (out: Output, { detail, json }: Found): Promise<void> => {
  const { line, colours } = out;
  const { event, previous, alerts } = detail;
  const shown = (text: string, length = 500): string => visibleText(text, length);
  const fact = (name: string, text: string): Promise<void> =>
    line(`${colours.faint(name.padEnd(NAME))}${text}`);
  const fields = isObject(event.json) ? event.json : {};
  const described = describeEvent(fields, event.event_type);
  await line(colours.strong(shown(described.sentence)));
  await line();
  await fact('event', shown(event.id));
  await fact('type', shown(event.event_type));
  await fact('account', shown(event.account));
  await fact('happened', timeText(event.created_at));
  if (event.seen_at !== null) await fact('seen', timeText(event.seen_at));
  for (const { name, value } of described.fields)
    if (name !== 'When') await fact(shown(name, NAME - 2).toLowerCase(), shown(value));
  for (const alert of alerts)
    await fact(
      'alert',
      `${paintLevel(colours, alert.level, alert.level)} ${shown(alert.title)}  ${colours.faint(alert.id)}`,
    );
  if (previous)
    await fact(
      'before it',
      `${timeText(previous.created_at)}  ${shown(previous.sentence)}  ${colours.faint(shown(previous.id))}`,
    );
  await line();
  for (const text of pretty(json)) await line(text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text);
};

/** The event as JSON in lines; as it stands when it is not to be read. */
const pretty = (json: string): readonly string[] => {
  let text = json;
  try {
    text = JSON.stringify(JSON.parse(json), undefined, 2);
  } catch {
    // Nested deeper than can be written, or none: shown as it is.
  }
  return escapeJsonControls(text).split(/[\r\n]+/);
};
