import { canonicalJson, type Json } from '../base/json.ts';
import type { AuditEvent } from '../core/event.ts';
import type { Match, RuleInfo, RuleState } from '../core/match.ts';
import { parseTime } from '../core/time-zone.ts';
import { ACCOUNT_FIELD } from './account-field.ts';
import type { CompiledRules } from './compile.ts';
import type { Evaluation, RuleEngine } from './engine.ts';
import { createEngines } from './fleet.ts';
import { type RuleTest, TEST_START_MS } from './monitor.ts';

/** What one of a rule's own tests came to. */
export interface RuleTestResult {
  readonly rule: RuleInfo;
  readonly test: RuleTest;
  readonly passed: boolean;
  /** Why not, for people: how many alerts came and when; '' when it passed. */
  readonly reason: string;
  /** The rule's matches that fire, in order. */
  readonly matches: readonly Match[];
  /** The ends of its absences, in order. */
  readonly resolved: readonly Match[];
  /** Rules that failed on an event. */
  readonly errors: readonly string[];
}

/** Rule state in memory, as JSON: what it gives back later is what a store would give back. */
export const createMemoryState = (): RuleState => {
  const values = new Map<string, string>();
  return {
    get(key) {
      const text = values.get(key);
      return text === undefined ? undefined : (JSON.parse(text) as Json);
    },
    set(key, value) {
      if (value === null) values.delete(key);
      else values.set(key, JSON.stringify(value));
    },
  };
};

/** The events of a test as the engine gets them. */
export const eventsOf = (test: RuleTest): AuditEvent[] =>
  test.events.map(({ atMs: givenMs, fields }, index) => {
    const stated = typeof fields.created_at === 'string' ? parseTime(fields.created_at) : undefined;
    const atMs = stated ?? givenMs;
    const id = typeof fields.id === 'string' ? fields.id : `test-${String(index + 1).padStart(6, '0')}`;
    const whole = { id, created_at: new Date(atMs).toISOString().slice(0, 19), ...fields };
    return {
      id,
      account: typeof fields[ACCOUNT_FIELD] === 'string' ? fields[ACCOUNT_FIELD] : 'test',
      eventType: typeof fields.event_type === 'string' ? fields.event_type : '',
      createdAtMs: atMs,
      json: canonicalJson(whole),
      fields: whole,
    };
  });

const difference = (what: string, expected: number, found: readonly Match[]): string[] => {
  if (found.length === expected) return [];
  const times = found.map((match) => new Date(match.atMs).toISOString()).join(', ');
  const counted = `expected ${expected} ${what}${expected === 1 ? '' : 's'}, found ${found.length}`;
  return [`${counted}${times ? ` (at ${times})` : ''}`];
};

const runTest = (engine: RuleEngine, rule: RuleInfo, test: RuleTest): RuleTestResult => {
  const state = createMemoryState();
  const matches: Match[] = [];
  const resolved: Match[] = [];
  const errors: string[] = [];
  const take = (evaluation: Evaluation): void => {
    for (const match of evaluation.matches)
      if (match.rule.id === rule.id) (match.status === 'resolved' ? resolved : matches).push(match);
    for (const failure of evaluation.failures)
      errors.push(`"${failure.rule.title}" failed: ${String(failure.error)}`);
    engine.flush(state);
  };
  const events = eventsOf(test);
  take(engine.tick(Math.min(TEST_START_MS, events[0]?.createdAtMs ?? TEST_START_MS), state));
  for (const event of events) take(engine.evaluate(event, state));
  // One millisecond more, so that `until` 10m sees the end of a window of ten minutes.
  if (test.untilMs !== undefined) take(engine.tick(test.untilMs + 1, state));
  const reasons = [
    ...difference('alert', test.expect, matches),
    ...difference('resolved absence', test.resolved ?? resolved.length, resolved),
    ...errors,
  ];
  return { rule, test, passed: reasons.length === 0, reason: reasons.join('; '), matches, resolved, errors };
};

/**
 * Runs the `tests:` of all rules (or of those `only` chooses) with a fake clock and fresh state for each test. Time is
 * what the events say; nothing waits. Rules that only feed correlations are tested as if they alerted.
 */
export const runRuleTests = (
  compiled: CompiledRules,
  only: (rule: RuleInfo) => boolean = () => true,
): readonly RuleTestResult[] => {
  const { detections, correlations } = compiled.linked;
  const { engine, fleet } = createEngines(
    {
      detections: detections.map((rule) => ({ ...rule, alerting: true })),
      correlations: correlations.map((rule) => ({ ...rule, alerting: true })),
    },
    compiled.engineOptions,
  );
  return compiled.rules
    .filter(({ info }) => only(info))
    .flatMap(({ info, scope, tests }) => {
      const judge = scope === 'fleet' && fleet ? fleet : engine;
      return tests.map((test) => runTest(judge, info, test));
    });
};
