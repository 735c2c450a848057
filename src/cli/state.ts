import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { loginName, refuseMissing, withStore } from '../app/deliveries.ts';
import { counted, grouped } from '../app/numbers.ts';
import { resetMemory } from '../app/reset-memory.ts';
import { UsageError } from '../base/errors.ts';
import { didYouMean } from '../base/similar.ts';
import { FLEET } from '../core/fleet.ts';
import { type Remembered, rememberedOf } from '../rules/remembered.ts';
import { openHistoryAt } from '../store/open.ts';
import type { StoredHistory } from '../store/open-history.ts';
import { about, CONFIG } from './about.ts';
import { listed } from './arguments.ts';
import { confirm } from './confirm.ts';
import type { CommandContext } from './context.ts';
import { createListWriter, type ListFormat, type ListStyle, withListFormats } from './format.ts';
import { loadSettings } from './load-or-refuse.ts';
import { loadSelected } from './load-rules.ts';
import { outputs } from './output.ts';
import { registerStateCopy } from './state-copy.ts';
import { registerStateMigrate } from './state-migrate.ts';
import { timeCell } from './times.ts';

interface Options {
  readonly config?: string;
  readonly account?: string;
  readonly rule: readonly string[];
  readonly output: ListFormat;
}

interface ResetOptions extends Omit<Options, 'output'> {
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly author?: string;
  readonly reason?: string;
}

/** `state show|export|reset`: what rules remember between events. */
export const registerState = (program: Command, context: CommandContext): void => {
  const state = program
    .command('state')
    .description('look after what is stored: what rules remember, copies, migrations');
  const choosing = (command: Command): Command =>
    command
      .option('--account <name>', 'only what they remember of one account')
      .option('--rule <rule>', 'only what this rule remembers: id, name or title (repeatable)', listed, [])
      .option(...CONFIG);

  const show = choosing(withListFormats(state.command('show')))
    .description('list the rules that remember something; with --rule: what exactly')
    .action(async (options: Options) => {
      const records = await chosenRecords(options);
      if (options.rule.length > 0) await printRecords(options, records);
      else await printTotals(options, records);
    });
  registerStateCopy(state, context);
  registerStateMigrate(state);
  about(show, ['state show', 'state show --account default --rule "First Use of an IP Address"']);

  const write = choosing(withListFormats(state.command('export')))
    .description('write everything that rules remember, for other programs')
    .action(async (options: Options) =>
      printRecords(
        options.output === 'table' ? { ...options, output: 'ndjson' } : options,
        await chosenRecords(options),
      ),
    );
  about(write, ['state export > state.ndjson', 'state export --output csv --account default']);

  const reset = choosing(state.command('reset'))
    .description('make rules forget what they remember; cannot be undone, and is recorded as an act')
    .option('--all', 'really of all rules')
    .option('--yes', 'do not ask for a confirmation')
    .option('--author <name>', 'who does this (default: the login name)')
    .option('--reason <text>', 'why, for the history')
    .action((options: ResetOptions) => resetState(options, context.signal));
  about(
    reset,
    [
      'state reset --rule "First Use of an IP Address" --reason "learnt from a drill"',
      'state reset --all --account retail --yes',
    ],
    { 2: 'a monitor runs and would write its memory back, or there was nothing to forget' },
  );
};

interface Row extends Remembered {
  readonly account: string;
  readonly title: string;
}

/** The accounts of the store that are meant; throws a UsageError for one that it does not know. */
const chosenAccounts = async (
  stored: StoredHistory,
  account: string | undefined,
): Promise<readonly string[]> => {
  const known = await stored.history.accounts();
  // What rules over all accounts remember lies under a name of its own.
  if (account === undefined) return (await stored.memory(FLEET)).length > 0 ? [...known, FLEET] : known;
  if (account === FLEET) return [FLEET];
  if (!known.includes(account))
    throw new UsageError(
      `the store knows no account "${account}"; there are ${known.join(', ') || 'none'}${didYouMean(account, known)}`,
    );
  return [account];
};

const chosenRecords = async (options: Options): Promise<readonly Row[]> => {
  const { settings } = await loadSettings(options.config);
  const { set, ids } = await loadSelected(options.config, options.rule, { passOver: true });
  const titles = new Map(set.compiled.rules.map(({ info }) => [info.id, info.title]));
  refuseMissing(settings.store.place);
  const stored = await openHistoryAt(settings.store.place);
  try {
    const rows: Row[] = [];
    for (const account of await chosenAccounts(stored, options.account))
      for (const { key, value } of await stored.memory(account)) {
        const record = rememberedOf(key, value);
        if (!record || (options.rule.length > 0 && !ids.has(record.ruleId))) continue;
        rows.push({
          ...record,
          account,
          title: titles.get(record.ruleId) ?? `${record.ruleId} (not loaded)`,
        });
      }
    return rows;
  } finally {
    await stored.close();
  }
};

