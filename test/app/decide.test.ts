import { describe, expect, it } from 'vitest';
import { createDecider, type Evaluator } from '../../src/app/decide.ts';
import { createRuleFailures } from '../../src/app/rule-failures.ts';
import type { RuleInfo } from '../../src/core/match.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { ruleOf } from '../support/installation.ts';
import { auditEvent } from '../support/trail.ts';

const T0 = Date.parse('2026-05-01T10:00:00Z');
const RULES = compileRules([
  { path: 'good.yml', text: ruleOf('Good', 'high', ['APP_CREATE']) },
  { path: 'bad.yml', text: ruleOf('Bad', 'high', ['APP_CREATE']) },
]);

describe('deciding', () => {
  it('17: a rule that fails skips only itself: it is logged, counted and told, and the others alert', async () => {
    const bad = RULES.rules.find((rule) => rule.info.title === 'Bad')?.info as RuleInfo;
    // The engine catches what a rule throws; here one of two does.
    const evaluator: Evaluator = {
      isOwnState: () => true,
      evaluate(event, state) {
        const { matches } = RULES.engine.evaluate(event, state);
        return {
          matches: matches.filter((match) => match.rule.title !== 'Bad'),
          failures: [{ rule: bad, error: new RangeError('too deep') }],
        };
      },
      tick: (untilMs, state) => RULES.engine.tick(untilMs, state),
      flush: (state) => RULES.engine.flush(state),
    };
    const raised: string[] = [];
    const lines: string[] = [];
    const counted: string[] = [];
    let nowMs = T0;
    const failures = createRuleFailures(
      [],
      {
        async raise(condition, subject, detail) {
          raised.push(`${condition} ${subject}: ${detail}`);
        },
        async clear(condition, subject) {
          raised.push(`end of ${condition} ${subject}`);
        },
      },
      () => nowMs,
    );
    const decider = createDecider({
      account: 'a',
      evaluator,
      store: { ruleState: async () => new Map() },
      now: () => nowMs,
      log: { debug() {}, info() {}, warn() {}, error: (event) => void lines.push(event) },
      telemetry: { count: (name) => void counted.push(name), gauge() {}, observe() {} },
      onRuleFailure: (rule, reason) => failures.note(rule.title, reason),
    });
    await decider.prepare();
    const { alerts } = decider.decide([auditEvent('a', { id: 'e1', createdAtMs: T0 })], [], T0, {
      reader: 'poll',
      quiet: false,
    });
    expect(alerts.map(({ alert }) => alert.rule.title)).toEqual(['Good']);
    expect(lines).toEqual(['rule.failed']);
    expect(counted).toContain('rule_errors_total');
    await failures.report();
    expect(raised).toEqual(['rule_failing Bad: too deep']);
    nowMs += 3_600_000;
    await failures.report();
    expect(raised.at(-1)).toBe('end of rule_failing Bad');
  });
});
