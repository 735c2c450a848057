import { type Command, InvalidArgumentError, Option } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { withStore } from '../app/deliveries.ts';
import { createApiEvents } from '../app/list-api-events.ts';
import { type ListedEvent, type OnReached, storedEvents } from '../app/list-events.ts';
import { counted } from '../app/numbers.ts';
import { UsageError } from '../base/errors.ts';
import { didYouMean } from '../base/similar.ts';
import type { Settings } from '../config/settings.ts';
import { LEVELS } from '../core/alert.ts';
import { parseNetwork } from '../rules/cidr.ts';
import { about, CONFIG } from './about.ts';
import { count, listed, MOMENT, moment } from './arguments.ts';
import { type CommandContext, EXIT } from './context.ts';
import { createListWriter, type ListFormat, type ListStyle, withListFormats } from './format.ts';
import { loadSettings } from './load-or-refuse.ts';
import { type Output, outputs, paintLevel } from './output.ts';
import { createProgress } from './progress.ts';
import { timeCell } from './times.ts';

interface Options {
  readonly config?: string;
  readonly from?: number;
  readonly to?: number;
  readonly account?: string;
  readonly type: readonly string[];
  readonly user?: string;
  readonly search?: string;
  readonly country?: string;
  readonly ip?: string;
  readonly matched?: boolean;
  readonly limit: number;
  readonly source: 'local' | 'api';
  readonly output: ListFormat;
}

/** Where an API list without --from ends: what is asked for is bounded, since every page costs a request. */
const API_BACK_MS = 30 * 86_400_000;

/** The option that says where events come from. */
export const sourceOption = (): Option =>
  new Option('--source <source>', 'the store of the monitor, or the Audit API itself')
    .choices(['local', 'api'])
    .default('local');

const country = (text: string): string => {
  if (!/^[A-Za-z]{2}$/.test(text)) throw new InvalidArgumentError('Allowed: two letters such as NL.');
  return text.toUpperCase();
};

const network = (text: string): string => {
  const parsed = parseNetwork(text);
  if (!('wrong' in parsed)) return text;
  throw new InvalidArgumentError(`It ${parsed.wrong}${parsed.hint ? `; ${parsed.hint}` : '.'}`);
};

/** `events list`: the trail, searched and filtered. */
export const registerEventsList = (events: Command, context: CommandContext): void => {
  const command = withListFormats(events.command('list'))
    .description('list events, newest first, out of the store or the Audit API itself')
    .option('--from <time>', `only events from then on: ${MOMENT}`, moment)
    .option('--to <time>', 'only events before, written likewise', moment)
    .option('--account <name>', 'only those of one account')
    .option('--type <type>', 'only events of this type (repeatable)', listed, [])
    .option('--user <id|email>', 'only what this user did: the id, or part of the e-mail address')
    .option('--search <text>', 'only events that hold this text')
    .option('--country <code>', 'only from this country, such as NL', country)
    .option('--ip <address>', 'only from this address or network, such as 203.0.113.0/24', network)
    .option('--matched', 'only events that took part in an alert (of the store)')
    .option('--limit <count>', 'at most so many', count, 50)
    .addOption(sourceOption())
    .option(...CONFIG)
    .action((options: Options) => run(options, context));
  about(
    command,
    [
      'events list --from 24h',
      'events list --type USER_LOGIN --country RU --json',
      'events list --source api --from 2026-01-01 --to 2026-02-01 --user alice@example.com --limit 1000 --output csv',
    ],
    { 1: 'the API could not be read, or it was interrupted' },
  );
};

