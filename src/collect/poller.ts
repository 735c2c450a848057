import { errorCode, errorText } from '../base/errors.ts';
import { sleep } from '../base/sleep.ts';
import { AuditError } from '../core/audit-reader.ts';
import type { Random, Ticks } from '../core/clock.ts';
import { LeaseLostError } from '../core/lease.ts';
import type { Log } from '../core/log.ts';
import { StoreError } from '../core/store.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { noTracer, type OpenSpan } from '../core/tracer.ts';
import type { PollStart } from '../core/window.ts';
import { type CommittedWindow, type PassDeps, type PassOptions, type PassResult, runPass } from './pass.ts';

/** Polls one account for as long as it is let. */
export interface Poller {
  readonly account: string;
  /** One pass, with its outcome logged, counted and reported; true when it was completed. Rejects only when the lease is lost. */
  pass(signal: AbortSignal): Promise<boolean>;
  /**
   * Passes at the interval, never overlapping, until the signal aborts or the lease is lost (rejects then). A pass that
   * is under way when it aborts is given up at once or, with `hurry`, when that aborts.
   */
  run(signal: AbortSignal, hurry?: AbortSignal): Promise<void>;
  /** When the last pass was completed; undefined before the first. Epoch ms. */
  lastCompletedMs(): number | undefined;
  /** How long ago that was, whatever has become of the clock since. */
  sinceCompletedMs(): number | undefined;
  /** Why the latest pass failed; undefined when it did not, or before the first has ended. */
  lastFailure(): string | undefined;
  /** Since when the account is watched. Epoch ms. */
  beganMs(): number;
  /** Resolves at once when no pass is under way, else when it has ended. Others who read wait for it. */
  whenIdle(): Promise<void>;
}

/** What a poller knows and hands on to the one that takes its place; `{}` at first. Epoch ms. */
export interface PollerMemory {
  beganMs?: number;
  lastCompletedMs?: number;
  /** When that was, by the clock that does not jump. */
  completedTicks?: number;
  lastFailure?: string | undefined;
  /** When the next pass is due; undefined: at once. */
  nextMs?: number | undefined;
}

/** What a poller needs. */
export interface PollerOptions extends Omit<PassOptions, 'overlapMs'> {
  readonly intervalMs: number;
  /** Of the poller before; left out: there was none. */
  readonly memory?: PollerMemory;
  /** Asked at every pass: it may be chosen by itself. */
  readonly overlapMs: () => number;
}

