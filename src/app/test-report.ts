import { visibleText } from '../alerts/visible-text.ts';
import type { AuditEvent } from '../core/event.ts';
import { formatExplanation } from '../rules/explain.ts';
import { withAccount } from '../rules/fleet.ts';
import { eventsOf, type RuleTestResult } from '../rules/run-tests.ts';
import { detectionsOf, findingOf, linkedRule } from './explain.ts';
import type { CompiledRules } from './load.ts';
import { counted } from './numbers.ts';

const MAX_EVENTS = 20;
const MAX_TREES = 3;
const MAX_LINE = 400;

const alerts = (count: number): string =>
  count === 0 ? 'no alert' : count === 1 ? '1 alert' : `${count} alerts`;

/** One line of a failed test: `-` what was expected, `+` what came instead, ' ' what helps to see why. */
export interface DiffLine {
  readonly sign: '-' | '+' | ' ';
  readonly text: string;
}

const treeLines = (
  compiled: CompiledRules,
  parts: readonly Parameters<typeof findingOf>[1][],
  event: AuditEvent,
): readonly string[] =>
  parts
    .map((part) => findingOf(compiled, part, event))
    .filter(({ matches }) => matches === false)
    .flatMap(({ tree, notes }) => [...formatExplanation(tree), ...notes.map((note) => `- ${note}`)]);

/**
 * Why a test of a rule failed: what was expected and found, and every event with whether it alerted and, where an alert
 * is missing, what did not hold. Empty for a test that passed.
 */
export const testDiff = (compiled: CompiledRules, result: RuleTestResult): readonly DiffLine[] => {
  const { rule, test, matches, resolved } = result;
  if (result.passed) return [];
  const linked = linkedRule(compiled, rule.id);
  const parts = linked ? detectionsOf(compiled, linked) : [];
  const alone = linked !== undefined && !('spec' in linked);
  const lines: DiffLine[] = [
    { sign: '-', text: `expected: ${alerts(test.expect)}` },
    { sign: '+', text: `found:    ${alerts(matches.length)}` },
  ];
  if (test.resolved !== undefined && test.resolved !== resolved.length)
    lines.push(
      { sign: '-', text: `expected: ${counted(test.resolved, 'ended absence')}` },
      { sign: '+', text: `found:    ${counted(resolved.length, 'ended absence')}` },
    );
  const say = (text: string, sign: DiffLine['sign'] = ' '): void => {
    lines.push({ sign, text: visibleText(text, MAX_LINE) });
  };
  const missing = matches.length < test.expect;
  const alerted = new Set(matches.map((match) => match.events.at(-1)?.id));
  const isFleet = linked?.header.monitor.scope === 'fleet';
  const events = isFleet ? eventsOf(test).map(withAccount) : eventsOf(test);
  let trees = 0;
  for (const event of events.slice(0, MAX_EVENTS)) {
    const did = parts.filter((part) => findingOf(compiled, part, event).matches !== false);
    const names = alone
      ? ''
      : did.map(({ header }) => `, matches ${JSON.stringify(header.info.title)}`).join('');
    const isAlert = alerted.has(event.id);
    const at = new Date(event.createdAtMs).toISOString().replace('.000Z', 'Z');
    const sign = isAlert && !missing ? '+' : ' ';
    say(`${at} ${event.eventType || '(no event_type)'}: ${isAlert ? 'alert' : 'no alert'}${names}`, sign);
    if (isAlert || !missing || trees >= MAX_TREES) continue;
    const why = treeLines(compiled, parts, event);
    if (why.length > 0) trees += 1;
    for (const line of why) say(`    ${line}`);
  }
  if (events.length > MAX_EVENTS) say(`… and ${events.length - MAX_EVENTS} more events`);
  for (const match of matches) {
    // Alerts that no event made: the end of a window in which something did not happen.
    if (match.events.length === 0)
      say(`${new Date(match.atMs).toISOString()} alert: nothing happened`, missing ? ' ' : '+');
  }
  for (const match of resolved) say(`${new Date(match.atMs).toISOString()} the absence ended`);
  if (result.errors.length > 0) say(result.errors.join('; '), '+');
  return lines;
};
