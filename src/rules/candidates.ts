import type { Expression } from './item.ts';
import { isLiteral, literalText } from './text-pattern.ts';

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
