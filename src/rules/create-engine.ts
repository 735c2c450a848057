import type { Json } from '../base/json.ts';
import type { AuditEvent } from '../core/event.ts';
import type { Match, RuleState } from '../core/match.ts';
import type { TimeWindow } from '../core/time-window.ts';
import type { TimeZone } from '../core/time-zone.ts';
import { createCandidates } from './candidates.ts';
import type { Contribution } from './contribution.ts';
import { type Correlator, createCorrelator } from './correlate.ts';
import type { EngineCounters, Evaluation, RuleEngine, RuleFailure } from './engine.ts';
import { createEvaluator, type Holds } from './evaluator.ts';
import { allowedTimes, gatesOf, rememberedFields } from './gates.ts';
import type { Dependent, Linked, LinkedCorrelation, LinkedDetection } from './link.ts';

import type { ReadField } from './novelty.ts';
import { createOwnership } from './state-keys.ts';
import { createFieldReader, type FieldValue, textOf } from './view.ts';

export interface EngineOptions {
  readonly zone: TimeZone;
  readonly timeWindows: ReadonlyMap<string, TimeWindow>;
  /** Groups that one correlation remembers at most; the least recently changed go first. */
  readonly maxGroups: number;
  /** How much longer than their windows correlations remember, for events that come late; 0. */
  readonly lateMs?: number;
}

const ascending = (a: number, b: number): number => a - b;
const NO_VALUES: Readonly<Record<string, Json>> = {};

