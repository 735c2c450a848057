import type { TimePart } from '../core/time-zone.ts';
import type { Pattern } from './text-pattern.ts';

export const COMPARISONS = ['lt', 'lte', 'gt', 'gte'] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** One thing a value can be held against. */
export type Test =
  | { readonly type: 'null' }
  | {
      readonly type: 'text';
      readonly pattern: Pattern;
      readonly cased: boolean;
      /** Set when the rule wrote a number: then numbers are also compared as such. */
      readonly number: number | undefined;
    }
  | {
      readonly type: 'regex';
      readonly source: string;
      readonly flags: string;
      /** Compiled when it was checked; not part of what tells tests apart. */
      readonly matches: (text: string) => boolean;
    }
  | { readonly type: 'cidr'; readonly network: string }
  | { readonly type: 'compare'; readonly op: Comparison; readonly text: string }
  | { readonly type: 'exists'; readonly value: boolean }
  | {
      readonly type: 'fieldref';
      readonly field: string;
      readonly openStart: boolean;
      readonly openEnd: boolean;
      readonly cased: boolean;
    };

/** One value of a rule. Transformations may make several texts of it; they are joined with OR even under `all`. */
export interface Value {
  /** As written, for explanations. */
  readonly text: string;
  readonly alternatives: readonly Test[];
}

/** One `field|modifiers: values` of a selection, or a list of keywords (no field). */
export interface Item {
  readonly field: string | undefined;
  /** As written, such as `context.http|contains|all`. */
  readonly label: string;
  readonly at: number;
  readonly part: TimePart | undefined;
  readonly all: boolean;
  readonly negated: boolean;
  readonly values: readonly Value[];
  /** Equal for items that hold for the same events, so that they are evaluated once. */
  readonly key: string;
}

/** What a rule asks of one event. */
export type Expression =
  | { readonly op: 'and' | 'or'; readonly items: readonly Expression[] }
  | { readonly op: 'not'; readonly item: Expression }
  | { readonly op: 'selection'; readonly name: string; readonly item: Expression }
  | { readonly op: 'item'; readonly item: Item };

/** The parts of an expression; none of an item. */
export const partsOf = (expression: Expression): readonly Expression[] => {
  switch (expression.op) {
    case 'item':
      return [];
    case 'and':
    case 'or':
      return expression.items;
    case 'not':
    case 'selection':
      break;
  }
  return [expression.item];
};

/** All items of an expression, each as often as it stands there. */
export const itemsOf = (expression: Expression): Item[] => {
  const found: Item[] = [];
  const visit = (node: Expression): void => {
    if (node.op === 'item') found.push(node.item);
    else for (const part of partsOf(node)) visit(part);
  };
  visit(expression);
  return found;
};
