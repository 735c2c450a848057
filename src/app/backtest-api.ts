import { UsageError } from '../base/errors.ts';
import { readWindow } from '../collect/read-window.ts';
import type { AccountSettings, Settings } from '../config/settings.ts';
import type { Clock, Random } from '../core/clock.ts';
import { type AuditEvent, byTime } from '../core/event.ts';
import { cut, floorToSecond, type Window } from '../core/window.ts';
import type { Batch, EventSource } from './backtest.ts';
import { createQuietClient } from './quiet-client.ts';

/** A month or so, in steps that most accounts answer in one window. */
const STEP_MS = 86_400_000;
const PAGE_CONCURRENCY = 4;
const REREADS = 2;

/** What is read from the API: always bounded. */
export interface ApiRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The events of the Audit API, account after account, window after window with the proof by count that polling uses.
 * Nothing is stored. Throws a UsageError when no account has that name.
 */
export const createApiSource = (
  settings: Settings,
  account: string | undefined,
  range: ApiRange,
  now: Clock,
  random: Random,
): EventSource => {
  const accounts = settings.accounts.filter(({ name }) => account === undefined || name === account);
  if (accounts.length === 0)
    throw new UsageError(
      `there is no account "${account}"; there are ${settings.accounts.map(({ name }) => name).join(', ')}`,
    );
  const window: Window = {
    fromMs: floorToSecond(range.fromMs),
    toMs: floorToSecond(Math.min(range.toMs, now() - settings.poll.settleMs)),
  };
  let quarantined = 0;
  let unverified = 0;

  const quietly = (of: AccountSettings): Reading => ({
    client: createQuietClient(settings, of, now, random),
    account: of.name,
  });

  /** The events of one account in a part of the range, in order. */
  async function* read({ account: name, client }: Reading, parts: Window[], signal: AbortSignal) {
    const options = {
      account: name,
      reader: client,
      pageSize: settings.api.pageSize,
      maxWindowEvents: settings.poll.maxWindowEvents,
      pageConcurrency: PAGE_CONCURRENCY,
      rereads: REREADS,
    };
    for (let next = parts.pop(); next && !signal.aborted; next = parts.pop()) {
      const result = await readWindow(next, options, signal);
      if (result.kind === 'too-large') {
        parts.push(...cut(next, result.totalElements, options.maxWindowEvents).toReversed());
        continue;
      }
      quarantined += result.window.quarantined.length;
      if (!result.window.verified) unverified += 1;
      yield {
        events: result.window.events,
        done: (next.toMs - window.fromMs) / (window.toMs - window.fromMs),
      };
    }
  }

  async function* inTurn(signal: AbortSignal): AsyncGenerator<Batch> {
    for (const [index, of] of accounts.entries()) {
      const reading = quietly(of);
      try {
        for await (const { events, done } of read(reading, steps(window), signal))
          yield { events, done: (index + done) / accounts.length };
      } finally {
        await reading.client.close();
      }
    }
  }

  /** Step by step, all accounts in each: what is held is what all of them have in one step. */
  async function* together(signal: AbortSignal): AsyncGenerator<Batch> {
    const readings = accounts.map(quietly);
    try {
      for (const step of steps(window).reverse()) {
        const found: AuditEvent[] = [];
        for (const reading of readings)
          for await (const { events } of read(reading, [step], signal))
            for (const each of events) found.push(each);
        if (signal.aborted) return;
        yield {
          events: found.sort(byTime),
          done: (step.toMs - window.fromMs) / (window.toMs - window.fromMs),
        };
      }
    } finally {
      await Promise.all(readings.map(({ client }) => client.close()));
    }
  }

  return {
    batches: (signal, isTogether) => (isTogether && accounts.length > 1 ? together(signal) : inTurn(signal)),
    accounts: () => accounts.map(({ name }) => name),
    startMs: () => window.fromMs,
    endMs: () => window.toMs,
    remarks: () => [
      ...(quarantined > 0 ? [`${quarantined} elements of the answers were no event and were left out`] : []),
      ...(unverified > 0
        ? [`about ${unverified} windows the API contradicted itself: events may be missing`]
        : []),
    ],
  };
};

/** An account being read. */
interface Reading {
  readonly account: string;
  readonly client: ReturnType<typeof createQuietClient>;
}

/** The range cut into steps, the first one last, as a stack wants it. */
const steps = (window: Window): Window[] => {
  const cut: Window[] = [];
  for (let fromMs = window.fromMs; fromMs < window.toMs; fromMs += STEP_MS)
    cut.push({ fromMs, toMs: Math.min(fromMs + STEP_MS, window.toMs) });
  return cut.reverse();
};
