import type { RuleFile } from '../config/rule-files.ts';
import type { Settings } from '../config/settings.ts';
import type { Alert } from '../core/alert.ts';
import type { Store } from '../core/store.ts';
import { compileRules } from '../rules/compile.ts';
import type { BacktestAnswer } from '../server/alert-shapes.ts';
import type { Console } from '../server/api-console.ts';
import { ApiError } from '../server/api-error.ts';
import { replay } from './backtest.ts';
import { createStoreSource } from './backtest-store.ts';
import type { CompiledRules } from './load.ts';
import { ruleSubset } from './rule-subset.ts';

/** A page waits for it, and the events are read by the process that polls. */
const MAX_MS = 20_000;
const MAX_EVENTS = 500_000;
const MAX_AT_ONCE = 2;
const MAX_EXAMPLES = 10;
/** What messages call the text of a request. */
const SOURCE = 'source';

const iso = (ms: number): string => new Date(ms).toISOString();

/** The part of {@link Console} that holds rules against the past. */
export const createConsoleBacktest = (options: {
  readonly store: Pick<Store, 'history' | 'browse' | 'collect'>;
  readonly settings: () => Settings;
  readonly rules: () => CompiledRules;
  readonly ruleTexts: () => readonly RuleFile[];
  /** Does not jump. */
  readonly clockMs?: () => number;
}): Pick<Console, 'backtest'> => {
  const { store } = options;
  const clockMs = options.clockMs ?? (() => performance.now());
  let running = 0;

  /** Compiles a text, with the files of those loaded rules that it names. Throws an ApiError with all that is wrong. */
  const compileSource = (text: string): CompiledRules => {
    const settings = options.settings();
    const { rules } = options.rules();
    const named = rules.filter(
      ({ info, name }) => text.includes(info.id) || (name !== undefined && text.includes(name)),
    );
    const own = compile([{ path: SOURCE, text }], settings);
    // A wording of a rule that is loaded already must not meet itself.
    const ids = new Set([...own.rules, ...own.skipped].map(({ info }) => info.id));
    const files = new Set(named.filter(({ info }) => !ids.has(info.id)).map(({ info }) => info.file));
    const others = options.ruleTexts().filter(({ path }) => files.has(path));
    const compiled =
      own.problems.length > 0 && others.length > 0
        ? compile([...others, { path: SOURCE, text }], settings)
        : own;
    const problems = compiled.problems.filter(({ file }) => file === SOURCE);
    if (problems.length > 0)
      throw new ApiError(400, `body.source: ${problems[0]?.message ?? 'no rule'}`, {
        problems: problems.map(({ line, column, message }) => ({
          place: `body.source:${line}:${column}`,
          message,
        })),
      });
    return compiled;
  };

  /** The rules to replay with, and the ids of those whose alerts count; undefined: there is no such rule. */
  const chosen = (
    rule: string | undefined,
    source: string | undefined,
  ): { readonly compiled: CompiledRules; readonly ids: ReadonlySet<string> } | undefined => {
    if (source === undefined) {
      const compiled = rule === undefined ? undefined : ruleSubset(options.rules(), rule);
      return compiled && { compiled, ids: new Set([rule ?? '']) };
    }
    const compiled = compileSource(source);
    const ids = compiled.rules.filter(({ info, alerting }) => alerting && info.file === SOURCE);
    return { compiled, ids: new Set(ids.map(({ info }) => info.id)) };
  };

  return {
    async backtest({ rule, source, fromMs, toMs }, signal) {
      const found = chosen(rule, source);
      if (!found) return undefined;
      const { compiled, ids } = found;
      if (!compiled.rules.some(({ info, alerting }) => alerting && ids.has(info.id)))
        throw new ApiError(400, 'this only feeds correlations and never alerts: take the correlation');
      if (running >= MAX_AT_ONCE)
        throw new ApiError(503, `${MAX_AT_ONCE} backtests are running, and no more are allowed at once`, {
          headers: { 'retry-after': '10' },
        });
      running += 1;
      try {
        const endMs = clockMs() + MAX_MS;
        let bounded = false;
        let events = 0;
        const goesOn = (): boolean => {
          bounded = clockMs() >= endMs || events >= MAX_EVENTS;
          return !bounded;
        };
        const examples: Alert[] = [];
        const days = new Map<number, number>();
        let alerts = 0;
        const replayed = await replay(
          {
            engine: compiled.engine,
            fleet: compiled.rules.some(({ info, scope }) => scope === 'fleet' && ids.has(info.id))
              ? compiled.fleet
              : undefined,
            source: await createStoreSource(store, { fromMs, toMs }, goesOn),
            ids,
            countFromMs: undefined,
            onAlert(past) {
              alerts += 1;
              const day = Math.floor(past.match.atMs / DAY_MS);
              days.set(day, (days.get(day) ?? 0) + 1);
              if (examples.length < MAX_EXAMPLES) examples.push(past.alert());
            },
            onProgress: (_, seen) => {
              events = seen;
            },
          },
          signal,
        );
        return answerOf(replayed, { alerts, days, examples }, bounded);
      } finally {
        running -= 1;
      }
    },
  };
};

const DAY_MS = 86_400_000;

const compile = (
  files: readonly { readonly path: string; readonly text: string }[],
  { lists, timezone, timeWindows, sinks }: Settings,
): CompiledRules =>
  compileRules(files, { lists, timezone, timeWindows, knownSinks: sinks.map(({ name }) => name) });

const answerOf = (
  replayed: Awaited<ReturnType<typeof replay>>,
  found: {
    readonly alerts: number;
    readonly days: ReadonlyMap<number, number>;
    readonly examples: readonly Alert[];
  },
  bounded: boolean,
): BacktestAnswer => ({
  events: replayed.events,
  from: replayed.firstMs === undefined ? null : iso(replayed.firstMs),
  to: replayed.lastMs === undefined ? null : iso(replayed.lastMs),
  complete: replayed.complete && !bounded,
  alerts: found.alerts,
  per_day: [...found.days]
    .sort(([a], [b]) => a - b)
    .map(([day, alerts]) => ({ date: iso(day * DAY_MS).slice(0, 10), alerts })),
  examples: found.examples.map(({ createdAtMs, account, message, eventIds, eventAccounts }) => ({
    at: iso(createdAtMs),
    account: account === '' ? null : account,
    message,
    event_ids: [...eventIds],
    event_accounts: eventIds.map((_, index) => eventAccounts?.[index] ?? account),
  })),
});
