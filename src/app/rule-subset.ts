import { createEngines } from '../rules/fleet.ts';
import { linkedRule } from './explain.ts';
import type { CompiledRules } from './load.ts';

type Rule = NonNullable<ReturnType<typeof linkedRule>>;

/** A rule and all that it builds on, also through others. */
const withParts = (compiled: CompiledRules, rule: Rule): ReadonlySet<Rule> => {
  const { detections, correlations } = compiled.linked;
  const found = new Set<Rule>([rule]);
  for (const each of found) {
    if (!('spec' in each)) continue;
    for (const name of each.spec.rules) {
      const part = [...detections, ...correlations].find(
        ({ header }) => header.info.id === name || header.name === name,
      );
      if (part) found.add(part);
    }
  }
  return found;
};

/**
 * The rules that are needed to judge one of them, with an engine of their own: it costs a fraction of what all of them do,
 * and remembers nothing of the others. Undefined: there is no rule of this id.
 */
export const ruleSubset = (compiled: CompiledRules, id: string): CompiledRules | undefined => {
  const rule = linkedRule(compiled, id);
  if (!rule) return undefined;
  const parts = withParts(compiled, rule);
  const places = new Map(
    [...compiled.linked.correlations.entries()]
      .filter(([, each]) => parts.has(each))
      .map(([place], index) => [place, index]),
  );
  // Who depends on a rule is said by places in the list of correlations, which is a shorter one now.
  const alone = <R extends Rule>(each: R): R => ({
    ...each,
    dependents: each.dependents.flatMap(({ correlation, ref }) => {
      const place = places.get(correlation);
      return place === undefined ? [] : [{ correlation: place, ref }];
    }),
  });
  const linked = {
    ...compiled.linked,
    detections: compiled.linked.detections.filter((each) => parts.has(each)).map(alone),
    correlations: compiled.linked.correlations.filter((each) => parts.has(each)).map(alone),
  };
  return {
    ...compiled,
    linked,
    ...createEngines(linked, compiled.engineOptions),
    rules: compiled.rules.filter(({ info }) => [...parts].some(({ header }) => header.info.id === info.id)),
  };
};
