import type { JsonObject } from '../../src/base/json.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import type { Match, RuleState } from '../../src/core/match.ts';
import { type CompiledRules, type CompileOptions, compileRules } from '../../src/rules/compile.ts';
import type { RuleEngine } from '../../src/rules/engine.ts';

/** Noon of a Monday, UTC. */
export const NOON_MS = Date.UTC(2026, 0, 5, 12);

let count = 0;

/** An event with these fields; id and time are made up unless given. */
export const eventOf = (fields: JsonObject, at: { ms?: number; id?: string } = {}): AuditEvent => {
  count += 1;
  const id = at.id ?? `e${String(count).padStart(8, '0')}`;
  const createdAtMs = at.ms ?? NOON_MS;
  const created_at = new Date(createdAtMs).toISOString().slice(0, 19);
  const whole = { id, created_at, ...fields };
  return {
    id,
    account: 'default',
    eventType: typeof fields.event_type === 'string' ? fields.event_type : 'USER_UPDATE',
    createdAtMs,
    json: JSON.stringify(whole),
    fields: whole,
  };
};

/** Rule state in a map, as a store would keep it; a clone through JSON stands for a restart. */
export const stateOf = (
  map = new Map<string, string>(),
): RuleState & { readonly map: Map<string, string> } => ({
  map,
  get: (key) => (map.has(key) ? JSON.parse(map.get(key) as string) : undefined),
  set: (key, value) => (value === null ? map.delete(key) : map.set(key, JSON.stringify(value))),
});

/** A rule document around the lines of a `detection:` map. */
export const ruleOf = (detection: string, rest = ''): string => {
  const indented = detection
    .trim()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
  return `title: a rule\nlogsource: {product: vonage, service: audit}\ndetection:\n${indented}\n${rest}`;
};

/** Compiles texts as files `1.yml`, `2.yml`, …; fails on any problem. */
export const compileTexts = (texts: readonly string[], options: CompileOptions = {}): CompiledRules => {
  const compiled = compileRules(
    texts.map((text, index) => ({ path: `${index + 1}.yml`, text })),
    options,
  );
  if (compiled.problems.length > 0)
    throw new Error(compiled.problems.map((problem) => problem.message).join('\n'));
  return compiled;
};

/** Whether the rule around this detection matches an event with these fields. */
export const holds = (
  detection: string,
  fields: JsonObject,
  options: CompileOptions = {},
  ms = NOON_MS,
): boolean => {
  const { engine } = compileTexts([ruleOf(detection)], options);
  const { matches, failures } = engine.evaluate(eventOf(fields, { ms }), stateOf());
  if (failures.length > 0) throw failures[0]?.error;
  return matches.length > 0;
};

/** The problems of one file, as `line:column message`. */
export const problemsOf = (text: string, options: CompileOptions = {}): string[] =>
  compileRules([{ path: 'r.yml', text }], options).problems.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );

/** Runs events through the engine in one batch and answers the matches; the clock then runs to `untilMs`. */
export const run = (
  engine: RuleEngine,
  events: readonly AuditEvent[],
  untilMs?: number,
  state: RuleState = stateOf(),
): Match[] => {
  const matches: Match[] = [];
  const take = ({ matches: found, failures }: ReturnType<RuleEngine['evaluate']>): void => {
    if (failures.length > 0) throw failures[0]?.error;
    matches.push(...found);
  };
  for (const event of events) take(engine.evaluate(event, state));
  if (untilMs !== undefined) take(engine.tick(untilMs, state));
  engine.flush(state);
  return matches;
};
