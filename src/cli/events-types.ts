import { type Command, Option } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { createConsoleTrail } from '../app/console-trail.ts';
import { refuseMissing, withStore } from '../app/deliveries.ts';
import type { CompiledRules } from '../app/load.ts';
import { counted, grouped } from '../app/numbers.ts';
import { createQuietClient } from '../app/quiet-client.ts';
import { errorText, UsageError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { EventTypesAnswer } from '../server/trail-shapes.ts';
import { about, CONFIG } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { createListWriter, type ListFormat, type ListStyle, withListFormats } from './format.ts';
import { loadSettings } from './load-or-refuse.ts';
import { outputs } from './output.ts';
import { timeCell } from './times.ts';

interface Options {
  readonly config?: string;
  readonly source: 'api' | 'local';
  readonly output: ListFormat;
}

type TypeItem = EventTypesAnswer['items'][number] & { readonly description: string | null };

/** `events types`: what kinds of events there are, and what we know of each. */
export const registerEventsTypes = (events: Command, context: CommandContext): void => {
  const command = withListFormats(events.command('types'))
    .description(
      'list the event types: those that the API lists now, that were stored, and that rules look for',
    )
    .addOption(
      new Option('--source <source>', 'ask the API for its list, or take the one that the store remembers')
        .choices(['api', 'local'])
        .default('api'),
    )
    .option(...CONFIG)
    .action(async (options: Options) => {
      const { settings, rules } = await loadSettings(options.config);
      const { out, err } = outputs();
      const live = options.source === 'api' ? await listedNow(settings, context.signal) : undefined;
      const known = await knownTypes(settings, rules, context.signal);
      const list = createListWriter(out, options.output, STYLE);
      const items = merged(known, live?.types);
      for (const item of items) await list.add(item);
      await list.end(counted(items.length, 'type'));
      if (live?.problem === undefined) return;
      await err.line(visibleText(live.problem, 500));
      context.exit(EXIT.failed);
    });
  about(command, ['events types', 'events types --source local --json'], {
    1: 'the API could not be asked; what is known without it is listed',
  });
};

/** The live list of all accounts together, with the API's words for each. */
const listedNow = async (
  settings: Settings,
  signal: AbortSignal,
): Promise<{
  readonly types: ReadonlyMap<string, string> | undefined;
  readonly problem: string | undefined;
}> => {
  const types = new Map<string, string>();
  let problem: string | undefined;
  let isAnswered = false;
  for (const account of settings.accounts) {
    const client = createQuietClient(settings, account, Date.now, Math.random);
    try {
      const answer = await client.eventTypes(signal);
      isAnswered ||= answer !== undefined;
      for (const { type, description } of answer ?? []) types.set(type, description ?? '');
    } catch (error) {
      if (signal.aborted) throw error;
      problem ??= `account "${account.name}": ${errorText(error)}`;
    } finally {
      await client.close();
    }
  }
  return { types: isAnswered ? types : undefined, problem };
};

/** What the store and the rules know; the rules alone where there is no store. */
const knownTypes = async (
  settings: Settings,
  rules: CompiledRules,
  signal: AbortSignal,
): Promise<EventTypesAnswer['items']> => {
  try {
    refuseMissing(settings.store.place);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [...typesOfRules(rules)].map(([event_type, titles]) => ({
      event_type,
      listed: false,
      stored: null,
      last_at: null,
      rules: [...titles],
    }));
  }
  return withStore(
    settings,
    Date.now,
    async (store) =>
      (await createConsoleTrail({ store, rules: () => rules, now: Date.now }).eventTypes(signal)).items,
  );
};

const typesOfRules = (rules: CompiledRules): ReadonlyMap<string, readonly string[]> => {
  const named = new Map<string, string[]>();
  for (const { info, eventTypes } of rules.rules)
    for (const type of eventTypes ?? []) {
      const key = type.toUpperCase();
      named.set(key, [...(named.get(key) ?? []), info.title]);
    }
  return named;
};

const merged = (
  known: EventTypesAnswer['items'],
  live: ReadonlyMap<string, string> | undefined,
): readonly TypeItem[] => {
  const byName = new Map(known.map((item) => [item.event_type, item]));
  const names = new Set([...byName.keys(), ...(live?.keys() ?? [])]);
  return [...names].sort().map((event_type): TypeItem => {
    const item = byName.get(event_type) ?? { event_type, listed: false, stored: 0, last_at: null, rules: [] };
    return {
      ...item,
      listed: live ? live.has(event_type) : item.listed,
      description: live?.get(event_type) || null,
    };
  });
};

const STYLE: ListStyle<TypeItem> = {
  columns: [
    { head: 'TYPE' },
    { head: 'LISTED' },
    { head: 'STORED', right: true },
    { head: 'LAST (UTC)' },
    { head: 'RULES', right: true },
    { head: 'DESCRIPTION', min: 16, drop: 1 },
  ],
  cells: ({ event_type, listed, stored, last_at, rules, description }) => [
    visibleText(event_type, 80),
    listed ? 'yes' : 'no',
    stored === null ? 'some' : grouped(stored),
    timeCell(last_at),
    grouped(rules.length),
    visibleText(description ?? '', 200),
  ],
  json: (item) => item,
  nothing: 'there are none',
};
