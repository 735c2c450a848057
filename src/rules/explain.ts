import { formatDuration } from '../base/duration.ts';
import type { AuditEvent } from '../core/event.ts';
import type { TimeZone } from '../core/time-zone.ts';
import type { CorrelationSpec, Limit } from './correlation.ts';
import { createEvaluator, type Holds } from './evaluator.ts';
import { type Expression, type Item, partsOf, type Test } from './item.ts';
import type { LinkedCorrelation, LinkedDetection } from './link.ts';
import type { MonitorBlock } from './monitor.ts';
import { oneOf, shown } from './problem.ts';
import { ANY, fold, type Piece, parsePattern } from './text-pattern.ts';
import { createFieldReader } from './view.ts';

/** One node of an explanation: what was asked, whether it holds, what was seen, and the parts it is made of. */
export interface Explanation {
  readonly text: string;
  /** Undefined when no event was given. */
  readonly holds: boolean | undefined;
  /** The value of the field in the event, for leaves. */
  readonly seen: string | undefined;
  readonly parts: readonly Explanation[];
}

const LIMIT_WORDS: Readonly<Record<Limit[0], string>> = {
  gt: 'more than',
  gte: 'at least',
  lt: 'fewer than',
  lte: 'at most',
  eq: 'exactly',
  neq: 'any number but',
};
const COMPARE_WORDS = { lt: 'below', lte: 'at most', gt: 'above', gte: 'at least' } as const;

const list = (words: readonly string[], join: 'or' | 'and'): string => {
  const few = words.length > 12 ? [...words.slice(0, 11), `${words.length - 11} more`] : words;
  return join === 'or' ? oneOf(few) : oneOf(few).replace(/ or ([^,]*)$/, ' and $1');
};

const bare = (pattern: readonly Piece[]): string =>
  pattern.filter((piece) => typeof piece === 'string').join('');

const testText = (test: Test, written: string): string => {
  switch (test.type) {
    case 'null':
      return 'is missing or null';
    case 'exists':
      return test.value ? 'is there' : 'is not there';
    case 'regex':
      return `matches the expression ${shown(test.source)}${test.flags ? ` (flags ${test.flags})` : ''}`;
    case 'cidr':
      return `is an address in ${test.network}`;
    case 'compare':
      return `is ${COMPARE_WORDS[test.op]} ${test.text}`;
    case 'fieldref': {
      const verb = test.openStart
        ? test.openEnd
          ? 'contains'
          : 'ends with'
        : test.openEnd
          ? 'begins with'
          : 'equals';
      return `${verb} the value of ${test.field}`;
    }
    case 'text':
      break;
  }
  const { pattern } = test;
  const open = { start: pattern[0] === ANY, end: pattern.length > 1 && pattern[pattern.length - 1] === ANY };
  const inner = pattern.slice(open.start ? 1 : 0, open.end ? -1 : undefined);
  const literal = inner.every((piece) => typeof piece === 'string');
  const cased = test.cased ? ' (case matters)' : '';
  if (pattern.length === 1 && open.start) return 'has any value';
  if (!literal) return `is like ${shown(written)}${cased}`;
  // Tests hold the folded text; what the rule's author wrote reads better.
  const author = bare(parsePattern(written));
  const text = shown(fold(author) === bare(inner) ? author : bare(inner));
  if (open.start) return `${open.end ? 'contains' : 'ends with'} ${text}${cased}`;
  return `${open.end ? 'begins with' : 'is'} ${text}${cased}`;
};

