import { type Condition, parseCondition } from './condition.ts';
import { type Header, type RuleHeader, ruleHeader } from './document-header.ts';
import { placeIn } from './node.ts';
import { didYouMean, oneOf, type Reporter, shown } from './problem.ts';
import type { Fields } from './read.ts';

export const CORRELATION_TYPES = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
] as const;
export type CorrelationType = (typeof CORRELATION_TYPES)[number];

export const LIMITS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const;
export type Limit = readonly [op: (typeof LIMITS)[number], value: number];

/** The highest threshold of a count: more entries are never kept for one group. */
export const MAX_COUNT = 100_000;

/** A checked correlation; what it refers to is still by id or name. */
export interface CorrelationSpec {
  readonly header: RuleHeader;
  readonly type: CorrelationType;
  /** Ids or names as written, with their place. */
  readonly rules: readonly string[];
  readonly rulesAt: number;
  readonly groupBy: readonly string[];
  /** Name in group-by → id or name of a rule → field of that rule's events. */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly aliasesAt: number;
  readonly spanMs: number;
  /** All must hold; empty for temporal types with a condition over names. */
  readonly limits: readonly Limit[];
  /** Of a temporal type: a boolean condition over the names in `rules`. */
  readonly names: Condition | undefined;
  /** Fields whose values are counted or computed with. */
  readonly fields: readonly string[];
  readonly percentile: number;
  readonly generate: boolean;
}

const KEYS = ['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate'];
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/** Whether all limits hold for a number. NaN (nothing to compute with) holds for none. */
export const withinLimits = (limits: readonly Limit[], value: number): boolean => {
  if (Number.isNaN(value)) return false;
  for (const [op, limit] of limits) {
    if (
      op === 'gt'
        ? !(value > limit)
        : op === 'gte'
          ? !(value >= limit)
          : op === 'lt'
            ? !(value < limit)
            : false
    )
      return false;
    if (
      op === 'lte'
        ? !(value <= limit)
        : op === 'eq'
          ? value !== limit
          : op === 'neq'
            ? value === limit
            : false
    )
      return false;
  }
  return true;
};

const readSpan = (section: Fields, reporter: Reporter): number => {
  const text = section.text('timespan');
  const match = /^(\d{1,6})([smhdwMy])$/.exec(text ?? '');
  const ms = Number(match?.[1]) * (UNIT_MS[match?.[2] ?? ''] ?? Number.NaN);
  if (ms > 0) return ms;
  const found = text === undefined ? 'is missing' : `is ${shown(text)}`;
  const slip = section.has('timeframe') ? 'write "timespan"' : undefined;
  reporter.problem(
    section.at('timespan'),
    `"timespan" ${found}; it must be a duration such as 30s, 5m, 1h or 7d`,
    slip,
  );
  return 1;
};

const readAliases = (section: Fields, reporter: Reporter): Map<string, Map<string, string>> => {
  const aliases = new Map<string, Map<string, string>>();
  const map = section.fields('aliases');
  for (const { key, value } of map?.map.entries ?? []) {
    if (value.kind !== 'map') {
      reporter.problem(value.at, `the alias ${shown(key)} must be a map of rule to field`);
      continue;
    }
    const fields = new Map<string, string>();
    for (const entry of value.entries) {
      if (entry.value.kind === 'scalar' && entry.value.text !== '') fields.set(entry.key, entry.value.text);
      else
        reporter.problem(entry.value.at, `the alias ${shown(key)} must name a field for ${shown(entry.key)}`);
    }
    aliases.set(key, fields);
  }
  return aliases;
};

