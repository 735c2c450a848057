import { alertFromMatch } from '../alerts/alert-from-match.ts';
import { fleetAlert } from '../alerts/fleet-alert.ts';
import { errorText } from '../base/errors.ts';
import type { Alert } from '../core/alert.ts';
import type { AuditEvent } from '../core/event.ts';
import { FLEET } from '../core/fleet.ts';
import type { Match, RuleInfo, RuleState } from '../core/match.ts';
import type { RuleEngine } from '../rules/engine.ts';
import { createMemoryState } from '../rules/run-tests.ts';

/** Some events, each once; those of an account in order of (`created_at`, `id`). */
export interface Batch {
  readonly events: readonly AuditEvent[];
  /** How much of the source is behind us, 0 to 1. */
  readonly done: number;
}

/** Events of the past. */
export interface EventSource {
  /**
   * The events; memory does not grow with their number. With `together` those of all accounts come in order of time, else one
   * account may come after the other. Rejects with what kept it from reading on.
   */
  batches(signal: AbortSignal, together: boolean): AsyncIterable<Batch>;
  /** Accounts that were read, whether or not there was an event. Asked at the end. */
  accounts(): readonly string[];
  /** When reading begins for an account, if that is known: the clock of absences starts there, else with its first event. */
  startMs(account: string): number | undefined;
  /** Up to when nothing is missing: absences are judged until then. Asked at the end. */
  endMs(account: string): number | undefined;
  /** What was odd about the source, for people. Asked at the end. */
  remarks(): readonly string[];
}

/** A match of the past as it would have been told. */
export interface PastAlert {
  readonly match: Match;
  /** FLEET for that of a rule over all accounts. */
  readonly account: string;
  /** The alert, made on demand: most are only counted. Decided when it happened. */
  alert(): Alert;
}

/** What a replay came to. */
export interface Replayed {
  readonly events: number;
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  /** Rules that failed, with how often and the first reason. */
  readonly failures: readonly { readonly rule: RuleInfo; readonly count: number; readonly reason: string }[];
  /** False when the signal ended it early. */
  readonly complete: boolean;
}

export interface ReplayOptions {
  readonly engine: RuleEngine;
  /** Of rules over all accounts, when alerts of such are wanted. */
  readonly fleet: RuleEngine | undefined;
  readonly source: EventSource;
  /** Ids of rules whose alerts are wanted. */
  readonly ids: ReadonlySet<string>;
  /** Matches before this only give the rules their memory. */
  readonly countFromMs: number | undefined;
  /** Told of every alert, in order; awaited, so that a slow reader slows the replay down. */
  readonly onAlert: (past: PastAlert) => void | Promise<void>;
  readonly onProgress: (done: number, events: number) => void;
}

interface AccountClock {
  readonly state: RuleState;
  lastMs: number;
}

/**
 * Holds events of the past against rules, as the monitor would have done while they happened: in order of time, with a
 * memory per account (and one of all accounts) that begins empty, and with the clock of absences running. Sends nothing, stores
 * nothing.
 */
export const replay = async (options: ReplayOptions, signal: AbortSignal): Promise<Replayed> => {
  const { engine, fleet, source, ids } = options;
  const fleetState = createMemoryState();
  const accounts = new Map<string, AccountClock>();
  const failures = new Map<string, { readonly rule: RuleInfo; count: number; readonly reason: string }>();
  const countFromMs = options.countFromMs ?? Number.NEGATIVE_INFINITY;
  let events = 0;
  let firstMs: number | undefined;
  let lastMs: number | undefined;

  type Evaluated = ReturnType<RuleEngine['evaluate']>;
  const take = async ({ matches, failures: failed }: Evaluated, account?: string): Promise<void> => {
    for (const { rule, error } of failed) {
      const known = failures.get(rule.id);
      if (known) known.count += 1;
      else failures.set(rule.id, { rule, count: 1, reason: errorText(error) });
    }
    for (const match of matches) {
      // The end of an absence is no finding of its own.
      if (match.status === 'resolved' || match.atMs < countFromMs || !ids.has(match.rule.id)) continue;
      const alert = (): Alert =>
        account === undefined ? fleetAlert(match, match.atMs) : alertFromMatch(match, match.atMs, account);
      await options.onAlert({ match, account: account ?? FLEET, alert });
    }
  };
  const begin = async (account: string, startMs: number): Promise<AccountClock> => {
    const clock = { state: createMemoryState(), lastMs: startMs };
    accounts.set(account, clock);
    await take(engine.tick(startMs, clock.state), account);
    return clock;
  };
  const clockOf = ({ account, createdAtMs }: AuditEvent): AccountClock | Promise<AccountClock> =>
    accounts.get(account) ?? begin(account, Math.min(source.startMs(account) ?? createdAtMs, createdAtMs));
  const finish = async (): Promise<void> => {
    for (const account of source.accounts()) {
      const startMs = source.startMs(account);
      if (!accounts.has(account) && startMs !== undefined) await begin(account, startMs);
    }
    for (const [account, { state, lastMs: newestMs }] of accounts)
      await take(engine.tick(Math.max(newestMs, source.endMs(account) ?? newestMs), state), account);
  };

  for await (const batch of source.batches(signal, fleet !== undefined)) {
    for (const event of batch.events) {
      const known = clockOf(event);
      const clock = known instanceof Promise ? await known : known;
      const evaluated = engine.evaluate(event, clock.state);
      if (evaluated.matches.length > 0 || evaluated.failures.length > 0) await take(evaluated, event.account);
      const overAll = fleet?.evaluate(event, fleetState);
      if (overAll && (overAll.matches.length > 0 || overAll.failures.length > 0)) await take(overAll);
      clock.lastMs = event.createdAtMs;
      if (event.createdAtMs < countFromMs) continue;
      events += 1;
      firstMs = Math.min(firstMs ?? event.createdAtMs, event.createdAtMs);
      lastMs = Math.max(lastMs ?? event.createdAtMs, event.createdAtMs);
    }
    options.onProgress(batch.done, events);
    if (signal.aborted) break;
  }
  if (!signal.aborted) await finish();
  return { events, firstMs, lastMs, failures: [...failures.values()], complete: !signal.aborted };
};
