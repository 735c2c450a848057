import { stableId } from '../base/hash.ts';
import { canonicalJson, type JsonObject, own } from '../base/json.ts';
import type { AuditEvent } from '../core/event.ts';
import type { Match, RuleInfo, RuleState } from '../core/match.ts';
import { parseTime } from '../core/time-zone.ts';
import { type CompileOptions, compileRules, type RuleSummary, type SkippedRule } from './compile.ts';
import type { EngineCounters, Evaluation } from './engine.ts';
import { explainEvent, explainRule, formatExplanation } from './explain.ts';
import { formatProblem, type Problem } from './problem.ts';
import { createMemoryState, type RuleTestResult, runRuleTests } from './run-tests.ts';

/*
 * The rule engine for other programs: Sigma over any JSON. Exported as `vonage-audit-monitor/rules`.
 */

export type {
  EngineCounters,
  Evaluation,
  Match,
  Problem,
  RuleInfo,
  RuleState,
  RuleSummary,
  RuleTestResult,
  SkippedRule,
};
export { createMemoryState, formatProblem };

export interface LibraryOptions extends CompileOptions {
  /** Epoch ms of an event, for correlations and time parts; by default the first of these that is a time. */
  readonly timeOf?: (event: JsonObject) => number | undefined;
}

/** Compiled Sigma rules over JSON events. */
export interface SigmaRules {
  /**
   * The rules that hold for an event. Events that correlations count come in order of time, each once. Without a
   * `state`, the one of this object is used: it lives in memory.
   */
  evaluate(event: JsonObject, state?: RuleState): Evaluation;
  /** Lets time pass, for absence: what ended before `nowMs` matches. */
  tick(nowMs: number, state?: RuleState): Evaluation;
  /** Writes what is remembered into the state; call it before you store the state. */
  flush(state?: RuleState): void;
  readonly rules: readonly RuleSummary[];
  readonly skipped: readonly SkippedRule[];
  /** Empty: every document is right. Rules with problems are left out. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly counters: Readonly<EngineCounters>;
  /** A rule (by id, name or title) in plain English, with an event as a tree of what held; undefined: no such rule. */
  explain(rule: string, event?: JsonObject): string | undefined;
  /** Runs the `monitor.tests` of the rules. */
  runTests(): readonly RuleTestResult[];
}

const TIME_FIELDS = ['created_at', '@timestamp', 'timestamp', 'time', 'eventTime', 'published', 'date'];

const usualTime = (event: JsonObject): number | undefined => {
  for (const name of TIME_FIELDS) {
    const value = own(event, name);
    const ms = typeof value === 'string' ? parseTime(value) : undefined;
    if (ms !== undefined) return ms;
  }
  return undefined;
};

/**
 * Compiles Sigma documents: YAML texts, or texts with the path that messages call them. Never throws for what they
 * hold. Unlike in the monitor, rules of every `logsource` are loaded, unless `product` says otherwise, and a rule whose
 * placeholder has no list is left out with a warning instead of refused, unless `missingLists` says otherwise.
 */
export const compile = (
  documents: string | readonly (string | { readonly path: string; readonly text: string })[],
  options: LibraryOptions = {},
): SigmaRules => {
  const files = (typeof documents === 'string' ? [documents] : documents).map((document, index) =>
    typeof document === 'string' ? { path: `document ${index + 1}`, text: document } : document,
  );
  const compiled = compileRules(files, { product: null, missingLists: 'skip', ...options });
  const { engine, linked } = compiled;
  const timeOf = options.timeOf ?? usualTime;
  const ownState = createMemoryState();
  const eventOf = (fields: JsonObject): AuditEvent => {
    const id = own(fields, 'id');
    const type = own(fields, 'event_type');
    const json = canonicalJson(fields);
    return {
      id: typeof id === 'string' ? id : stableId(json),
      account: '',
      eventType: typeof type === 'string' ? type : '',
      createdAtMs: timeOf(fields) ?? 0,
      json,
      fields,
    };
  };
  return {
    evaluate: (event, state = ownState) => engine.evaluate(eventOf(event), state),
    tick: (nowMs, state = ownState) => engine.tick(nowMs, state),
    flush: (state = ownState) => engine.flush(state),
    rules: compiled.rules,
    skipped: compiled.skipped,
    problems: compiled.problems,
    warnings: compiled.warnings,
    counters: engine.counters,
    explain(wanted, event) {
      const rule = [...linked.detections, ...linked.correlations].find(({ header: { info, name } }) =>
        [info.id, name, info.title].includes(wanted),
      );
      if (!rule) return undefined;
      if (!event || !('expression' in rule)) return explainRule(rule).join('\n');
      const tree = explainEvent(rule, eventOf(event), compiled.engineOptions.zone);
      return formatExplanation(tree).join('\n');
    },
    runTests: () => runRuleTests(compiled),
  };
};