const readLimits = (condition: Fields, type: CorrelationType, reporter: Reporter): Limit[] => {
  const valued = type.startsWith('value_');
  const allowed = [
    ...LIMITS,
    ...(valued ? ['field'] : []),
    ...(type === 'value_percentile' ? ['percentile'] : []),
  ];
  condition.only(allowed, `the condition of ${shown(type)}`);
  const limits: Limit[] = [];
  for (const op of LIMITS) {
    const text = condition.text(op);
    if (text === undefined) continue;
    if (/^-?\d+(\.\d+)?$/.test(text)) limits.push([op, Number(text)]);
    else reporter.problem(condition.at(op), `${shown(op)} must be a number, found ${shown(text)}`);
  }
  const high = limits.find(([, value]) => value > MAX_COUNT);
  if (high && (type === 'event_count' || type === 'value_count'))
    reporter.problem(
      condition.at(high[0]),
      `${shown(high[0])} of a count is at most ${MAX_COUNT}, found ${high[1]}`,
    );
  if (limits.length === 0)
    reporter.problem(condition.map.at, `the condition needs at least one of ${oneOf(LIMITS)}`);
  const empty = limits.some(
    ([op, low]) =>
      (op === 'gt' || op === 'gte') &&
      limits.some(
        ([other, high]) =>
          (other === 'lt' || other === 'lte') &&
          (high < low || (high === low && (op === 'gt' || other === 'lt'))),
      ),
  );
  if (empty) reporter.problem(condition.map.at, 'no number meets the condition');
  return limits;
};

/** Reads a `correlation:` section. Every problem is reported; undefined when the type is not known. */
export const readCorrelation = (header: Header, section: Fields): CorrelationSpec | undefined => {
  const { reporter } = header;
  section.only(KEYS, '"correlation"');
  const type = section.choice('type', CORRELATION_TYPES);
  if (!type) {
    if (!section.has('type'))
      reporter.problem(section.map.at, `"correlation" needs "type": ${oneOf(CORRELATION_TYPES)}`);
    return undefined;
  }
  const rules = section.texts('rules') ?? [];
  if (rules.length === 0)
    reporter.problem(section.at('rules'), '"correlation" needs "rules", a list of ids or names');
  if (new Set(rules).size < rules.length && type !== 'temporal_ordered')
    reporter.problem(section.at('rules'), 'a rule stands twice in "rules"');
  const temporal = type === 'temporal' || type === 'temporal_ordered';
  const node = section.node('condition');
  let limits: Limit[] = [];
  let names: Condition | undefined;
  let fields: readonly string[] = [];
  let percentile = 50;
  if (node?.kind === 'scalar' && temporal) {
    names = parseCondition(node.text, rules, (offset) => placeIn(node, offset), reporter);
    if (type === 'temporal_ordered')
      reporter.problem(node.at, 'a condition over names cannot be ordered', 'write "type: temporal"');
  } else if (node) {
    const condition = section.fields('condition');
    if (condition) {
      limits = readLimits(condition, type, reporter);
      fields = condition.texts('field') ?? [];
      if (type.startsWith('value_') && fields.length === 0)
        reporter.problem(condition.map.at, `the condition of ${shown(type)} needs "field"`);
      if (type.startsWith('value_') && type !== 'value_count' && fields.length > 1)
        reporter.problem(condition.at('field'), `${shown(type)} takes one field, found ${fields.length}`);
      const text = condition.text('percentile');
      percentile = text === undefined ? 50 : Number(text);
      if (type === 'value_percentile' && !(text !== undefined && percentile >= 0 && percentile <= 100))
        reporter.problem(
          condition.at('percentile'),
          '"value_percentile" needs "percentile", a number from 0 to 100',
        );
    }
  } else if (!temporal) {
    const hint = didYouMean(section.map.entries.find(({ key }) => !KEYS.includes(key))?.key ?? '', [
      'condition',
    ]);
    reporter.problem(section.map.at, `${shown(type)} needs "condition", such as {gte: 5}`, hint);
  }
  return {
    header: ruleHeader(header),
    type,
    rules,
    rulesAt: section.at('rules'),
    groupBy: section.texts('group-by') ?? [],
    aliases: readAliases(section, reporter),
    aliasesAt: section.at('aliases'),
    spanMs: readSpan(section, reporter),
    limits,
    names,
    fields,
    percentile,
    generate: header.generate || (section.flag('generate') ?? false),
  };
};
