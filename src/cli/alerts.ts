import { type Command, InvalidArgumentError, Option } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { readAlertRow } from '../app/alert-rows.ts';
import { loginName, withStore } from '../app/deliveries.ts';
import { counted } from '../app/numbers.ts';
import { searchAlerts } from '../app/search-alerts.ts';
import { UsageError } from '../base/errors.ts';
import { ALERT_KINDS, type AlertKind, LEVELS, type Level } from '../core/alert.ts';
import type { Store } from '../core/store.ts';
import type { AlertRow } from '../server/alert-shapes.ts';
import type { AlertSearch } from '../server/api-console.ts';
import { about, CONFIG } from './about.ts';
import { count, listed, MOMENT, moment } from './arguments.ts';
import { type CommandContext, EXIT } from './context.ts';
import { showStory } from './delivery-story.ts';
import {
  createListWriter,
  type ListFormat,
  type ListStyle,
  withAnswerFormats,
  withListFormats,
} from './format.ts';
import { loadSettings } from './load-or-refuse.ts';
import { type Output, outputs, paintLevel } from './output.ts';
import { timeCell } from './times.ts';

interface ListOptions {
  readonly config?: string;
  readonly from?: number;
  readonly to?: number;
  readonly account?: string;
  readonly level: readonly Level[];
  readonly kind?: AlertKind;
  readonly rule?: string;
  readonly status?: 'firing' | 'resolved';
  readonly search?: string;
  readonly limit: number;
  readonly output: ListFormat;
}

interface AckOptions {
  readonly config?: string;
  readonly author?: string;
  readonly reason?: string;
}

/** `alerts list|show|ack`: what was decided, and that somebody has seen it. */
export const registerAlerts = (program: Command, context: CommandContext): void => {
  const alerts = program
    .command('alerts')
    .description('look at what the monitor alerted, and say that it was seen');

  const list = withListFormats(alerts.command('list'))
    .description('list alerts, newest first')
    .option('--from <time>', `only those decided from then on: ${MOMENT}`, moment)
    .option('--to <time>', 'only those before, written likewise', moment)
    .option('--account <name>', 'only those of one account, or of "(fleet)": of rules over all accounts')
    .addOption(
      new Option('--level <level>', 'only those of this level (repeatable)')
        .choices(LEVELS)
        .argParser((text: string, before: readonly string[]) => listed(levelOf(text), before))
        .default([]),
    )
    .addOption(new Option('--kind <kind>', 'only those of one kind').choices(ALERT_KINDS))
    .option('--rule <id>', 'only those of one rule, by its id')
    .addOption(new Option('--status <status>', 'only those').choices(['firing', 'resolved']))
    .option('--search <text>', 'only those with this text in title or message')
    .option('--limit <count>', 'at most so many', count, 50)
    .option(...CONFIG)
    .action((options: ListOptions) => printList(options, context));
  about(list, ['alerts list --level critical --level high --from 24h', 'alerts list --json | jq .message'], {
    1: 'it was interrupted',
  });

  const show = withAnswerFormats(alerts.command('show'))
    .argument('<id>', 'id of an alert')
    .description('the whole story of one alert; the same as deliveries show')
    .option(...CONFIG)
    .action(showStory);
  about(show, ['alerts show 9c7d0a52b1f84e6f8a3d5b0c2e417f60'], { 2: 'there is no such alert' });

  const ack = alerts
    .command('ack')
    .argument('<id...>', 'ids of alerts')
    .description('write down that alerts were seen, by whom and why; it silences nothing')
    .option('--author <name>', 'who does this (default: the login name)')
    .option('--reason <text>', 'why, for the history')
    .option(...CONFIG)
    .action(acknowledge);
  about(ack, ['alerts ack 9c7d0a52b1f84e6f8a3d5b0c2e417f60 --reason "planned change, ticket 4711"'], {
    2: 'there is no such alert',
  });
};

const levelOf = (text: string): Level => {
  const level = LEVELS.find((one) => one === text);
  if (!level) throw new InvalidArgumentError(`Allowed choices are ${LEVELS.join(', ')}.`);
  return level;
};

const printList = async (options: ListOptions, context: CommandContext): Promise<void> => {
  const { out } = outputs();
  const { settings } = await loadSettings(options.config);
  const list = createListWriter(out, options.output, styleOf(out, settings.accounts.length > 1));
  let found = 0;
  await withStore(settings, Date.now, async (store) => {
    for await (const row of rowsOf(store, options, context.signal)) {
      found += 1;
      await list.add(row);
      if (found >= options.limit || out.closed) break;
    }
  });
  await list.end(
    found >= options.limit
      ? `the newest ${counted(found, 'alert')}; --limit gives more`
      : counted(found, 'alert'),
  );
  if (context.signal.aborted) context.exit(EXIT.failed);
};

/** At once; a search over much is asked again and again anyway. */
const PART = 100;

async function* rowsOf(
  store: Store,
  { account, kind, level, rule, status, search, from, to }: ListOptions,
  signal: AbortSignal,
): AsyncGenerator<AlertRow, void, void> {
  const wish: Omit<AlertSearch, 'after' | 'limit'> = {
    account,
    kind,
    levels: level.length === 0 ? undefined : level,
    rule,
    status,
    search,
    fromMs: from,
    toMs: to,
    newestFirst: true,
  };
  let after: string | undefined;
  do {
    const part = await searchAlerts(store.browse, { ...wish, after, limit: PART }, signal);
    for (const alert of part.alerts) yield readAlertRow(store, alert);
    after = part.next;
  } while (after !== undefined && !signal.aborted);
}

const styleOf = (out: Output, several: boolean): ListStyle<AlertRow> => ({
  columns: [
    { head: 'DECIDED (UTC)' },
    { head: 'LEVEL' },
    { head: several ? 'ACCOUNT' : '', min: 8, drop: 2 },
    { head: 'ALERT', min: 20 },
    { head: 'SEEN BY', min: 8, drop: 1 },
    { head: 'DELIVERIES', min: 10, drop: 4 },
    { head: 'ID', drop: 3 },
  ],
  cells: (row) => [
    timeCell(row.decided_at),
    row.status === 'resolved' ? 'resolved' : row.level,
    several ? visibleText(row.account ?? '', 64) : '',
    visibleText(row.kind === 'rule' ? row.rule.title : `${row.rule.title} (${row.kind})`, 100),
    visibleText(row.acknowledged?.by ?? '', 30),
    Object.entries(row.deliveries)
      .map(([state, number]) => `${String(number)} ${state}`)
      .join(', '),
    row.id,
  ],
  json: (row) => row,
  paint: (text, { level, status }, column) => {
    if (column !== 1) return text;
    return status === 'resolved' ? out.colours.good(text) : paintLevel(out.colours, level, text);
  },
  nothing: 'there are none',
});

const acknowledge = async (ids: readonly string[], options: AckOptions): Promise<void> => {
  const { settings } = await loadSettings(options.config);
  const by = options.author ?? loginName();
  await withStore(settings, Date.now, async (store) => {
    for (const id of ids)
      if ((await store.history.alerts({ id, limit: 1 })).items.length === 0)
        throw new UsageError(
          `there is no alert with the id ${JSON.stringify(id.slice(0, 80))}; "alerts list" shows them`,
        );
    for (const id of ids)
      await store.acts.record({
        act: 'alert.acknowledged',
        atMs: Date.now(),
        by,
        subject: id,
        detail: options.reason ?? '',
      });
  });
  await outputs().out.line(`${counted(ids.length, 'alert')} acknowledged`);
};