const itemText = (item: Item): string => {
  const subject =
    item.field === undefined
      ? 'some value of the event'
      : item.part
        ? `the ${item.part} of ${item.field}`
        : item.field;
  const texts = item.values.map((value) => {
    const [first] = value.alternatives;
    if (!first) return `is in the empty list of ${shown(value.text)}`;
    if (value.alternatives.length === 1) return testText(first, value.text);
    const each = value.alternatives.map((test) => testText(test, value.text));
    return each.length > 6 ? `is one of ${each.length} values of ${shown(value.text)}` : list(each, 'or');
  });
  // "is A, is B or is C" reads better as "is A, B or C".
  const head = /^(is|contains|begins with|ends with) (?=")/.exec(texts[0] ?? '')?.[0];
  const shared =
    head !== undefined && texts.every((text) => text.startsWith(head) && !text.includes(' (case'));
  const said = shared ? texts.map((text) => text.slice(head.length)) : texts;
  const joined = (shared ? head : '') + list(said, item.all ? 'and' : 'or');
  return item.negated ? `it is not so that ${subject} ${joined}` : `${subject} ${joined}`;
};

const seenOf = (item: Item, event: AuditEvent): string => {
  if (item.field === undefined) return 'any of its values';
  const value = createFieldReader(item.field, { cutValues: 0 })(event.fields);
  if (!value.present) return 'nothing: the field is missing';
  if (value.leaves.length === 0) return value.nothing ? 'null' : 'an object or an empty list';
  return value.leaves.map((leaf) => shown(leaf.text)).join(', ');
};

type Judge = (expression: Expression) => boolean | undefined;

const explain = (expression: Expression, judge: Judge, event: AuditEvent | undefined): Explanation => {
  const holds = judge(expression);
  const part = (child: Expression): Explanation => explain(child, judge, event);
  switch (expression.op) {
    case 'item':
      return {
        text: itemText(expression.item),
        holds,
        seen: event && seenOf(expression.item, event),
        parts: [],
      };
    case 'selection':
      return { text: expression.name, holds, seen: undefined, parts: [part(expression.item)] };
    case 'not':
      return { text: 'not', holds, seen: undefined, parts: [part(expression.item)] };
    case 'and':
    case 'or':
      break;
  }
  const text = expression.op === 'and' ? 'all of' : 'at least one of';
  return { text, holds, seen: undefined, parts: expression.items.map(part) };
};

/** Why a detection holds for an event, or why not: the tree of its conditions with what was seen. */
export const explainEvent = (rule: LinkedDetection, event: AuditEvent, zone: TimeZone): Explanation => {
  const all: Expression[] = [];
  const gather = (expression: Expression): void => {
    all.push(expression);
    for (const part of partsOf(expression)) gather(part);
  };
  gather(rule.expression);
  const evaluator = createEvaluator(all, zone, { cutValues: 0 });
  evaluator.show(event);
  const judge: Judge = (expression) => (evaluator.conditions[all.indexOf(expression)] as Holds)();
  return explain(rule.expression, judge, event);
};

const monitorText = (monitor: MonitorBlock): string[] => {
  const { changed, firstSeen, inside, outside, suppress } = monitor;
  const by = (fields: readonly string[]): string =>
    fields.length > 0 ? ` of the same ${fields.join(' and ')}` : '';
  const lines: string[] = [];
  if (changed) lines.push(`Only when ${changed.field} differs from the last value${by(changed.by)}.`);
  if (firstSeen) {
    const learn = firstSeen.learnMs > 0 ? `, after ${formatDuration(firstSeen.learnMs)} of learning` : '';
    lines.push(
      `Only when ${firstSeen.field} has a value not seen for ${formatDuration(firstSeen.rememberMs)}${by(firstSeen.by)}${learn}.`,
    );
  }
  if (inside.length > 0) lines.push(`Only inside the time window ${inside.join(' or ')}.`);
  if (outside.length > 0) lines.push(`Only outside the time window ${outside.join(' and ')}.`);
  if (monitor.to) lines.push(`Its alerts go to ${monitor.to.join(', ')}, whatever the routes say.`);
  if (suppress)
    lines.push(
      `After one alert${by(suppress.by)}, further ones are folded for ${formatDuration(suppress.forMs)}.`,
    );
  if (monitor.unsilenceable) lines.push('Silences do not apply.');
  if (monitor.scope === 'fleet') lines.push('It looks at the events of all accounts together.');
  if (monitor.shadow) lines.push('It is a shadow rule: recorded and counted, but nothing is sent.');
  return lines;
};

const limitsText = (limits: readonly Limit[]): string =>
  limits.map(([op, value]) => `${LIMIT_WORDS[op]} ${value}`).join(' and ');

const correlationText = (spec: CorrelationSpec): string => {
  const rules = list(spec.rules.map(shown), spec.type.startsWith('temporal') ? 'and' : 'or');
  const span = `within ${formatDuration(spec.spanMs)}`;
  const group = spec.groupBy.length > 0 ? `, for the same ${spec.groupBy.join(' and ')}` : '';
  const field = spec.fields.join(' and ');
  const of = {
    event_count: `there are ${limitsText(spec.limits)} matches of ${rules}`,
    value_count: `there are ${limitsText(spec.limits)} different values of ${field} in matches of ${rules}`,
    value_sum: `the sum of ${field} in matches of ${rules} is ${limitsText(spec.limits)}`,
    value_avg: `the average of ${field} in matches of ${rules} is ${limitsText(spec.limits)}`,
    value_median: `the median of ${field} in matches of ${rules} is ${limitsText(spec.limits)}`,
    value_percentile: `percentile ${spec.percentile} of ${field} in matches of ${rules} is ${limitsText(spec.limits)}`,
    temporal:
      spec.limits.length > 0
        ? `${limitsText(spec.limits)} of ${rules} match`
        : `${rules} ${spec.names ? 'match as the condition says' : 'all match'}`,
    temporal_ordered: `${rules} match in this order`,
  } as const;
  return `Alerts when ${of[spec.type]} ${span}${group}.`;
};

/** Lines of an explanation: a mark, what was asked, what was seen; parts are indented. */
export const formatExplanation = (node: Explanation, depth = 0): string[] => {
  const mark = node.holds === undefined ? '-' : node.holds ? '✔' : '✘';
  const seen = node.seen === undefined ? '' : ` (saw ${node.seen})`;
  const line = `${'  '.repeat(depth)}${mark} ${node.text}${seen}`;
  return [line, ...node.parts.flatMap((part) => formatExplanation(part, depth + 1))];
};

/** A rule in plain English, line by line. */
export const explainRule = (rule: LinkedDetection | LinkedCorrelation): string[] => {
  const { info, monitor } = rule.header;
  const lines = [`${info.title} (${info.level})`];
  if (info.description) lines.push(info.description.trim());
  if ('spec' in rule) lines.push(correlationText(rule.spec));
  else
    lines.push(
      'Looks at each event and asks for:',
      ...formatExplanation(explain(rule.expression, () => undefined, undefined)),
    );
  lines.push(...monitorText(monitor));
  if (!rule.alerting) lines.push('It does not alert by itself: a correlation refers to it.');
  return lines;
};
