import type { Evaluator } from './evaluator.ts';
import type { Expression } from './item.ts';
import { type Atom, cheapest, necessarySets } from './necessary.ts';
import { countGroups, createPartIndex, type GroupCounts, type PartIndex } from './part-index.ts';
import { isLiteral, literalText } from './text-pattern.ts';
import type { EventView } from './view.ts';

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
  /** Calls `visit` once for every rule that may hold for the event the view shows; in no certain order. */
  visit(visit: (rule: number) => void): void;
}

/** The rules of one event type (or of any), by what else they need of an event. */
interface Bucket {
  /** Rules of which nothing more is known. */
  readonly always: number[];
  readonly byField: Map<string, FieldIndex>;
}

interface FieldIndex {
  readonly exact: Map<string, number[]>;
  readonly present: number[];
  parts: PartIndex | undefined;
}

const createBucket = (): Bucket => ({ always: [], byField: new Map() });

const append = (lists: Map<string, number[]>, key: string, rule: number): void => {
  const list = lists.get(key);
  if (list) list.push(rule);
  else lists.set(key, [rule]);
};

const addTo = (
  bucket: Bucket,
  rule: number,
  atoms: readonly Atom[] | undefined,
  counts: GroupCounts,
): void => {
  if (!atoms) {
    bucket.always.push(rule);
    return;
  }
  for (const atom of atoms) {
    let index = bucket.byField.get(atom.field);
    if (!index) {
      index = { exact: new Map(), present: [], parts: undefined };
      bucket.byField.set(atom.field, index);
    }
    switch (atom.kind) {
      case 'exact':
        append(index.exact, atom.text, rule);
        break;
      case 'part':
        index.parts ??= createPartIndex(counts);
        index.parts.add(atom.text, rule);
        break;
      case 'present':
        index.present.push(rule);
        break;
    }
  }
};

type Visit = (rule: number) => void;

// The bucket with field names turned into slots of the view.
const compileBucket = (bucket: Bucket, slotOf: (field: string) => number | undefined) => {
  const { always } = bucket;
  const fields = [...bucket.byField].map(([field, index]) => ({ slot: slotOf(field) as number, ...index }));
  return (view: EventView, found: Visit): void => {
    for (const rule of always) found(rule);
    for (const { slot, exact, parts, present } of fields) {
      const value = view.field(slot);
      if (!value.present) continue;
      for (const rule of present) found(rule);
      for (const { folded } of value.leaves) {
        if (exact.size > 0) for (const rule of exact.get(folded) ?? NO_RULES) found(rule);
        parts?.visit(folded, found);
      }
    }
  };
};

const NO_RULES: readonly number[] = [];

/**
 * Makes the index over all rules: first by event type, then by the best of what else a rule needs: an exact value,
 * three characters of a text, or a field being there at all. `eager` rules are visited for every event of their types.
 */
export const createCandidates = (
  expressions: readonly Expression[],
  eager: readonly boolean[],
  evaluator: Pick<Evaluator, 'slotOf' | 'view'>,
): Candidates => {
  const counts: GroupCounts = new Map();
  const chosen = expressions.map((expression, rule) => {
    if (eager[rule]) return undefined;
    const atoms = cheapest(
      necessarySets(expression).filter((set) => set.every(({ field }) => field !== 'event_type')),
    );
    for (const atom of atoms ?? []) if (atom.kind === 'part') countGroups(atom.text, counts);
    return atoms;
  });
  const anyType = createBucket();
  const byType = new Map<string, Bucket>();
  for (const [rule, expression] of expressions.entries()) {
    const types = pinnedTypes(expression);
    if (!types) addTo(anyType, rule, chosen[rule], counts);
    for (const type of types ?? []) {
      let bucket = byType.get(type);
      if (!bucket) {
        bucket = createBucket();
        byType.set(type, bucket);
      }
      addTo(bucket, rule, chosen[rule], counts);
    }
  }
  const visitAny = compileBucket(anyType, evaluator.slotOf);
  const visitType = new Map(
    [...byType].map(([type, bucket]) => [type, compileBucket(bucket, evaluator.slotOf)]),
  );
  const typeSlot = evaluator.slotOf('event_type');
  const stamps = new Float64Array(expressions.length);
  let stamp = 0;
  let visitor: Visit = () => {};
  const once: Visit = (rule) => {
    if (stamps[rule] === stamp) return;
    stamps[rule] = stamp;
    visitor(rule);
  };
  return {
    visit(visit) {
      stamp += 1;
      visitor = visit;
      const { view } = evaluator;
      if (typeSlot !== undefined)
        for (const { folded } of view.field(typeSlot).leaves) visitType.get(folded)?.(view, once);
      visitAny(view, once);
    },
  };
};