/** Makes the poller of one account. */
export const createPoller = (
  options: PollerOptions,
  deps: PassDeps & {
    /** Default: the time since the process began. */
    readonly ticks?: Ticks | undefined;
    readonly random: Random;
    readonly log: Log;
    readonly telemetry: Telemetry;
  },
): Poller => {
  const { account } = options;
  const { log, now, telemetry, trouble, tracer = noTracer, ticks = () => performance.now() } = deps;
  // "Now" is when the watch began, not when the API first answered: what happens in between is not to be missed.
  const memory = options.memory ?? {};
  const beganMs = memory.beganMs ?? now();
  memory.beganMs = beganMs;
  let idle = Promise.resolve();

  const onCommitted = async (committed: CommittedWindow): Promise<void> => {
    const { window } = committed;
    if (!window.verified) {
      telemetry.count('windows_unverified_total', { account });
      log.warn('window.unverified', {
        account,
        from: iso(window.fromMs),
        to: iso(window.toMs),
        reason: window.doubt,
        events: window.events.length,
      });
    }
    if (committed.more) {
      log.info('poll.catching_up', {
        account,
        from: iso(window.fromMs),
        to: iso(window.toMs),
        events: window.events.length,
        new: committed.fresh.length,
      });
    }
    telemetry.gauge('watermark_timestamp_seconds', committed.watermarkMs / 1_000, { account });
    await deps.onCommitted(committed);
  };

  const failed = async (error: unknown, startedMs: number): Promise<void> => {
    const kind = kindOf(error);
    telemetry.count('polls_total', { account, outcome: kind });
    const reason = errorText(error);
    memory.lastFailure = reason;
    log.error('poll.failed', {
      account,
      kind,
      status: error instanceof AuditError ? error.status : undefined,
      code: errorCode(error),
      reason,
      duration_ms: now() - startedMs,
    });
    if (kind === 'blind') await trouble.raise('blind', account, reason);
    if (kind === 'store') await trouble.raise('store', account, reason);
  };

  const completed = async (result: PassResult, startedMs: number): Promise<void> => {
    const lastCompletedMs = now();
    memory.lastCompletedMs = lastCompletedMs;
    memory.completedTicks = ticks();
    memory.lastFailure = undefined;
    telemetry.count('polls_total', { account, outcome: 'completed' });
    telemetry.observe('poll_duration_seconds', (lastCompletedMs - startedMs) / 1_000, { account });
    telemetry.gauge('last_poll_timestamp_seconds', lastCompletedMs / 1_000, { account });
    log.info('poll.completed', {
      account,
      watermark: iso(result.watermarkMs),
      windows: result.windows,
      read: result.events,
      new: result.fresh,
      alerts: result.alerts,
      unverified: result.unverified,
      duration_ms: lastCompletedMs - startedMs,
    });
    await trouble.clear('blind', account);
    await trouble.clear('store', account);
    await trouble.clear('stale', account);
  };

  const passIn = async (span: OpenSpan, signal: AbortSignal): Promise<boolean> => {
    const startedMs = now();
    const ended = Promise.withResolvers<void>();
    idle = ended.promise;
    try {
      const start = fixedStart(options, Math.min(beganMs, startedMs));
      const result = await runPass(
        { ...options, overlapMs: options.overlapMs(), start },
        { ...deps, onCommitted },
        signal,
      );
      const { windows, events, fresh, alerts, unverified } = result;
      span.set({ windows, events, 'events.new': fresh, alerts, unverified });
      await completed(result, startedMs);
      return true;
    } catch (error) {
      span.fail(kindOf(error));
      if (error instanceof LeaseLostError) throw error;
      if (!signal.aborted) await reportFailure(error, startedMs);
      return false;
    } finally {
      ended.resolve();
    }
  };

  const pass = (signal: AbortSignal): Promise<boolean> =>
    tracer.trace('poll', { account }, (span) => passIn(span, signal));

  /** Reporting trouble writes to the store, which may be the very trouble: the log has it in any case. */
  const reportFailure = async (error: unknown, startedMs: number): Promise<void> => {
    try {
      await failed(error, startedMs);
    } catch (again) {
      log.error('store.error', { account, reason: errorText(again) });
    }
  };

  return {
    account,
    pass,
    lastCompletedMs: () => memory.lastCompletedMs,
    sinceCompletedMs: () =>
      memory.completedTicks === undefined ? undefined : ticks() - memory.completedTicks,
    lastFailure: () => memory.lastFailure,
    beganMs: () => beganMs,
    whenIdle: () => idle,
    async run(signal, hurry = signal) {
      const { intervalMs } = options;
      // One that takes another's place keeps its rhythm, unless that one failed: what it failed by may be mended.
      if (memory.nextMs !== undefined && memory.lastFailure === undefined)
        await sleep(Math.min(Math.max(memory.nextMs - now(), 0), intervalMs), signal);
      while (!signal.aborted) {
        await pass(hurry);
        // Up to a tenth either way, so that many accounts do not poll in step.
        const restMs = intervalMs * (0.9 + 0.2 * deps.random());
        // A pass that was given up for another poller is due at once.
        memory.nextMs = hurry.aborted ? undefined : now() + restMs;
        await sleep(restMs, signal);
      }
    },
  };
};

/** What a pass failed by, in a word. */
const kindOf = (error: unknown): AuditError['kind'] | 'store' | 'failed' =>
  error instanceof AuditError ? error.kind : error instanceof StoreError ? 'store' : 'failed';

/** `start` counted from a fixed moment; a clock that was set back since must not put it into the future. */
const fixedStart = ({ start, settleMs }: PollerOptions, beganMs: number): PollStart => {
  if (start.kind === 'at') return start;
  return { kind: 'at', ms: start.kind === 'ago' ? beganMs - start.ms : beganMs - settleMs - 1_000 };
};

const iso = (ms: number): string => new Date(ms).toISOString();
