import type { AuditEvent } from '../core/event.ts';
import type { RuleInfo } from '../core/match.ts';
import { type Explanation, explainEvent, explainRule } from '../rules/explain.ts';
import { withAccount } from '../rules/fleet.ts';
import type { CompiledRules } from './load.ts';

type Detection = CompiledRules['linked']['detections'][number];
type Correlation = CompiledRules['linked']['correlations'][number];

/** What a detection makes of an event: whether its conditions hold, and why. */
export interface Finding {
  readonly rule: RuleInfo;
  readonly tree: Explanation;
  /** What the tree cannot show: time windows, and rules that look at more than one event. */
  readonly notes: readonly string[];
  /** Whether the event matches; undefined when that depends on other events as well. */
  readonly matches: boolean | undefined;
}

/** A rule for people, and what it makes of an event when one was given. */
export interface ExplainedRule {
  readonly rule: RuleInfo;
  /** Plain English, line by line. */
  readonly lines: readonly string[];
  /** One for a detection; for a correlation, one for every detection it builds on. Empty without an event. */
  readonly findings: readonly Finding[];
}

/** The detection or correlation with an id; undefined when none is loaded. */
export const linkedRule = ({ linked }: CompiledRules, id: string): Detection | Correlation | undefined =>
  linked.detections.find(({ header }) => header.info.id === id) ??
  linked.correlations.find(({ header }) => header.info.id === id);

/** The detections that a rule looks at events with: itself, or those that a correlation refers to, also through others. */
export const detectionsOf = (
  compiled: CompiledRules,
  rule: Detection | Correlation,
): readonly Detection[] => {
  if (!('spec' in rule)) return [rule];
  const { detections, correlations } = compiled.linked;
  const found = new Set<Detection>();
  // References lead to rules that stand before; the linker refuses circles.
  for (const name of rule.spec.rules) {
    const part = [...detections, ...correlations].find(
      ({ header }) => header.info.id === name || header.name === name,
    );
    for (const detection of part ? detectionsOf(compiled, part) : []) found.add(detection);
  }
  return [...found];
};

const timeNotes = (
  compiled: CompiledRules,
  { monitor }: Detection['header'],
  atMs: number,
): { readonly notes: readonly string[]; readonly allowed: boolean } => {
  const { timeWindows } = compiled.engineOptions;
  const isIn = (name: string): boolean => timeWindows.get(name)?.(atMs) ?? false;
  const at = new Date(atMs).toISOString();
  const said = (name: string): string =>
    `${at} is ${isIn(name) ? 'inside' : 'outside'} the time window ${name}`;
  const { inside, outside } = monitor;
  return {
    notes: [...inside, ...outside].map(said),
    allowed: (inside.length === 0 || inside.some(isIn)) && !outside.some(isIn),
  };
};

/** What one detection makes of an event. */
export const findingOf = (compiled: CompiledRules, rule: Detection, event: AuditEvent): Finding => {
  const { header } = rule;
  const { changed, firstSeen } = header.monitor;
  const tree = explainEvent(rule, event, compiled.engineOptions.zone);
  const time = timeNotes(compiled, header, event.createdAtMs);
  const remembered = [
    ...(changed ? [`whether ${changed.field} changed depends on the events before this one`] : []),
    ...(firstSeen ? [`whether ${firstSeen.field} is new depends on the events before this one`] : []),
  ];
  const holds = tree.holds === true && time.allowed;
  return {
    rule: header.info,
    tree,
    notes: [...time.notes, ...(holds ? remembered : [])],
    matches: holds && remembered.length > 0 ? undefined : holds,
  };
};

/** Explains one loaded rule, by id. */
export const explainLoaded = (
  compiled: CompiledRules,
  id: string,
  event: AuditEvent | undefined,
): ExplainedRule | undefined => {
  const rule = linkedRule(compiled, id);
  if (!rule) return undefined;
  const seen = event && rule.header.monitor.scope === 'fleet' ? withAccount(event) : event;
  return {
    rule: rule.header.info,
    lines: explainRule(rule),
    findings: seen ? detectionsOf(compiled, rule).map((part) => findingOf(compiled, part, seen)) : [],
  };
};
