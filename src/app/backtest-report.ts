import { visibleText } from '../alerts/visible-text.ts';
import { LEVELS, type Level } from '../core/alert.ts';
import type { RuleInfo } from '../core/match.ts';
import type { Replayed } from './backtest.ts';
import type { Tally } from './backtest-tally.ts';
import { counted, grouped } from './numbers.ts';

/** What a report of a backtest is made from. */
export interface ReportInput {
  readonly tally: Tally;
  readonly replayed: Replayed;
  /** The rules that were tried. */
  readonly rules: readonly RuleInfo[];
  /** Where the events came from, for people. */
  readonly source: string;
}

/** Painting of what stands out. */
export interface ReportColours {
  strong(text: string): string;
  faint(text: string): string;
  level(level: Level, text: string): string;
}

const MAX_DAYS = 62;
const MAX_GROUPS = 10;
const MAX_EXAMPLES = 12;
const BAR = 40;
const DAY_MS = 86_400_000;

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const title = ({ title: text }: RuleInfo): string => visibleText(text, 80);
const severity = (level: Level): number => LEVELS.indexOf(level);

const perRule = ({ tally, replayed, rules }: ReportInput, colours: ReportColours): readonly string[] => {
  const tallies = tally.rules();
  const spanDays = Math.max(1, ((replayed.lastMs ?? 0) - (replayed.firstMs ?? 0)) / DAY_MS);
  const rows = tallies.map(({ rule, count: alerts, days }) => {
    const busiest = days.reduce((most, each) => (each[1] > most[1] ? each : most));
    const facts = [
      grouped(alerts).padStart(9),
      (alerts / spanDays).toFixed(1).padStart(9),
      `${busiest[0]} (${grouped(busiest[1])})`.padEnd(20),
    ].join('  ');
    const shadow = rule.shadow ? ' (shadow)' : '';
    return `  ${colours.level(rule.level, rule.level.padEnd(13))}  ${facts}  ${title(rule)}${shadow}`;
  });
  const silent = rules.length - tallies.length;
  if (rows.length === 0) return [`No alert from ${counted(rules.length, 'rule')}.`];
  return [
    colours.strong('Alerts by rule'),
    colours.faint(`  ${'level'.padEnd(13)}     alerts  per day    busiest day           rule`),
    ...rows,
    ...(silent > 0 ? [colours.faint(`  ${counted(silent, 'rule')} never alerted`)] : []),
  ];
};

/** Alerts per day (per month when there are many days), by level, with a bar. */
const perDay = ({ tally }: ReportInput, colours: ReportColours): readonly string[] => {
  const tallies = tally.rules();
  const allDays = new Set(tallies.flatMap(({ days }) => days.map(([each]) => each)));
  const width = allDays.size > MAX_DAYS ? 7 : 10;
  const sums = new Map<string, Map<Level, number>>();
  for (const { rule, days } of tallies)
    for (const [each, alerts] of days) {
      const key = each.slice(0, width);
      const levels = sums.get(key) ?? new Map<Level, number>();
      sums.set(key, levels.set(rule.level, (levels.get(rule.level) ?? 0) + alerts));
    }
  const totals = [...sums].map(([key, levels]) => ({
    key,
    levels,
    total: [...levels.values()].reduce((sum, each) => sum + each, 0),
  }));
  const most = Math.max(1, ...totals.map(({ total }) => total));
  const rows = totals
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, levels, total }) => {
      const parts = [...levels]
        .sort(([a], [b]) => severity(b) - severity(a))
        .map(([level, alerts]) => `${grouped(alerts)} ${level}`)
        .join(', ');
      const bar = '▇'.repeat(Math.max(1, Math.round((total / most) * BAR)));
      return `  ${key}  ${grouped(total).padStart(9)}  ${bar} ${colours.faint(parts)}`;
    });
  return rows.length === 0
    ? []
    : [colours.strong(width === 7 ? 'Alerts by month' : 'Alerts by day'), ...rows];
};

const noisiest = ({ tally }: ReportInput, colours: ReportColours): readonly string[] => {
  const groups = tally.groups(MAX_GROUPS);
  if (groups.length === 0) return [];
  return [
    colours.strong('Noisiest groups'),
    ...groups.map(
      ({ rule, group, count: alerts }) =>
        `  ${grouped(alerts).padStart(9)}  ${title(rule)}: ${visibleText(group, 120)}`,
    ),
  ];
};

const examples = ({ tally }: ReportInput, colours: ReportColours): readonly string[] => {
  const some = tally
    .rules()
    .toSorted((a, b) => severity(b.rule.level) - severity(a.rule.level))
    .flatMap(({ examples: each }) => each.slice(0, 1))
    .slice(0, MAX_EXAMPLES);
  if (some.length === 0) return [];
  return [
    colours.strong('Examples'),
    ...some.flatMap(({ rule, createdAtMs, message }) => [
      `  ${colours.level(rule.level, rule.level)}  ${visibleText(rule.title, 80)}, ${new Date(createdAtMs).toISOString()}`,
      `    ${visibleText(message, 400)}`,
    ]),
  ];
};

/** What a backtest found, for people. */
export const backtestReport = (input: ReportInput, colours: ReportColours): string => {
  const { replayed, rules, source } = input;
  const { firstMs, lastMs } = replayed;
  const when = firstMs === undefined || lastMs === undefined ? '' : `, ${day(firstMs)} to ${day(lastMs)}`;
  const head = `${counted(rules.length, 'rule')} held against ${counted(replayed.events, 'event')}${when}, from ${source}`;
  const stopped = replayed.complete ? [] : ['Stopped early: this is what was found until then.'];
  return [
    [head, ...stopped],
    perRule(input, colours),
    perDay(input, colours),
    noisiest(input, colours),
    examples(input, colours),
  ]
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n');
};
