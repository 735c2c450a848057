import { type CorrelationSpec, type Limit, withinLimits } from './correlation.ts';
import { emptyGroup } from './group.ts';
import { createMetric, hasNot } from './metric.ts';

/** What is counted per group, so that a window need not be walked for it. */
export const countedOf = ({ type }: CorrelationSpec): 'value' | 'ref' | undefined =>
  type === 'value_count' ? 'value' : type.startsWith('temporal') ? 'ref' : undefined;

/** The places of a correlation's rules; the same rule twice in a list is fed by the first one's entries. */
export const stepsOf = ({ rules }: CorrelationSpec): number[] => rules.map((name) => rules.indexOf(name));

/** What the correlation's number must be. Without a condition every rule has to have matched. */
export const limitsOf = (spec: CorrelationSpec): readonly Limit[] => {
  const steps = stepsOf(spec);
  const complete = spec.names ? 1 : spec.type === 'temporal' ? new Set(steps).size : steps.length;
  return spec.limits.length > 0 ? spec.limits : [['gte', complete]];
};

/** Whether the passing of time alone can make a correlation hold: an empty window meets its condition, or it says `not`. */
export const isDecidedByTime = (spec: CorrelationSpec): boolean =>
  (spec.names !== undefined && hasNot(spec.names)) ||
  withinLimits(limitsOf(spec), createMetric(spec, stepsOf(spec))(emptyGroup([], 0, countedOf(spec)), 0, 0));
