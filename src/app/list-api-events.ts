import type { AuditClient } from '../audit/client.ts';
import { readWindow } from '../collect/read-window.ts';
import type { Settings } from '../config/settings.ts';
import type { Clock, Random } from '../core/clock.ts';
import { type AuditEvent, byTime } from '../core/event.ts';
import { cut, floorToSecond, type Window } from '../core/window.ts';
import type { EventSearch } from '../server/api-console.ts';
import { createEventFilter } from './event-filter.ts';
import { eventRowOf } from './event-rows.ts';
import type { ListedEvent, OnReached } from './list-events.ts';
import { createQuietClient } from './quiet-client.ts';

/** The first look goes back so far; the next ones further, as long as little is found. */
const FIRST_STEP_MS = 3_600_000;
const MAX_STEP_MS = 30 * 86_400_000;
const GROWTH = 4;
/** Events of one account that are in memory at once. */
const MAX_WINDOW_EVENTS = 500;
const PAGE_CONCURRENCY = 2;
const REREADS = 1;

/** What is asked of the API: bounded in time, newest first. */
export interface ApiEventSearch extends Omit<EventSearch, 'after' | 'limit' | 'matched' | 'newestFirst'> {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A list out of the API, with what was doubtful about it. */
export interface ApiEvents {
  list(onReached: OnReached, signal: AbortSignal): AsyncGenerator<ListedEvent, void, void>;
  /** For people, after the list. */
  remarks(): readonly string[];
}

/**
 * The events of the Audit API itself, newest first, read backwards window by window with the proof by count that polling
 * uses. What the API can filter by it is asked for (types, time, text); user, country and address are looked at here.
 * Nothing is stored. `accounts` are names of configured ones.
 */
export const createApiEvents = (
  settings: Settings,
  accounts: readonly string[],
  search: ApiEventSearch,
  now: Clock,
  random: Random,
): ApiEvents => {
  const { byContent } = createEventFilter({ ...search, types: undefined, search: undefined, matched: false });
  const doubts = { quarantined: 0, unverified: 0 };
  const reached = new Map<string, number>();

  async function* ofAccount(
    name: string,
    onReached: OnReached,
    signal: AbortSignal,
  ): AsyncGenerator<AuditEvent> {
    const account = settings.accounts.find((one) => one.name === name);
    if (!account) return;
    const client = createQuietClient(settings, account, now, random);
    try {
      for await (const { window, events } of backwards(client, name, search, settings, doubts, signal)) {
        reached.set(name, window.fromMs);
        // The list is as far as the account that is least far.
        onReached(Math.max(...accounts.map((one) => reached.get(one) ?? search.toMs)));
        for (const event of events) if (!byContent || byContent(event.json)) yield event;
      }
    } finally {
      await client.close();
    }
  }

  return {
    async *list(onReached, signal) {
      for await (const event of merged(accounts.map((name) => ofAccount(name, onReached, signal))))
        yield {
          row: { ...eventRowOf({ ...event, seenAtMs: 0 }, event.fields, []), seen_at: null },
          json: event.json,
        };
    },
    remarks: () => [
      ...(doubts.quarantined > 0
        ? [`${doubts.quarantined} elements of the answers were no event and were left out`]
        : []),
      ...(doubts.unverified > 0
        ? [`about ${doubts.unverified} windows the API contradicted itself: events may be missing`]
        : []),
    ],
  };
};

/** The windows of one account from the newest back, each with its events newest first. */
async function* backwards(
  client: AuditClient,
  account: string,
  search: ApiEventSearch,
  settings: Settings,
  doubts: { quarantined: number; unverified: number },
  signal: AbortSignal,
): AsyncGenerator<{ readonly window: Window; readonly events: readonly AuditEvent[] }> {
  const options = {
    account,
    reader: {
      readPage: (query: Parameters<AuditClient['readPage']>[0], until: AbortSignal) =>
        client.find({ ...query, eventTypes: search.types, searchText: search.search }, until),
    },
    pageSize: settings.api.pageSize,
    maxWindowEvents: Math.min(MAX_WINDOW_EVENTS, settings.poll.maxWindowEvents),
    pageConcurrency: PAGE_CONCURRENCY,
    rereads: REREADS,
  };
  const firstMs = floorToSecond(search.fromMs);
  let endMs = floorToSecond(search.toMs + 999);
  let stepMs = FIRST_STEP_MS;
  const waiting: Window[] = [];
  for (;;) {
    let next = waiting.pop();
    if (!next) {
      if (endMs <= firstMs) return;
      next = { fromMs: Math.max(firstMs, endMs - stepMs), toMs: endMs };
      endMs = next.fromMs;
    }
    const result = await readWindow(next, options, signal);
    if (result.kind === 'too-large') {
      waiting.push(...cut(next, result.totalElements, options.maxWindowEvents));
      stepMs = FIRST_STEP_MS;
      continue;
    }
    const { events, quarantined, verified } = result.window;
    doubts.quarantined += quarantined.length;
    if (!verified) doubts.unverified += 1;
    if (events.length < options.maxWindowEvents / GROWTH) stepMs = Math.min(stepMs * GROWTH, MAX_STEP_MS);
    yield {
      window: next,
      events: events
        .filter(({ createdAtMs }) => createdAtMs >= search.fromMs && createdAtMs < search.toMs)
        .toReversed(),
    };
  }
}

/** Several lists that are newest first as one. */
async function* merged(lists: readonly AsyncGenerator<AuditEvent>[]): AsyncGenerator<AuditEvent> {
  const heads = await Promise.all(lists.map(async (list) => ({ list, head: await list.next() })));
  try {
    for (;;) {
      let newest: { readonly event: AuditEvent; readonly of: (typeof heads)[number] } | undefined;
      for (const of of heads)
        if (!of.head.done && (!newest || byTime(of.head.value, newest.event) > 0))
          newest = { event: of.head.value, of };
      if (!newest) return;
      yield newest.event;
      newest.of.head = await newest.of.list.next();
    }
  } finally {
    for (const { list } of heads) await list.return(undefined);
  }
}
