import { statSync } from 'node:fs';
import { errorText, UsageError } from '../base/errors.ts';
import { type AuditEvent, byTime } from '../core/event.ts';
import type { Batch, EventSource } from './backtest.ts';
import type { Range } from './backtest-local.ts';
import { byTimeAndAccount, eventOfLine } from './event-line.ts';
import { readLines } from './file-lines.ts';
import { createSorter } from './sort-events.ts';

/** Events of one second are put in order of their ids in memory; a file with more than these is sorted as a whole. */
const MAX_TIES = 50_000;
const MAX_REMARKS = 3;

/** What part of the work a first look is. */
const LOOK_SHARE = 0.3;

/**
 * The events of a file with one event as JSON on each line (NDJSON), in any order: a file that is in order of time is
 * read as it is, any other is sorted through temporary files first. Either way memory does not grow with the file.
 * Lines that are no event are left out and told. Throws a UsageError for what is no such file. All events are of `account`;
 * undefined: each is of the account that an export has noted with it, or of `default`.
 */
export const createFileSource = (path: string, account: string | undefined, range: Range): EventSource => {
  let size: number;
  try {
    const stat = statSync(path);
    if (!stat.isFile())
      throw new UsageError(`${path}: allowed is a file with one event as JSON on each line`);
    size = stat.size;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--source: allowed are local, api, and a file (${errorText(error)})`);
  }
  let bad = 0;
  let repeated = 0;
  const remarks: string[] = [];
  let lastMs: number | undefined;
  const names = new Set<string>(account === undefined ? [] : [account]);

  const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = range;
  async function* events(signal: AbortSignal, counting: boolean): AsyncGenerator<Batch> {
    for await (const { texts, firstNumber, bytes } of readLines(path, signal)) {
      const found: AuditEvent[] = [];
      for (const [index, text] of texts.entries()) {
        if (text.trim() === '') continue;
        const parsed = eventOfLine(text, account);
        if ('value' in parsed) {
          const { createdAtMs } = parsed.value;
          if (createdAtMs >= fromMs && createdAtMs < toMs) found.push(parsed.value);
        } else if (counting) {
          bad += 1;
          if (bad <= MAX_REMARKS)
            remarks.push(
              `${path}:${firstNumber + index}: no event, left out: ${parsed.problem.replace(/^the body/, 'the line')}`,
            );
        }
      }
      yield { events: found, done: bytes / size };
    }
  }

  /** Whether the file is in order of time; yields how much of it was looked at. A file that is not is soon left. */
  async function* isOrdered(signal: AbortSignal): AsyncGenerator<number, boolean> {
    let newestMs = Number.NEGATIVE_INFINITY;
    let ties = 0;
    for await (const batch of events(signal, false)) {
      for (const { createdAtMs } of batch.events) {
        ties = createdAtMs === newestMs ? ties + 1 : 1;
        if (createdAtMs < newestMs || ties > MAX_TIES) return false;
        newestMs = createdAtMs;
      }
      yield batch.done;
    }
    return true;
  }

  const withoutRepetitions = (
    sorted: readonly AuditEvent[],
    before: AuditEvent | undefined,
  ): AuditEvent[] => {
    let previous = before;
    return sorted.filter((event) => {
      const same =
        previous !== undefined && byTime(previous, event) === 0 && previous.account === event.account;
      if (same) repeated += 1;
      previous = event;
      return !same;
    });
  };

  // Ends each batch before its newest second, which may go on in the next one.
  async function* inOrder(signal: AbortSignal): AsyncGenerator<Batch> {
    let held: AuditEvent[] = [];
    for await (const batch of events(signal, true)) {
      const all = [...held, ...batch.events];
      const newestMs = all.at(-1)?.createdAtMs;
      let end = all.length;
      while (batch.done < 1 && end > 0 && all[end - 1]?.createdAtMs === newestMs) end -= 1;
      held = all.slice(end);
      yield { events: all.slice(0, end).sort(byTimeAndAccount), done: batch.done };
    }
    if (held.length > 0) yield { events: held.sort(byTimeAndAccount), done: 1 };
  }

  async function* sorted(signal: AbortSignal): AsyncGenerator<Batch> {
    const sorter = await createSorter(account);
    try {
      for await (const batch of events(signal, true)) {
        await sorter.add(batch.events);
        yield { events: [], done: batch.done / 2 };
      }
      for await (const { events: some, done } of sorter.sorted())
        yield { events: some, done: 0.5 + done / 2 };
    } finally {
      await sorter.close();
    }
  }

  return {
    async *batches(signal) {
      const looking = isOrdered(signal);
      let step = await looking.next();
      for (; !step.done; step = await looking.next()) yield { events: [], done: step.value * LOOK_SHARE };
      let previous: AuditEvent | undefined;
      for await (const { events: some, done } of step.value ? inOrder(signal) : sorted(signal)) {
        const fresh = withoutRepetitions(some, previous);
        previous = some.at(-1) ?? previous;
        lastMs = previous?.createdAtMs;
        for (const event of fresh) names.add(event.account);
        yield { events: fresh, done: LOOK_SHARE + done * (1 - LOOK_SHARE) };
      }
      if (previous === undefined && bad > 0 && !signal.aborted)
        throw new UsageError(
          `${remarks.join('\n')}\n${path}: holds no event; allowed is one as JSON on each line`,
        );
    },
    accounts: () => [...names],
    startMs: () => range.fromMs,
    // A file says nothing of what came after its last event.
    endMs: () => lastMs,
    remarks: () => [
      ...remarks,
      ...(bad > MAX_REMARKS ? [`${bad - MAX_REMARKS} more lines are no event`] : []),
      ...(repeated > 0 ? [`${repeated} events stood in the file more than once`] : []),
    ],
  };
};
