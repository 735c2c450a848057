import { stableId } from '../base/hash.ts';
import { canonicalJson } from '../base/json.ts';
import type { TimeWindow } from '../core/time-window.ts';
import { contributedFields } from './contribution.ts';
import type { RuleHeader } from './document-header.ts';
import type { EngineCounters } from './engine.ts';
import type { Linked } from './link.ts';
import { createChanged, createFirstSeen, type NoveltyGate, type ReadField } from './novelty.ts';

/** Whether the rule's time windows allow a moment; undefined: always. */
export const allowedTimes = (
  header: RuleHeader,
  windows: ReadonlyMap<string, TimeWindow>,
): TimeWindow | undefined => {
  const pick = (names: readonly string[]): TimeWindow[] =>
    names.map((name) => windows.get(name)).filter((window) => window !== undefined);
  const inside = pick(header.monitor.inside);
  const outside = pick(header.monitor.outside);
  if (inside.length === 0 && outside.length === 0) return undefined;
  return (atMs) =>
    (inside.length === 0 || inside.some((window) => window(atMs))) && !outside.some((window) => window(atMs));
};

/** What a rule asks of an event beyond its detection. */
export const gatesOf = (header: RuleHeader, counters: EngineCounters, read: ReadField): NoveltyGate[] => {
  const { changed, firstSeen } = header.monitor;
  const version = (settings: object): string => stableId(canonicalJson({ ...settings }));
  const gates: NoveltyGate[] = [];
  if (changed) gates.push(createChanged(changed, header.info, version(changed), counters, read));
  if (firstSeen) gates.push(createFirstSeen(firstSeen, header.info, version(firstSeen), counters, read));
  return gates;
};

/** Fields that are read of events beside those of the conditions: each is read once per event all the same. */
export const rememberedFields = ({ detections, correlations }: Linked): readonly string[] => [
  ...detections.flatMap(({ header: { monitor } }) =>
    [monitor.changed, monitor.firstSeen].flatMap((gate) => (gate ? [gate.field, ...gate.by] : [])),
  ),
  ...correlations.flatMap(({ spec }) => contributedFields(spec)),
];
