import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { type EventSource, replay } from '../app/backtest.ts';
import { createApiSource } from '../app/backtest-api.ts';
import { createFileSource } from '../app/backtest-file.ts';
import { createLocalSource } from '../app/backtest-local.ts';
import { backtestReport, type ReportColours } from '../app/backtest-report.ts';
import { createTally } from '../app/backtest-tally.ts';
import { counted, grouped } from '../app/numbers.ts';
import { pastAlertJson } from '../app/past-alert-json.ts';
import type { RuleSet } from '../app/rule-set.ts';
import { UsageError } from '../base/errors.ts';
import type { Level } from '../core/alert.ts';
import { placeText } from '../core/store-place.ts';
import { escapeJsonControls } from '../logs/terminal.ts';
import { about, CONFIG } from './about.ts';
import { duration, listed, MOMENT, moment } from './arguments.ts';
import { type CommandContext, EXIT } from './context.ts';
import { type RecordFormat, withRecordFormats } from './format.ts';
import { loadSettings } from './load-or-refuse.ts';
import { loadSelected } from './load-rules.ts';
import { type Colours, outputs } from './output.ts';
import { createProgress } from './progress.ts';

interface Options {
  readonly config?: string;
  readonly from?: number;
  readonly to?: number;
  readonly warmUp?: number;
  readonly rule: readonly string[];
  readonly source: string;
  readonly account?: string;
  readonly output: RecordFormat;
}

const DEFAULT_API_MS = 30 * 86_400_000;

/** `rules backtest`: what rules would have told about the past. */
export const registerRulesBacktest = (rules: Command, context: CommandContext): void => {
  const command = withRecordFormats(rules.command('backtest'))
    .description('replay past events through rules and count the alerts; sends and stores nothing')
    .option('--from <time>', `first moment: ${MOMENT}`, moment)
    .option('--to <time>', 'moment to stop before, written likewise', moment)
    .option(
      '--warm-up <duration>',
      'also read this much before --from, only to give rules their memory',
      duration,
    )
    .option(
      '--rule <rule...>',
      'only these rules: ids, names or titles of the configuration, or rule files',
      listed,
      [],
    )
    .option(
      '--source <source>',
      'local (the store), api, or a file with one event as JSON on each line',
      'local',
    )
    .option(
      '--account <name>',
      'only this account; for a file, the account its events are of (default: as an export says, else "default")',
    )
    .option(...CONFIG)
    .action(async (options: Options) => {
      if (options.from !== undefined && options.to !== undefined && options.from >= options.to)
        throw new UsageError('--from must be before --to');
      if (options.warmUp !== undefined && options.from === undefined)
        throw new UsageError('--warm-up needs --from');
      const { set, ids } = await loadSelected(options.config, options.rule);
      const alerting = set.compiled.rules.some((rule) => rule.alerting && ids.has(rule.info.id));
      if (!alerting)
        throw new UsageError('these rules only feed correlations and never alert: name the correlation');
      const { source, name, close } = await openSource(options, set);
      try {
        context.exit(await run(options, set, ids, source, name, context.signal));
      } finally {
        await close();
      }
    });
  about(
    command,
    [
      'rules backtest --from 30d',
      'rules backtest --rule my-rule.yml --source events.ndjson',
      'rules backtest --source api --from 2026-01-01 --to 2026-02-01 --json > alerts.ndjson',
    ],
    { 1: 'a rule failed on an event, or it was interrupted' },
  );
};

const openSource = async (
  { source, account, from, to, warmUp = 0 }: Options,
  set: RuleSet,
): Promise<{ readonly source: EventSource; readonly name: string; close(): Promise<void> }> => {
  const range = { fromMs: from === undefined ? undefined : from - warmUp, toMs: to };
  const nothing = { async close() {} };
  if (source === 'api') {
    const { settings } = await loadSettings(set.file);
    const nowMs = Date.now();
    const bounded = { fromMs: range.fromMs ?? (to ?? nowMs) - DEFAULT_API_MS, toMs: to ?? nowMs };
    const api = createApiSource(settings, account, bounded, Date.now, Math.random);
    return { source: api, name: settings.api.baseUrl, ...nothing };
  }
  if (source === 'local') {
    const { storePlace } = set.configuration;
    if (storePlace === undefined)
      throw new UsageError(`${set.file}: "store" cannot be read; "check" says why`);
    const local = await createLocalSource(storePlace, account, range);
    return { source: local, name: placeText(storePlace), close: () => local.close() };
  }
  return { source: createFileSource(source, account, range), name: source, ...nothing };
};

const LEVEL_PAINT: Readonly<Record<Level, 'bad' | 'doubtful' | 'faint'>> = {
  critical: 'bad',
  high: 'bad',
  medium: 'doubtful',
  low: 'faint',
  informational: 'faint',
};

const reportColours = (colours: Colours): ReportColours => ({
  strong: colours.strong,
  faint: colours.faint,
  level: (level, text) => colours[LEVEL_PAINT[level]](text),
});

const run = async (
  options: Options,
  set: RuleSet,
  ids: ReadonlySet<string>,
  source: EventSource,
  name: string,
  signal: AbortSignal,
): Promise<number> => {
  const { out, err } = outputs();
  const { compiled } = set;
  const isFleet = compiled.rules.some(
    ({ info, scope, alerting }) => scope === 'fleet' && alerting && ids.has(info.id),
  );
  const tally = createTally((atMs) => compiled.engineOptions.zone.offsetMs(atMs));
  // On one terminal the bar and the list would write over each other.
  const lines = options.output === 'ndjson';
  const drawn = lines && out.columns !== undefined ? { isTTY: false, write() {} } : process.stderr;
  const progress = createProgress(drawn, Date.now);
  // A reader that went away wants nothing more.
  const gone = new AbortController();
  let alerts = 0;
  let replayed: Awaited<ReturnType<typeof replay>>;
  try {
    replayed = await replay(
      {
        engine: compiled.engine,
        fleet: isFleet ? compiled.fleet : undefined,
        source,
        ids,
        countFromMs: options.warmUp === undefined ? undefined : options.from,
        async onAlert(past) {
          alerts += 1;
          if (!lines) return tally.add(past);
          await out.write(`${escapeJsonControls(pastAlertJson(past))}\n`);
          if (out.closed) gone.abort();
        },
        onProgress: (done, events) =>
          progress.update(done, `${counted(events, 'event')}, ${counted(alerts, 'alert')}`),
      },
      AbortSignal.any([signal, gone.signal]),
    );
  } finally {
    progress.clear();
  }
  if (!lines) {
    const tried = compiled.rules
      .filter(({ info, alerting }) => alerting && ids.has(info.id))
      .map(({ info }) => info);
    const report = backtestReport(
      { tally, replayed, rules: tried, source: name },
      reportColours(out.colours),
    );
    await out.line(report);
  }
  if (isFleet && options.rule.length > 0 && source.accounts().length < 2)
    await err.line('these are the events of one account: fleet rules compare those of several');
  for (const remark of source.remarks()) await err.line(visibleText(remark, 1_000));
  for (const { rule, count, reason } of replayed.failures)
    await err.line(
      `failed: ${visibleText(rule.title, 100)} on ${grouped(count)} of the events: ${visibleText(reason, 300)}`,
    );
  if (!replayed.complete && lines && !out.closed)
    await err.line('stopped early: these are the alerts until then');
  return replayed.failures.length > 0 || signal.aborted ? EXIT.failed : EXIT.ok;
};