const run = async (options: Options, context: CommandContext): Promise<void> => {
  const { from, to } = options;
  if (from !== undefined && to !== undefined && from >= to)
    throw new UsageError('--from must be before --to');
  if (options.matched && options.source === 'api')
    throw new UsageError(
      '--matched: only the store knows what took part in an alert; leave out --source api',
    );
  const { settings } = await loadSettings(options.config);
  const { out, err } = outputs();
  const list = createListWriter(out, options.output, styleOf(out, settings.accounts.length > 1));
  // On one terminal the bar and the rows would write over each other, but for tables, which are printed at their end.
  const isDrawn = out.columns === undefined || options.output === 'table';
  const progress = createProgress(isDrawn ? process.stderr : { isTTY: false, write() {} }, Date.now);
  const gone = new AbortController();
  const signal = AbortSignal.any([context.signal, gone.signal]);
  let found = 0;
  const take = async (one: ListedEvent): Promise<boolean> => {
    found += 1;
    if (found === 1 || options.output !== 'table') progress.clear();
    await list.add(one);
    if (out.closed) gone.abort();
    return found < options.limit && !signal.aborted;
  };
  const toMs = to ?? Date.now();
  const fromMs = from ?? toMs - API_BACK_MS;
  const onReached: OnReached = (reachedMs) =>
    progress.update(
      (toMs - reachedMs) / Math.max(toMs - fromMs, 1),
      `${counted(found, 'event')}, back to ${timeCell(new Date(reachedMs).toISOString())}`,
    );
  try {
    if (options.source === 'api') await fromApi(options, settings, { fromMs, toMs }, take, onReached, signal);
    else await fromStore(options, settings, take, onReached, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    progress.clear();
  }
  await list.end(
    found === 0
      ? undefined
      : found >= options.limit
        ? `the newest ${counted(found, 'event')}; --limit gives more`
        : counted(found, 'event'),
  );
  if (!context.signal.aborted) return;
  await err.line('stopped early: this is not all');
  context.exit(EXIT.failed);
};

type Take = (one: ListedEvent) => Promise<boolean>;

const searchOf = ({ account, type, user, search, country: code, ip }: Options) => ({
  account,
  types: type.length === 0 ? undefined : type,
  user,
  search,
  country: code,
  ip,
});

const fromStore = (
  options: Options,
  settings: Settings,
  take: Take,
  onReached: OnReached,
  signal: AbortSignal,
): Promise<void> =>
  withStore(settings, Date.now, async (store) => {
    const known = await store.history.accounts();
    refuseUnknown(options.account, known, 'the store knows');
    const { from: fromMs, to: toMs, matched = false } = options;
    const search = { ...searchOf(options), fromMs, toMs, matched, newestFirst: true };
    for await (const one of storedEvents(store, search, onReached, signal)) if (!(await take(one))) break;
  });

const fromApi = async (
  options: Options,
  settings: Settings,
  range: { readonly fromMs: number; readonly toMs: number },
  take: Take,
  onReached: OnReached,
  signal: AbortSignal,
): Promise<void> => {
  const known = settings.accounts.map(({ name }) => name);
  refuseUnknown(options.account, known, 'there are');
  const accounts = options.account === undefined ? known : [options.account];
  const api = createApiEvents(settings, accounts, { ...searchOf(options), ...range }, Date.now, Math.random);
  for await (const one of api.list(onReached, signal)) if (!(await take(one))) break;
  for (const remark of api.remarks()) await outputs().err.line(visibleText(remark, 500));
};

/** Rejects a name that no account has, for which "there are none" would be true and misleading. */
export const refuseUnknown = (account: string | undefined, known: readonly string[], there: string): void => {
  if (account === undefined || known.includes(account)) return;
  throw new UsageError(
    `there is no account "${account}"; ${there} ${known.join(', ') || 'none'}${didYouMean(account, known)}`,
  );
};

/** An event for programs: its row, and itself word for word. */
const eventLine = ({ row, json }: ListedEvent): string =>
  `${JSON.stringify(row).slice(0, -1)},"json":${json.replace(/[\r\n]+/g, ' ')}}`;

/** `several`: there are several accounts; else their names say nothing. */
const styleOf = (out: Output, several: boolean): ListStyle<ListedEvent> => ({
  columns: [
    { head: 'TIME (UTC)' },
    { head: several ? 'ACCOUNT' : '', min: 8, drop: 2 },
    { head: 'TYPE', min: 14 },
    { head: 'WHO', min: 12 },
    { head: 'FROM', min: 10 },
    { head: 'ALERT', drop: 1 },
    { head: 'ID', drop: 3 },
  ],
  cells: ({ row }) => [
    timeCell(row.created_at),
    several ? visibleText(row.account, 64) : '',
    visibleText(row.event_type, 60),
    visibleText(row.who, 60),
    visibleText([row.ip, row.country].filter(Boolean).join(' '), 60),
    worstLevel(row) ?? '',
    visibleText(row.id, 64),
  ],
  json: ({ row, json }) => ({ ...row, json }),
  text: eventLine,
  paint: (text, { row }, column) => {
    const level = worstLevel(row);
    return column === 5 && level ? paintLevel(out.colours, level, text) : text;
  },
  nothing: 'there are none',
});

const worstLevel = ({ alerts }: ListedEvent['row']) =>
  alerts.map(({ level }) => level).toSorted((a, b) => LEVELS.indexOf(b) - LEVELS.indexOf(a))[0];
