import type { AuditEvent } from '../core/event.ts';
import type { Evaluator } from './evaluator.ts';
import type { Expression } from './item.ts';
import { fold, isLiteral, literalText } from './text-pattern.ts';

/**
 * The event types (folded) outside of which the expression cannot hold; undefined when it may hold for any. Only a
 * plain, positive `event_type` pins a rule.
 */
export const pinnedTypes = (expression: Expression): ReadonlySet<string> | undefined => {
  switch (expression.op) {
    case 'item': {
      const { item } = expression;
      if (item.field !== 'event_type' || item.negated || item.part || item.all) return undefined;
      const types = new Set<string>();
      for (const { alternatives } of item.values) {
        for (const test of alternatives) {
          if (test.type !== 'text' || test.cased || !isLiteral(test.pattern)) return undefined;
          types.add(literalText(test.pattern));
        }
      }
      return types;
    }
    case 'selection':
      return pinnedTypes(expression.item);
    case 'and': {
      let found: ReadonlySet<string> | undefined;
      for (const child of expression.items) {
        const types = pinnedTypes(child);
        if (types && (!found || types.size < found.size)) found = types;
      }
      return found;
    }
    case 'or': {
      const union = new Set<string>();
      for (const child of expression.items) {
        const types = pinnedTypes(child);
        if (!types) return undefined;
        for (const type of types) union.add(type);
      }
      return union;
    }
    case 'not':
      break;
  }
  return undefined;
};

/** Finds the rules that an event can match without trying them all. */
export interface Candidates {
  /** Calls `visit` once for every rule that may hold, in the order of the list. */
  visit(event: AuditEvent, visit: (index: number) => void): void;
}

/** Makes the index over all rules; `eager` rules are visited for every event of their types. */
export const createCandidates = (
  expressions: readonly Expression[],
  _eager: readonly boolean[],
  _evaluator: Evaluator,
): Candidates => {
  const byType = new Map<string, number[]>();
  const anyType: number[] = [];
  for (const [index, expression] of expressions.entries()) {
    const types = pinnedTypes(expression);
    if (!types) anyType.push(index);
    for (const type of types ?? []) {
      const list = byType.get(type);
      if (list) list.push(index);
      else byType.set(type, [index]);
    }
  }
  return {
    visit(event, visit) {
      for (const index of byType.get(fold(event.eventType)) ?? []) visit(index);
      for (const index of anyType) visit(index);
    },
  };
};
