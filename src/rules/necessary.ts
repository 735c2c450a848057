import type { Expression, Item, Test } from './item.ts';
import { fold, isLiteral, literalText } from './text-pattern.ts';

/**
 * Something cheap to look up that a value must show before a test on it can hold. All texts are folded, and what is
 * necessary is never sufficient: the condition itself is always evaluated.
 */
export type Atom =
  | { readonly kind: 'exact'; readonly field: string; readonly text: string }
  | { readonly kind: 'part'; readonly field: string; readonly text: string }
  | { readonly kind: 'present'; readonly field: string };

/** Shortest text that is worth looking for inside values. */
export const PART_LENGTH = 3;

/** A text every match of the expression contains, folded; '' when none is certain. Errs on the side of ''. */
export const regexLiteral = (source: string, flags: string): string => {
  if (/\\[QE]|\(\?[a-z]*[xU]/.test(source)) return '';
  const caseless = flags.includes('i') || /\(\?[a-zA-Z]*i/.test(source);
  let best = '';
  let run = '';
  let depth = 0;
  const end = (): void => {
    if (run.length > best.length) best = run;
    run = '';
  };
  for (let at = 0; at < source.length; at += 1) {
    const char = source[at] as string;
    let literal: string | undefined;
    if (char === '\\') {
      at += 1;
      const escaped = source[at] ?? '';
      if (!/[a-zA-Z0-9]/.test(escaped)) literal = escaped;
      else if (/[pPx]/.test(escaped) && source[at + 1] === '{') at = source.indexOf('}', at);
      else if (escaped === 'x') at += 2;
      if (at < 0) return '';
    } else if (char === '[') {
      end();
      at += source[at + 1] === '^' ? 2 : 1;
      // A bracket that comes first in a class is one of its members.
      if (source[at] === ']') at += 1;
      while (at < source.length && source[at] !== ']') {
        if (source[at] === '[' && source[at + 1] === ':') at = Math.max(at, source.indexOf(':]', at) + 1);
        else if (source[at] === '\\') at += 1;
        at += 1;
      }
      continue;
    } else if (char === '(') {
      depth += 1;
    } else if (char === ')') {
      depth -= 1;
    } else if (char === '|') {
      if (depth === 0) return '';
    } else if (!'.^$*+?{}'.includes(char)) literal = char;
    // What stands in a group may be optional or one of several; the caseless forms of s and of what is not ASCII are many.
    if (depth > 0 || literal === undefined || (caseless && /[sS\u0080-\uffff]/.test(literal))) {
      if (char === '{') at = Math.max(at, source.indexOf('}', at));
      end();
      continue;
    }
    const next = source[at + 1];
    if (next === '*' || next === '?' || next === '{') {
      end();
      continue;
    }
    run += literal;
    if (next === '+') end();
  }
  end();
  return fold(best);
};

const atomsOf = (field: string, test: Test): readonly Atom[] | undefined => {
  const present: Atom = { kind: 'present', field };
  switch (test.type) {
    case 'text': {
      if (isLiteral(test.pattern)) {
        const text = fold(literalText(test.pattern));
        const canonical = test.number === undefined ? text : String(test.number).toLowerCase();
        const exact: Atom = { kind: 'exact', field, text };
        return canonical === text ? [exact] : [exact, { kind: 'exact', field, text: canonical }];
      }
      let longest = '';
      for (const piece of test.pattern)
        if (typeof piece === 'string' && piece.length > longest.length) longest = piece;
      return longest.length < PART_LENGTH ? [present] : [{ kind: 'part', field, text: fold(longest) }];
    }
    case 'regex': {
      const text = regexLiteral(test.source, test.flags);
      return text.length < PART_LENGTH ? [present] : [{ kind: 'part', field, text }];
    }
    case 'exists':
      return test.value ? [present] : undefined;
    case 'null':
      return undefined;
    case 'cidr':
    case 'compare':
    case 'fieldref':
      break;
  }
  return [present];
};

const anyAtom = (field: string, tests: readonly Test[]): readonly Atom[] | undefined => {
  const atoms: Atom[] = [];
  for (const test of tests) {
    const found = atomsOf(field, test);
    if (!found) return undefined;
    atoms.push(...found);
  }
  return atoms;
};

const setsOfItem = (item: Item): (readonly Atom[])[] => {
  const { field } = item;
  // Times are computed and may come from elsewhere; a negation needs nothing.
  if (field === undefined || item.negated || item.part) return [];
  const groups = item.all
    ? item.values.map((value) => anyAtom(field, value.alternatives))
    : [
        anyAtom(
          field,
          item.values.flatMap((value) => value.alternatives),
        ),
      ];
  return groups.filter((atoms) => atoms !== undefined);
};

const COST = { exact: 1, part: 3, present: 60 } as const;

/** How many rules a set of atoms lets through, roughly: less is better. */
const costOf = (atoms: readonly Atom[]): number =>
  atoms.reduce((sum, { kind, field }) => sum + COST[kind] * (field === 'event_type' ? 20 : 1), 0);

/**
 * Sets of atoms of each of which at least one must show for the expression to hold. Empty: nothing is necessary. An
 * empty set can never show, and neither can the expression hold.
 */
export const necessarySets = (expression: Expression): (readonly Atom[])[] => {
  switch (expression.op) {
    case 'item':
      return setsOfItem(expression.item);
    case 'selection':
      return necessarySets(expression.item);
    case 'and':
      return expression.items.flatMap(necessarySets);
    case 'or': {
      const union: Atom[] = [];
      for (const child of expression.items) {
        const best = cheapest(necessarySets(child));
        if (!best) return [];
        union.push(...best);
      }
      return [union];
    }
    case 'not':
      break;
  }
  return [];
};

/** The set that lets the fewest rules through. */
export const cheapest = (sets: readonly (readonly Atom[])[]): readonly Atom[] | undefined => {
  let best: readonly Atom[] | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const atoms of sets) {
    const cost = costOf(atoms);
    if (cost < bestCost) {
      best = atoms;
      bestCost = cost;
    }
  }
  return best;
};
