import type { Expression, Item, Test } from './item.ts';

/*
 * In which order the parts of a condition are looked at: what is cheap and decides most comes first. Chances are guesses;
 * they change how long an answer takes, never the answer.
 */

/** What asking costs, and how likely the answer is yes. */
interface Weight {
  readonly cost: number;
  readonly chance: number;
}

/** Ways to sort the parts of `and` and of `or`. */
export interface Order {
  allFirst(a: Expression, b: Expression): number;
  anyFirst(a: Expression, b: Expression): number;
}

const CHANCES: Readonly<Record<Test['type'], number>> = {
  text: 0.05,
  regex: 0.05,
  cidr: 0.1,
  compare: 0.5,
  fieldref: 0.2,
  exists: 0.5,
  null: 0.5,
};

const ofItem = (item: Item): Weight => {
  // The index has already looked at the type: where it is asked for, it nearly always holds.
  if (item.field === 'event_type' && !item.negated && !item.part) return { cost: 40, chance: 0.95 };
  const tests = item.values.flatMap((value) => value.alternatives);
  const each = tests.some((test) => test.type === 'regex') ? 50 : 1;
  const cost =
    (item.field === undefined ? 100 : 1) * each + (item.part ? 5 : 0) + Math.min(tests.length, 20) / 10;
  const held = item.part ? 0.3 : Math.max(0, ...tests.slice(0, 20).map((test) => CHANCES[test.type]));
  return { cost, chance: item.negated ? 1 - held : held };
};

/** Makes an {@link Order} that weighs every expression once. */
export const createOrder = (): Order => {
  const known = new Map<Expression, Weight>();
  const weigh = (expression: Expression): Weight => {
    let found = known.get(expression);
    if (!found) {
      found = ofExpression(expression);
      known.set(expression, found);
    }
    return found;
  };
  const ofExpression = (expression: Expression): Weight => {
    switch (expression.op) {
      case 'item':
        return ofItem(expression.item);
      case 'selection':
        return weigh(expression.item);
      case 'not': {
        const { cost, chance } = weigh(expression.item);
        return { cost, chance: 1 - chance };
      }
      case 'and':
      case 'or':
        break;
    }
    const parts = expression.items.map(weigh);
    const all = expression.op === 'and';
    const through = parts.reduce((product, { chance }) => product * (all ? chance : 1 - chance), 1);
    // The dear parts are seldom reached.
    const costs = parts.map(({ cost }) => cost).sort((a, b) => a - b);
    const cost = costs.reduce((sum, each, index) => sum + each / (index + 1), 0);
    return { cost, chance: all ? through : 1 - through };
  };
  const rank = (expression: Expression, decides: (chance: number) => number): number => {
    const { cost, chance } = weigh(expression);
    return cost / Math.max(decides(chance), 0.001);
  };
  const no = (chance: number): number => 1 - chance;
  const yes = (chance: number): number => chance;
  return {
    allFirst: (a, b) => rank(a, no) - rank(b, no),
    anyFirst: (a, b) => rank(a, yes) - rank(b, yes),
  };
};
