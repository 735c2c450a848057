import { parseCondition } from './condition.ts';
import type { Expression, Item, Test } from './item.ts';
import { readModifiers } from './modifiers.ts';
import { type Entry, entry, type Mapping, type Node, placeIn, type Scalar } from './node.ts';
import type { ValueContext } from './placeholders.ts';
import { didYouMean, type Reporter, shown } from './problem.ts';
import { ANY, ONE, type Piece } from './text-pattern.ts';
import { readValue, VALUE_KINDS } from './values.ts';

const pieceKey = (piece: Piece): string => (piece === ANY ? '*' : piece === ONE ? '?' : `=${piece}`);
const testKey = (test: Test): unknown => {
  if (test.type === 'text') return [test.pattern.map(pieceKey), test.cased, test.number ?? null];
  return test.type === 'regex' ? ['regex', test.source, test.flags] : test;
};

const itemKey = (item: Omit<Item, 'key'>): string =>
  JSON.stringify([
    item.field ?? null,
    item.part ?? null,
    item.all,
    item.negated,
    item.values.map((value) => value.alternatives.map(testKey)),
  ]);

const readItem = (key: string, at: number, node: Node, context: ValueContext): Expression | undefined => {
  const { reporter } = context;
  if (node.kind === 'map') {
    reporter.problem(
      node.at,
      `the value of ${shown(key)} is a map; allowed is ${VALUE_KINDS}`,
      'name nested fields with dots, such as context.msisdn',
    );
    return undefined;
  }
  const nodes = node.kind === 'list' ? node.items : [node];
  if (nodes.length === 0) {
    reporter.problem(node.at, `the list of ${shown(key)} is empty`, 'give it a value, or remove the line');
    return undefined;
  }
  const read = readModifiers(key, at, node.kind === 'list', reporter);
  if (!read) return undefined;
  const { field, modifiers } = read;
  const values = [];
  for (const child of nodes) {
    if (child.kind !== 'scalar') {
      reporter.problem(child.at, `a ${child.kind} in the list of ${shown(key)}; allowed is ${VALUE_KINDS}`);
      continue;
    }
    const value = readValue(child, field, modifiers, context);
    if (value) values.push(value);
  }
  if (values.length < nodes.length) return undefined;
  const item = {
    field: field === '' ? undefined : field,
    label: key,
    at,
    part: modifiers.part,
    all: modifiers.all,
    negated: modifiers.negated,
    values,
  };
  return { op: 'item', item: { ...item, key: itemKey(item) } };
};

const keywords = (scalars: readonly Scalar[], at: number, context: ValueContext): Expression | undefined =>
  readItem('', at, { kind: 'list', at, items: scalars, size: scalars.length, height: 1 }, context);

const readSelection = (name: string, node: Node, context: ValueContext): Expression | undefined => {
  const { reporter } = context;
  if (node.kind === 'scalar') {
    if (node.type !== 'null' && node.text !== '') return keywords([node], node.at, context);
    reporter.problem(node.at, `the search identifier ${shown(name)} is empty`);
    return undefined;
  }
  const items: Expression[] = [];
  let failed = false;
  const add = (item: Expression | undefined): void => {
    if (item) items.push(item);
    else failed = true;
  };
  if (node.kind === 'map') {
    if (node.entries.length === 0) {
      reporter.problem(node.at, `the search identifier ${shown(name)} is an empty map`);
      return undefined;
    }
    for (const { key, at, value } of node.entries) add(readItem(key, at, value, context));
  } else {
    if (node.items.length === 0) {
      reporter.problem(node.at, `the search identifier ${shown(name)} is an empty list`);
      return undefined;
    }
    const scalars = node.items.filter((child) => child.kind === 'scalar');
    if (scalars.length > 0) add(keywords(scalars, node.at, context));
    for (const child of node.items) if (child.kind !== 'scalar') add(readSelection(name, child, context));
  }
  if (failed) return undefined;
  if (items.length === 1) return items[0];
  return { op: node.kind === 'map' ? 'and' : 'or', items };
};

