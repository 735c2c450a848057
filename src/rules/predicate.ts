import { parseTime, type TimeZone, timePart } from '../core/time-zone.ts';
import { inNetwork, type Network, parseAddress, parseNetwork } from './cidr.ts';
import type { Comparison, Item, Test } from './item.ts';
import { regexLiteral } from './necessary.ts';
import { compilePattern, isLiteral, literalText } from './text-pattern.ts';
import type { EventView, FieldValue, Leaf } from './view.ts';

/** Whether an item holds for the shown event. */
export type Predicate = (view: EventView) => boolean;

/** What compiling an item needs: slots for its fields and the zone for parts of times. */
export interface PredicateContext {
  slot(field: string): number;
  readonly zone: TimeZone;
}

type LeafTest = (leaf: Leaf) => boolean;

const compareNumbers = (op: Comparison, a: number | bigint, b: number | bigint): boolean => {
  switch (op) {
    case 'lt':
      return a < b;
    case 'lte':
      return a <= b;
    case 'gt':
      return a > b;
    case 'gte':
      break;
  }
  return a >= b;
};

const compare = (op: Comparison, limitText: string): LeafTest => {
  const limit = Number(limitText);
  const exact = /^-?\d+$/.test(limitText) ? BigInt(limitText) : undefined;
  return ({ raw, text }) => {
    if (typeof raw === 'boolean') return false;
    if (typeof raw === 'number') return compareNumbers(op, raw, limit);
    if (text.length > 400 || !/^[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text)) return false;
    const value = Number(text);
    // Past 2^53 neighbours look equal as numbers, so whole ones are compared digit by digit.
    if (exact !== undefined && /^-?\d+$/.test(text) && !Number.isSafeInteger(value))
      return compareNumbers(op, BigInt(text), exact);
    return compareNumbers(op, value, limit);
  };
};

const leafTest = (test: Test): LeafTest => {
  switch (test.type) {
    case 'text': {
      const matches = compilePattern(test.pattern);
      const { number } = test;
      if (number !== undefined) return (leaf) => matches(leaf.folded) || leaf.raw === number;
      return test.cased ? (leaf) => matches(leaf.text) : (leaf) => matches(leaf.folded);
    }
    case 'regex': {
      // Looking for a text that every match contains takes a fraction of the time, and mostly it is not there.
      const literal = regexLiteral(test.source, test.flags);
      if (literal.length < 2) return (leaf) => test.matches(leaf.text);
      return (leaf) => leaf.folded.includes(literal) && test.matches(leaf.text);
    }
    case 'cidr': {
      const network = parseNetwork(test.network) as Network;
      return (leaf) => {
        const address = parseAddress(leaf.text);
        return address !== undefined && inNetwork(network, address);
      };
    }
    case 'compare':
      return compare(test.op, test.text);
    case 'null':
    case 'exists':
    case 'fieldref':
      break;
  }
  throw new Error(`"${test.type}" is no test of a single value`);
};

// Exact texts become one set look-up; the rest are tried in order of cost.
const anyOf = (tests: readonly Test[]): LeafTest => {
  const exact = new Set<string>();
  const others: Test[] = [];
  for (const test of tests) {
    if (test.type === 'text' && !test.cased && test.number === undefined && isLiteral(test.pattern))
      exact.add(literalText(test.pattern));
    else others.push(test);
  }
  const cost = (test: Test): number => (test.type === 'regex' ? 2 : test.type === 'cidr' ? 1 : 0);
  const compiled = others.sort((a, b) => cost(a) - cost(b)).map(leafTest);
  if (compiled.length === 0 && exact.size === 1) {
    const [only] = exact;
    return (leaf) => leaf.folded === only;
  }
  if (compiled.length === 0) return (leaf) => exact.has(leaf.folded);
  const [first] = compiled;
  if (exact.size === 0 && compiled.length === 1 && first) return first;
  return (leaf) => {
    if (exact.has(leaf.folded)) return true;
    for (const test of compiled) if (test(leaf)) return true;
    return false;
  };
};

type Read = (view: EventView) => FieldValue;

const reader = (item: Item, context: PredicateContext): Read => {
  const { field, part } = item;
  if (field === undefined) return (view) => ({ present: true, nothing: false, leaves: view.keywords() });
  const slot = context.slot(field);
  if (!part) return (view) => view.field(slot);
  const { zone } = context;
  const leafAt = (atMs: number): Leaf => {
    const raw = timePart(zone, part, atMs);
    return { raw, text: String(raw), folded: String(raw) };
  };
  if (field === 'created_at')
    return (view) => ({ present: true, nothing: false, leaves: [leafAt(view.event.createdAtMs)] });
  return (view) => {
    const value = view.field(slot);
    const leaves = value.leaves.flatMap(({ text }) => {
      const atMs = parseTime(text);
      return atMs === undefined ? [] : [leafAt(atMs)];
    });
    return { ...value, leaves };
  };
};

const fieldTest = (tests: readonly Test[]): ((value: FieldValue) => boolean) => {
  const withNull = tests.some((test) => test.type === 'null');
  const rest = tests.filter((test) => test.type !== 'null');
  if (rest.length === 0) return withNull ? (value) => value.nothing : () => false;
  const test = anyOf(rest);
  return (value) => {
    if (withNull && value.nothing) return true;
    const { leaves } = value;
    if (leaves.length === 1) return test(leaves[0] as Leaf);
    for (const leaf of leaves) if (test(leaf)) return true;
    return false;
  };
};

const fieldReference = (
  read: Read,
  test: Test & { type: 'fieldref' },
  context: PredicateContext,
): Predicate => {
  const other = context.slot(test.field);
  const form = (leaf: Leaf): string => (test.cased ? leaf.text : leaf.folded);
  const fits = (a: string, b: string): boolean => {
    if (test.openStart) return test.openEnd ? a.includes(b) : a.endsWith(b);
    return test.openEnd ? a.startsWith(b) : a === b;
  };
  return (view) => {
    const right = view.field(other).leaves;
    return read(view).leaves.some((a) => right.some((b) => fits(form(a), form(b))));
  };
};

/** Compiles an item; the result reads each field of an event through the view, so at most once. */
export const compileItem = (item: Item, context: PredicateContext): Predicate => {
  const read = reader(item, context);
  const group = (tests: readonly Test[]): Predicate => {
    const exists = tests.find((test) => test.type === 'exists');
    if (exists) {
      const wanted = new Set(tests.map((test) => test.type === 'exists' && test.value));
      return (view) => wanted.has(read(view).present);
    }
    const references = tests.filter((test) => test.type === 'fieldref');
    if (references.length > 0) {
      const compiled = references.map((test) => fieldReference(read, test, context));
      return (view) => compiled.some((predicate) => predicate(view));
    }
    const test = fieldTest(tests);
    return (view) => test(read(view));
  };
  let holds: Predicate;
  if (item.all) {
    const each = item.values.map((value) => group(value.alternatives));
    holds = (view) => each.every((predicate) => predicate(view));
  } else {
    holds = group(item.values.flatMap((value) => value.alternatives));
  }
  return item.negated ? (view) => !holds(view) : holds;
};
