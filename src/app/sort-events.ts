import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { AuditEvent } from '../core/event.ts';
import { byTimeAndAccount, eventOfLine } from './event-line.ts';
import { readLines } from './file-lines.ts';

/** Sorts more events than fit into memory by (`created_at`, `id`), through temporary files that only the owner can read. */
export interface Sorter {
  add(events: readonly AuditEvent[]): Promise<void>;
  /** All events that were added, in order. `done` goes from 0 to 1. */
  sorted(): AsyncGenerator<{ readonly events: readonly AuditEvent[]; readonly done: number }>;
  /** Removes the temporary files. */
  close(): Promise<void>;
}

/** JSON text held in memory until it is written out as a sorted run. */
const RUN_CHARACTERS = 16_777_216;
/** Files that are merged at once: far below any limit of open files. */
const MAX_RUNS = 128;
/** All runs that are merged hold this much at once, and what it parses to. */
const RUN_CHUNK_BYTES = 32_768;
const BATCH = 1_000;
/** Only time, id and text matter for sorting; parsed events take several times the memory. */
const NO_FIELDS = {};

/** A sorted file being read. */
interface Run {
  events: readonly AuditEvent[];
  at: number;
  readonly source: AsyncGenerator<readonly AuditEvent[]>;
}

/** Makes a {@link Sorter}. Events get their account again when they are read back, see {@link eventOfLine}. */
export const createSorter = async (
  account: string | undefined,
  runCharacters = RUN_CHARACTERS,
): Promise<Sorter> => {
  const folder = await mkdtemp(join(tmpdir(), 'vonage-audit-monitor-sort-'));
  const never = new AbortController().signal;
  let runs: string[] = [];
  let made = 0;
  let held: AuditEvent[] = [];
  let heldCharacters = 0;
  let total = 0;

  const write = async (
    batches: AsyncIterable<readonly AuditEvent[]> | Iterable<readonly AuditEvent[]>,
  ): Promise<string> => {
    const path = join(folder, String(made));
    made += 1;
    await pipeline(
      async function* () {
        for await (const events of batches) yield events.map((event) => `${oneLine(event.json)}\n`).join('');
      },
      createWriteStream(path, { mode: 0o600 }),
    );
    return path;
  };

  async function* eventsOf(path: string): AsyncGenerator<readonly AuditEvent[]> {
    for await (const { texts } of readLines(path, never, RUN_CHUNK_BYTES)) {
      yield texts.map((text) => {
        const parsed = eventOfLine(text, account);
        if ('problem' in parsed) throw new Error(`${path} was changed while it was sorted`);
        return parsed.value;
      });
    }
  }

  const spill = async (): Promise<void> => {
    held.sort(byTimeAndAccount);
    runs.push(await write(batchesOf(held)));
    held = [];
    heldCharacters = 0;
  };

  async function* merge(paths: readonly string[]): AsyncGenerator<readonly AuditEvent[]> {
    const heap: Run[] = [];
    for (const path of paths) {
      const run: Run = { events: [], at: 0, source: eventsOf(path) };
      if (await advance(run)) push(heap, run);
    }
    let batch: AuditEvent[] = [];
    for (let run = heap[0]; run; run = heap[0]) {
      batch.push(run.events[run.at] as AuditEvent);
      run.at += 1;
      if (run.at < run.events.length || (await advance(run))) sink(heap);
      else pop(heap);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  return {
    async add(events) {
      for (const event of events) {
        held.push({ ...event, fields: NO_FIELDS });
        heldCharacters += event.json.length;
        if (heldCharacters >= runCharacters) await spill();
      }
      total += events.length;
    },
    async *sorted() {
      if (held.length > 0) await spill();
      while (runs.length > MAX_RUNS) {
        const some = runs.slice(0, MAX_RUNS);
        runs = [...runs.slice(MAX_RUNS), await write(merge(some))];
        for (const path of some) await rm(path);
      }
      let count = 0;
      for await (const events of merge(runs)) {
        count += events.length;
        yield { events, done: count / total };
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
};

/** Byte for byte what the API gave may have line ends between its members. */
const oneLine = (json: string): string => (/[\r\n]/.test(json) ? json.replace(/[\r\n]+/g, ' ') : json);

function* batchesOf(events: readonly AuditEvent[]): Generator<readonly AuditEvent[]> {
  for (let from = 0; from < events.length; from += BATCH) yield events.slice(from, from + BATCH);
}

/** Reads the next events of a run; false at its end. */
const advance = async (run: Run): Promise<boolean> => {
  run.at = 0;
  const { value, done } = await run.source.next();
  run.events = done ? [] : value;
  return run.events.length > 0;
};

const before = (a: Run, b: Run): boolean =>
  byTimeAndAccount(a.events[a.at] as AuditEvent, b.events[b.at] as AuditEvent) < 0;

/** Puts a run into the heap, whose first element is the run with the oldest event. */
const push = (heap: Run[], run: Run): void => {
  let at = heap.push(run) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(run, heap[parent] as Run)) break;
    heap[at] = heap[parent] as Run;
    at = parent;
  }
  heap[at] = run;
};

/** Restores the order after the first run has moved on. */
const sink = (heap: Run[]): void => {
  const run = heap[0] as Run;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Run, heap[child] as Run)) child += 1;
    if (!before(heap[child] as Run, run)) break;
    heap[at] = heap[child] as Run;
    at = child;
  }
  heap[at] = run;
};

/** Takes the first run out. */
const pop = (heap: Run[]): void => {
  const last = heap.pop();
  if (last && heap.length > 0) {
    heap[0] = last;
    sink(heap);
  }
};