/** Puts the parts together: index, shared conditions, gates, correlations. */
export const createEngine = (linked: Linked, options: EngineOptions): RuleEngine => {
  const { detections, correlations } = linked;
  const counters: EngineCounters = { cutValues: 0, ungroupedEvents: 0, evictedGroups: 0, lateEvents: 0 };
  const evaluator = createEvaluator(
    detections.map((rule) => rule.expression),
    options.zone,
    counters,
    rememberedFields(linked),
  );
  const { view } = evaluator;
  const readShown: ReadField = (field) => {
    const slot = evaluator.slotOf(field) as number;
    return () => view.field(slot);
  };
  const nodes = detections.map((rule) => ({
    rule,
    info: rule.header.info,
    allowed: allowedTimes(rule.header, options.timeWindows),
    gates: gatesOf(rule.header, counters, readShown),
  }));
  const correlators = correlations.map((rule) => ({
    rule,
    allowed: allowedTimes(rule.header, options.timeWindows),
    correlator: createCorrelator(rule.spec, rule.version, options, counters),
  }));
  const clockDriven = correlators.filter(({ correlator }) => correlator.clockDriven);
  // `changed` looks at every event of the rule's types, whether its detection holds or not.
  const watchful = detections.map((rule) => rule.header.monitor.changed !== undefined);
  const candidates = createCandidates(
    detections.map((rule) => rule.expression),
    watchful,
    evaluator,
  );

  let owns: ((key: string) => boolean) | undefined;
  let shown: AuditEvent | undefined;
  const textOfShown = (field: string): string | undefined =>
    textOf(view.field(evaluator.slotOf(field) as number));
  const readers = new Map<string, (event: AuditEvent['fields']) => FieldValue>();
  const textOfEvent = (event: AuditEvent, field: string): string | undefined => {
    if (event === shown) return textOfShown(field);
    let read = readers.get(field);
    if (!read) {
      read = createFieldReader(field, counters);
      readers.set(field, read);
    }
    return textOf(read(event.fields));
  };

  // Contributions to each correlation that wait for its turn.
  const waiting: Contribution[][] = correlations.map(() => []);
  let waitingCount = 0;
  const contribute = (
    dependents: readonly Dependent[],
    atMs: number,
    events: readonly AuditEvent[],
    values: Readonly<Record<string, Json>>,
  ): void => {
    const newest = events[events.length - 1];
    const read =
      values === NO_VALUES && newest === shown
        ? textOfShown
        : (field: string): string | undefined => {
            const known = Object.hasOwn(values, field) ? values[field] : undefined;
            if (typeof known === 'string' || typeof known === 'number') return String(known);
            return newest && textOfEvent(newest, field);
          };
    for (const { correlation, ref } of dependents) {
      (waiting[correlation] as Contribution[]).push({ ref, atMs, read, events });
      waitingCount += 1;
    }
  };

  const accept = (
    node: { readonly rule: LinkedCorrelation; readonly allowed: TimeWindow | undefined },
    found: readonly Match[],
    matches: Match[],
  ): void => {
    for (const match of found) {
      // The end of an absence is told when its beginning was, whatever the hour; it is nothing that happened by itself.
      if (node.allowed && !node.allowed(match.ended?.firedAtMs ?? match.atMs)) continue;
      if (node.rule.alerting) matches.push(match);
      if (match.status === 'firing') contribute(node.rule.dependents, match.atMs, match.events, match.values);
    }
  };

  // Correlations stand after their parts, so one pass over them settles chains of any length.
  const correlate = (
    run: (correlator: Correlator, contributions: readonly Contribution[]) => readonly Match[],
    matches: Match[],
    failures: RuleFailure[],
    everyone: boolean,
  ): void => {
    for (let index = 0; index < correlators.length; index += 1) {
      if (waitingCount === 0 && !everyone) return;
      const contributions = waiting[index] as Contribution[];
      if (contributions.length === 0 && !everyone) continue;
      const node = correlators[index] as (typeof correlators)[number];
      if (contributions.length > 0) waiting[index] = [];
      waitingCount -= contributions.length;
      if (contributions.length > 1) contributions.sort((a, b) => a.atMs - b.atMs);
      try {
        const found = run(node.correlator, contributions);
        if (found.length > 0) accept(node, found, matches);
      } catch (error) {
        failures.push({ rule: node.rule.header.info, error });
      }
    }
  };

  const detect = (index: number, event: AuditEvent, state: RuleState, matches: Match[]): void => {
    const { rule, info, allowed, gates } = nodes[index] as (typeof nodes)[number];
    const held = !watchful[index] || (evaluator.conditions[index] as Holds)();
    let values = NO_VALUES;
    let passed = held;
    for (const gate of gates) {
      const novelty = gate.look(held, event.createdAtMs, state);
      passed &&= novelty.holds;
      values = { ...values, ...novelty.values };
    }
    if (!passed || (allowed && !allowed(event.createdAtMs))) return;
    const events = [event];
    if (rule.alerting)
      matches.push({
        rule: info,
        status: 'firing',
        events,
        group: undefined,
        values,
        atMs: event.createdAtMs,
      });
    if (rule.dependents.length > 0) contribute(rule.dependents, event.createdAtMs, events, values);
  };

  const tick = (nowMs: number, state: RuleState, matches: Match[], failures: RuleFailure[]): void =>
    correlate(
      (correlator, found) => [
        ...(found.length > 0 ? correlator.add(found, state) : []),
        ...correlator.tick(nowMs, state),
      ],
      matches,
      failures,
      true,
    );

  // Windows that ended before an event are settled before it is looked at, so that it does not matter whether a tick
  // lay between it and the event before.
  const settleBefore = (
    event: AuditEvent,
    state: RuleState,
    matches: Match[],
    failures: RuleFailure[],
  ): void => {
    for (const { rule, correlator } of clockDriven) {
      try {
        if (correlator.nextDueMs(state) >= event.createdAtMs) continue;
      } catch (error) {
        failures.push({ rule: rule.header.info, error });
        continue;
      }
      tick(event.createdAtMs, state, matches, failures);
      return;
    }
  };

  const { conditions } = evaluator;
  const hits: number[] = [];
  let failed: RuleFailure[] = [];
  const tryRule = (index: number): void => {
    try {
      if (watchful[index] || (conditions[index] as Holds)()) hits.push(index);
    } catch (error) {
      failed.push({ rule: (detections[index] as LinkedDetection).header.info, error });
    }
  };

  return {
    counters,
    evaluate(event, state): Evaluation {
      const matches: Match[] = [];
      const failures: RuleFailure[] = [];
      settleBefore(event, state, matches, failures);
      evaluator.show(event);
      shown = event;
      hits.length = 0;
      failed = failures;
      candidates.visit(tryRule);
      // The index finds rules in any order; matches come in the order of the files.
      if (hits.length > 1) hits.sort(ascending);
      for (const index of hits) {
        try {
          detect(index, event, state, matches);
        } catch (error) {
          failures.push({ rule: (detections[index] as LinkedDetection).header.info, error });
        }
      }
      if (waitingCount > 0)
        correlate((correlator, found) => correlator.add(found, state), matches, failures, false);
      return { matches, failures };
    },
    tick(nowMs, state): Evaluation {
      const matches: Match[] = [];
      const failures: RuleFailure[] = [];
      tick(nowMs, state, matches, failures);
      return { matches, failures };
    },
    flush(state) {
      for (const { gates } of nodes) for (const gate of gates) gate.flush(state);
      for (const { correlator } of correlators) correlator.flush(state);
    },
    isOwnState(key) {
      owns ??= createOwnership(linked);
      return owns(key);
    },
  };
};
