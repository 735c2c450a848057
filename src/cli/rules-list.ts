import { relative } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { detectionsOf, linkedRule } from '../app/explain.ts';
import { counted, grouped } from '../app/numbers.ts';
import { ruleHits } from '../app/rule-hits.ts';
import type { RuleSet } from '../app/rule-set.ts';
import { errorText } from '../base/errors.ts';
import { LEVELS, type Level } from '../core/alert.ts';
import { about, CONFIG } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { createListWriter, type ListFormat, type ListStyle, withListFormats } from './format.ts';
import { loadRulesOrRefuse } from './load-rules.ts';
import { type Colours, type Output, outputs, paintLevel } from './output.ts';

interface Options {
  readonly config?: string;
  readonly days: number;
  readonly output: ListFormat;
}

const DAY_MS = 86_400_000;
const MAX_TYPES = 3;

/** `rules list`: the rules at a glance. */
export const registerRulesList = (rules: Command, context: CommandContext): void => {
  const command = withListFormats(rules.command('list'))
    .argument('[path...]', 'rule files and folders (default: the rules of the configuration)')
    .description(
      'list rules with level, status, scope, event types, tests, and how often they alerted lately',
    )
    .option('--days <count>', 'days over which hits are counted in the store', days, 30)
    .option(...CONFIG)
    .action(async (paths: string[], options: Options) => {
      const { out, err } = outputs();
      const set = await loadRulesOrRefuse(options.config, paths);
      const rows = listed(set, await hitsOf(set, options.days, err));
      await printRules(out, rows, set, options);
      context.exit(EXIT.ok);
    });
  about(command, ['rules list', 'rules list --days 7 --json']);
};

const days = (text: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('Allowed: a whole number from 1 to 9999.');
  return Number(text);
};

const hitsOf = async (
  set: RuleSet,
  lastDays: number,
  err: Output,
): Promise<ReadonlyMap<string, number> | undefined> => {
  const { storePlace } = set.configuration;
  try {
    return storePlace === undefined ? undefined : await ruleHits(storePlace, Date.now() - lastDays * DAY_MS);
  } catch (error) {
    await err.line(`hits are not known: ${errorText(error)}`);
    return undefined;
  }
};

interface Row {
  readonly id: string;
  readonly name: string | null;
  readonly title: string;
  readonly kind: 'detection' | 'correlation';
  readonly scope: RuleSet['compiled']['rules'][number]['scope'];
  readonly level: Level;
  readonly status: string | null;
  /** Event types outside of which it cannot match; null: any. */
  readonly event_types: readonly string[] | null;
  readonly alerts: boolean;
  readonly shadow: boolean;
  readonly tests: number;
  /** Null: there is no store. */
  readonly hits: number | null;
  readonly file: string;
  readonly line: number;
}

const typesOf = (set: RuleSet, id: string): readonly string[] | null => {
  const rule = linkedRule(set.compiled, id);
  const types = new Set<string>();
  for (const { header } of rule ? detectionsOf(set.compiled, rule) : []) {
    const pinned = set.compiled.rules.find(({ info }) => info.id === header.info.id)?.eventTypes;
    if (!pinned) return null;
    for (const type of pinned) types.add(type.toUpperCase());
  }
  return [...types].sort();
};

const listed = (set: RuleSet, hits: ReadonlyMap<string, number> | undefined): readonly Row[] =>
  set.compiled.rules
    .filter(({ info }) => set.isChosen(info))
    .map(
      ({ info, kind, scope, name, status, line, alerting, tests }): Row => ({
        id: info.id,
        name: name ?? null,
        title: info.title,
        kind,
        scope,
        level: info.level,
        status: status ?? null,
        event_types: typesOf(set, info.id),
        alerts: alerting,
        shadow: info.shadow,
        tests: tests.length,
        hits: hits ? (hits.get(info.id) ?? 0) : null,
        file: relative(process.cwd(), info.file),
        line,
      }),
    )
    .sort(
      (a, b) =>
        LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level) ||
        (a.title < b.title ? -1 : a.title > b.title ? 1 : 0),
    );

const typeText = (types: readonly string[] | null): string => {
  if (types === null) return 'any';
  const shown = types.slice(0, MAX_TYPES).join(' ');
  return types.length > MAX_TYPES ? `${shown} +${types.length - MAX_TYPES}` : shown;
};

const titleText = ({ title, shadow, alerts }: Row): string =>
  `${visibleText(title, 80)}${shadow ? ' (shadow)' : ''}${alerts ? '' : ' (feeds correlations)'}`;

const styleOf = (colours: Colours, lastDays: number): ListStyle<Row> => ({
  columns: [
    { head: 'LEVEL' },
    { head: 'STATUS', drop: 2 },
    { head: 'SCOPE', drop: 4 },
    { head: 'TESTS', right: true, drop: 1 },
    { head: `HITS ${lastDays}D`, right: true },
    { head: 'TITLE', min: 30 },
    { head: 'TYPES', min: 12, drop: 3 },
  ],
  cells: (row) => [
    row.level,
    row.status ?? '-',
    row.scope,
    String(row.tests),
    row.hits === null ? '-' : grouped(row.hits),
    titleText(row),
    visibleText(typeText(row.event_types), 120),
  ],
  json: (row) => row,
  paint: (text, { level }, column) => (column === 0 ? paintLevel(colours, level, text) : text),
  nothing: 'there are none',
});

const printRules = async (
  out: Output,
  rows: readonly Row[],
  set: RuleSet,
  { days: lastDays, output }: Options,
): Promise<void> => {
  const list = createListWriter(out, output, styleOf(out.colours, lastDays));
  for (const row of rows) await list.add(row);
  await list.end();
  if (output !== 'table') return;
  const { faint } = out.colours;
  const skipped = set.compiled.skipped.filter(({ info }) => set.isChosen(info));
  for (const { info, reason } of skipped)
    await out.line(faint(`not loaded: ${visibleText(info.title, 80)} (${visibleText(reason, 120)})`));
  await out.line(faint(counted(rows.length, 'rule')));
};