const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

const RECORDS: ListStyle<Row> = {
  columns: [
    { head: 'ACCOUNT', min: 10 },
    { head: 'RULE', min: 16, drop: 1 },
    { head: 'MEMORY', drop: 2 },
    { head: 'NEWEST (UTC)' },
    { head: 'ABOUT', min: 16 },
    { head: 'WHAT', min: 12 },
  ],
  cells: ({ account, title, kind, atMs, about: values, what }) => [
    visibleText(account, 64),
    visibleText(title, 80),
    kind,
    timeCell(iso(atMs)),
    visibleText(values.join(', '), 200),
    visibleText(what, 200),
  ],
  json: ({ account, ruleId, title, kind, about: values, what, atMs }) => ({
    account,
    rule: { id: ruleId, title },
    memory: kind,
    about: values,
    what,
    newest_at: iso(atMs),
  }),
  nothing: 'nothing is remembered',
};

const printRecords = async ({ output }: Pick<Options, 'output'>, rows: readonly Row[]): Promise<void> => {
  const list = createListWriter(outputs().out, output, RECORDS);
  for (const row of rows) await list.add(row);
  await list.end(counted(rows.length, 'record'));
};

/** What one rule remembers of one account, summed up. */
interface Total {
  readonly row: Row;
  readonly records: number;
  readonly newestMs: number | undefined;
}

const TOTALS: ListStyle<Total> = {
  columns: [
    { head: 'ACCOUNT', min: 10 },
    { head: 'RULE', min: 20 },
    { head: 'MEMORY' },
    { head: 'RECORDS', right: true },
    { head: 'NEWEST (UTC)', drop: 1 },
  ],
  cells: ({ row, records, newestMs }) => [
    visibleText(row.account, 64),
    visibleText(row.title, 80),
    row.kind,
    grouped(records),
    timeCell(iso(newestMs)),
  ],
  json: ({ row, records, newestMs }) => ({
    account: row.account,
    rule: { id: row.ruleId, title: row.title },
    memory: row.kind,
    records,
    newest_at: iso(newestMs),
  }),
  nothing: RECORDS.nothing,
};

const printTotals = async ({ output }: Options, rows: readonly Row[]): Promise<void> => {
  const list = createListWriter(outputs().out, output, TOTALS);
  const groups = Map.groupBy(rows, ({ account, kind, ruleId }) => JSON.stringify([account, kind, ruleId]));
  for (const [row, ...more] of groups.values()) {
    if (!row) continue;
    const times = [row, ...more].map(({ atMs }) => atMs).filter((ms) => ms !== undefined);
    const newestMs = times.reduce<number | undefined>((most, ms) => Math.max(most ?? ms, ms), undefined);
    await list.add({ row, records: more.length + 1, newestMs });
  }
  await list.end(`${counted(groups.size, 'memory', 'memories')}, ${counted(rows.length, 'record')}`);
};

const resetState = async (options: ResetOptions, signal: AbortSignal): Promise<void> => {
  const { rule, account, all = false } = options;
  if (rule.length === 0 && !all)
    throw new UsageError('say which: --rule RULE, or --all for every one of them');
  if (rule.length > 0 && all) throw new UsageError('name rules, or take --all; not both');
  const { settings } = await loadSettings(options.config);
  refuseMissing(settings.store.place);
  const ids = all ? undefined : [...(await loadSelected(options.config, rule, { passOver: true })).ids];
  const stored = await openHistoryAt(settings.store.place);
  let accounts: readonly string[];
  try {
    accounts = await chosenAccounts(stored, account);
  } finally {
    await stored.close();
  }
  const of = ids === undefined ? 'all rules' : counted(ids.length, 'rule');
  await confirm(
    `What is remembered for ${of} in ${counted(accounts.length, 'account')} will be forgotten for good.`,
    options.yes === true,
    signal,
  );
  const wish = { accounts, rules: ids, by: options.author ?? loginName(), reason: options.reason ?? '' };
  const forgotten = await withStore(settings, Date.now, (store) => resetMemory(store, wish));
  if (forgotten === 0) throw new UsageError('there was nothing to forget');
  await outputs().out.line(`${counted(forgotten, 'entry', 'entries')} forgotten`);
};
