import type { AuditEvent } from '../core/event.ts';
import type { TimeZone } from '../core/time-zone.ts';
import type { Expression, Item } from './item.ts';
import { itemsOf } from './item.ts';
import { createOrder, type Order } from './order.ts';
import { compileItem } from './predicate.ts';
import { createView, type EventView, type ViewCounters } from './view.ts';

/** Whether something holds for the event that is shown. */
export type Holds = () => boolean;

/** Conditions compiled together: they share the view of the event and every item that stands in several of them. */
export interface Evaluator {
  /** Shows the next event to all conditions. */
  show(event: AuditEvent): void;
  readonly view: EventView;
  /** One per expression, in their order. */
  readonly conditions: readonly Holds[];
  /** Slot of a field that some condition reads, or that was asked for; undefined otherwise. */
  slotOf(field: string): number | undefined;
}

// The parts of nested groups of one kind, so that the best of all of them comes first.
const flat = (expression: Expression, op: 'and' | 'or'): Expression[] => {
  if (expression.op === 'selection') return flat(expression.item, op);
  return expression.op === op ? expression.items.flatMap((item) => flat(item, op)) : [expression];
};

/** Compiles expressions to functions without arguments over one shared view. */
export const createEvaluator = (
  expressions: readonly Expression[],
  zone: TimeZone,
  counters: ViewCounters,
  extraFields: readonly string[] = [],
): Evaluator => {
  const slots = new Map<string, number>();
  const slot = (field: string): number => {
    let found = slots.get(field);
    if (found === undefined) {
      found = slots.size;
      slots.set(field, found);
    }
    return found;
  };
  for (const field of extraFields) slot(field);
  const uses = new Map<string, number>();
  for (const expression of expressions)
    for (const item of itemsOf(expression)) uses.set(item.key, (uses.get(item.key) ?? 0) + 1);

  const context = { slot, zone };
  let order: Order | undefined = createOrder();
  const compiled = new Map<string, Holds>();
  const shared: { view: EventView | undefined } = { view: undefined };
  let generation = 0;

  const compileOnce = (item: Item): Holds => {
    const known = compiled.get(item.key);
    if (known) return known;
    const predicate = compileItem(item, context);
    let holds: Holds = () => predicate(shared.view as EventView);
    if ((uses.get(item.key) ?? 0) > 1) {
      let at = -1;
      let result = false;
      holds = () => {
        if (at === generation) return result;
        result = predicate(shared.view as EventView);
        at = generation;
        return result;
      };
    }
    compiled.set(item.key, holds);
    return holds;
  };

  const compileGroup = (expression: Expression & { readonly op: 'and' | 'or' }): Holds => {
    const all = expression.op === 'and';
    const items = flat(expression, expression.op)
      .sort(all ? order?.allFirst : order?.anyFirst)
      .map((item) => compile(item));
    const [a, b, c] = items as [Holds, Holds, Holds];
    if (items.length === 1) return a;
    if (items.length === 2) return all ? () => a() && b() : () => a() || b();
    if (items.length === 3) return all ? () => a() && b() && c() : () => a() || b() || c();
    return () => {
      for (const item of items) if (item() !== all) return !all;
      return all;
    };
  };

  const compile = (expression: Expression): Holds => {
    switch (expression.op) {
      case 'item':
        return compileOnce(expression.item);
      case 'and':
      case 'or':
        return compileGroup(expression);
      case 'not': {
        const item = compile(expression.item);
        return () => !item();
      }
      case 'selection':
        break;
    }
    return compile(expression.item);
  };

  const conditions = expressions.map(compile);
  // The conditions keep this scope alive, and what is only of use for making them would stay with it.
  order = undefined;
  compiled.clear();
  uses.clear();
  shared.view = createView([...slots.keys()], counters);
  const made = shared.view;
  return {
    view: made,
    conditions,
    slotOf: (field) => slots.get(field),
    show(event) {
      generation += 1;
      made.show(event);
    },
  };
};