const readConditions = (node: Node, reporter: Reporter): Scalar[] | undefined => {
  const nodes = node.kind === 'list' ? node.items : [node];
  const texts = nodes.filter((child): child is Scalar => child.kind === 'scalar' && child.type !== 'null');
  if (nodes.length > 0 && texts.length === nodes.length) return texts;
  reporter.problem(
    node.at,
    'the condition must be a text such as "selection and not filter", or a list of such',
  );
  return undefined;
};

/** What a detection or filter section asks of an event, with what the linter needs to know of it. */
export interface Detection {
  readonly expression: Expression;
  /** The condition as written; several are joined with `or`. */
  readonly condition: string;
  readonly conditionAt: number;
  /** Search identifiers that no condition names. */
  readonly unused: readonly { readonly name: string; readonly at: number }[];
}

/**
 * Reads a `detection:` or `filter:` map; `ignored` are keys that are no search identifiers. Reports all problems and
 * answers undefined when there was one.
 */
export const readDetection = (
  map: Mapping,
  ignored: readonly string[],
  context: ValueContext,
): Detection | undefined => {
  const { reporter } = context;
  const conditionEntry = entry(map, 'condition');
  const timeframe = entry(map, 'timeframe');
  if (timeframe) {
    reporter.problem(
      timeframe.at,
      '"timeframe" is not part of Sigma 2',
      'use a correlation with "timespan" and refer to this rule',
    );
  }
  const selections = map.entries.filter(
    ({ key }: Entry) => key !== 'condition' && key !== 'timeframe' && !ignored.includes(key),
  );
  const read = new Map<string, Expression | undefined>();
  for (const { key, at, value } of selections) {
    if (!/^[A-Za-z0-9_.-]+$/.test(key))
      reporter.problem(
        at,
        `the search identifier ${shown(key)} may hold letters, digits, "_", "-" and "." only`,
      );
    const item = readSelection(key, value, context);
    read.set(key, item && { op: 'selection', name: key, item });
  }
  if (selections.length === 0) reporter.problem(map.at, 'there is no search identifier beside the condition');
  if (!conditionEntry) {
    const slip = map.entries.find(({ key }) => didYouMean(key, ['condition']) !== undefined);
    reporter.problem(
      slip?.at ?? map.at,
      'the key "condition" is missing',
      slip ? didYouMean(slip.key, ['condition']) : 'add "condition: …"',
    );
    return undefined;
  }
  const conditions = readConditions(conditionEntry.value, reporter);
  if (!conditions) return undefined;
  const names = [...read.keys()];
  const used = new Set<string>();
  const before = reporter.count();
  const trees = conditions.map((scalar) =>
    parseCondition(scalar.text, names, (offset) => placeIn(scalar, offset), reporter),
  );
  if (reporter.count() > before || timeframe) return undefined;
  let failed = selections.length === 0;
  const resolve = (condition: NonNullable<(typeof trees)[number]>): Expression | undefined => {
    if (condition.op === 'name') {
      used.add(condition.name);
      const found = read.get(condition.name);
      if (!found) failed = true;
      return found;
    }
    if (condition.op === 'not') {
      const item = resolve(condition.item);
      return item && { op: 'not', item };
    }
    const items = condition.items.map(resolve).filter((item) => item !== undefined);
    return { op: condition.op, items };
  };
  const expressions = trees.map((tree) => tree && resolve(tree)).filter((item) => item !== undefined);
  if (failed || [...read.values()].includes(undefined)) return undefined;
  const [first] = expressions;
  if (!first) return undefined;
  return {
    expression: expressions.length === 1 ? first : { op: 'or', items: expressions },
    condition: conditions.map((scalar) => scalar.text).join(' or '),
    conditionAt: conditionEntry.value.at,
    unused: selections.filter(({ key }) => !used.has(key)).map(({ key, at }) => ({ name: key, at })),
  };
};
