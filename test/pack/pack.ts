import { fileURLToPath } from 'node:url';
import { load } from '../../src/app/load.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import type { Match, RuleState } from '../../src/core/match.ts';
import type { CompiledRules } from '../../src/rules/compile.ts';
import type { RuleEngine } from '../../src/rules/engine.ts';
import { createMemoryState } from '../../src/rules/run-tests.ts';
import type { WireEvent } from '../../src/simulator/wire.ts';

/** The folder of the shipped configuration. */
export const CONFIG = fileURLToPath(new URL('../../config/', import.meta.url));

/** The API key whose trail the figures are about. */
export const ACCOUNT = 'abcd1234';

/** The shipped rules as the shipped configuration loads them. Throws when it does not. */
export const loadPack = async (): Promise<{
  readonly rules: CompiledRules;
  readonly warnings: readonly string[];
}> => {
  const { ready, problems, warnings } = await load({
    path: `${CONFIG}monitor.yml`,
    env: { VONAGE_API_KEY: ACCOUNT, VONAGE_API_SECRET: 'none' },
    cwd: CONFIG,
    packageDir: CONFIG,
    now: () => 0,
  });
  const text = ({ file, line, column, message }: (typeof problems)[number]): string =>
    `${file}:${line}:${column}: ${message}`;
  if (!ready) throw new Error(problems.map(text).join('\n'));
  return { rules: ready.rules, warnings: warnings.map(text) };
};

const auditEvent = (event: WireEvent): AuditEvent => ({
  id: event.id,
  account: 'default',
  eventType: event.event_type,
  createdAtMs: Date.parse(`${event.created_at}Z`),
  json: '',
  fields: { ...event, _links: { self: { href: `http://api.nexmo.com/beta/audit/events/${event.id}` } } },
});

const HOUR_MS = 3_600_000;

/**
 * Lets an engine read events as a monitor that polls every hour would: matches in the order in which they come. The
 * clock ends at `untilMs`. Throws when a rule fails.
 */
export const watch = (
  engine: RuleEngine,
  events: readonly WireEvent[],
  untilMs: number,
  state: RuleState = createMemoryState(),
): readonly Match[] => {
  const matches: Match[] = [];
  const take = ({ matches: found, failures }: ReturnType<RuleEngine['evaluate']>): void => {
    const [failure] = failures;
    if (failure) throw new Error(`"${failure.rule.title}" failed`, { cause: failure.error });
    matches.push(...found.filter(({ status }) => status === 'firing'));
  };
  let tickMs = Date.parse(`${events[0]?.created_at}Z`);
  for (const event of events.map(auditEvent)) {
    for (; tickMs <= event.createdAtMs; tickMs += HOUR_MS) take(engine.tick(tickMs, state));
    take(engine.evaluate(event, state));
    engine.flush(state);
  }
  take(engine.tick(untilMs, state));
  return matches;
};
