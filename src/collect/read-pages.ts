import type { AuditPage, AuditReader } from '../core/audit-reader.ts';
import { isOneSecond, type Window } from '../core/window.ts';
import { createFindings, type Findings } from './findings.ts';
import { inOrder } from './in-order.ts';
import { isTooLarge, readInParts } from './read-in-parts.ts';

/** How the pages of a window are read. */
export interface ReadPagesOptions {
  readonly account: string;
  readonly reader: AuditReader;
  readonly pageSize: number;
  /** A window with more events is to be cut, unless it is one second wide. */
  readonly maxWindowEvents: number;
  /** The same for the JSON of its events, in characters; default 64 Mi. Events of a megabyte each fill it as well. */
  readonly maxWindowChars?: number;
  /** How many pages may be under way at once after page 1 has told the count. */
  readonly pageConcurrency: number;
}

/** A window holds too much and must be cut. `totalElements` is undefined when not even the count could be read. */
export interface TooLarge {
  readonly kind: 'too-large';
  readonly totalElements: number | undefined;
}

/** The API does not say whether its bounds are inclusive: we ask for a second more on both ends and filter. */
const MARGIN_MS = 1_000;
/** Pages that may be read beyond what `maxWindowEvents` allows (a crowded second, a lying total), as a factor. */
const CROWDED_FACTOR = 20;
const MAX_WINDOW_CHARS = 64 * 1_024 * 1_024;

/** What came of one reading of all pages of a window. */
export type Pages =
  | TooLarge
  | {
      readonly kind: 'pages';
      readonly findings: Findings;
      readonly totalElements: number | undefined;
      /** Why the answer cannot be trusted to be about the range we asked for; '' when it can. */
      readonly unfiltered: string;
      /** Why the count proves nothing; '' when it proves this reading complete. */
      readonly miscount: string;
      readonly clockSkewMs: number | undefined;
      readonly expectedSkewMs: number | undefined;
    };

/**
 * One reading of all pages; an answer that is larger than the reader allows is a window that holds too much. Rejects with
 * AuditError when a page cannot be read at all.
 */
export const readFitting = async (
  window: Window,
  options: ReadPagesOptions,
  mayBeTooLarge: boolean,
  signal: AbortSignal,
): Promise<Pages> => {
  try {
    return await readPages(window, options, mayBeTooLarge, signal);
  } catch (error) {
    if (isTooLarge(error) && !isOneSecond(window)) return { kind: 'too-large', totalElements: undefined };
    throw error;
  }
};

/** One reading of all pages. */
const readPages = async (
  window: Window,
  options: ReadPagesOptions,
  mayBeTooLarge: boolean,
  signal: AbortSignal,
): Promise<Pages> => {
  const range = { fromMs: window.fromMs - MARGIN_MS, toMs: window.toMs + MARGIN_MS };
  const findings = createFindings();
  /** What looked odd; it matters only when the count, which is the proof, disagrees. */
  const oddities = new Set<string>();
  let total: number | undefined;

  const take = (page: AuditPage, asked: number): boolean => {
    if (page.number !== undefined && page.number !== asked) {
      oddities.add(`page ${asked} was asked for, the answer says it is page ${page.number}`);
    }
    if (asked > 1 && page.totalElements !== total && page.totalElements !== undefined) {
      oddities.add(`totalElements changed from ${total} to ${page.totalElements} between pages`);
      total = page.totalElements;
    }
    return findings.add(page);
  };
  // When one page of several fails, the others are called off: their retries must not outlive this reading.
  const failed = new AbortController();
  const together = AbortSignal.any([signal, failed.signal]);
  const read = async (page: number): Promise<AuditPage> => {
    try {
      return await readPage(window, range, page, options, together);
    } catch (error) {
      failed.abort();
      throw error;
    }
  };

  const first = await read(1);
  total = first.totalElements ?? (first.count === 0 ? 0 : undefined);
  const outside = first.events.find(
    (event) => event.createdAtMs < range.fromMs - MARGIN_MS || event.createdAtMs > range.toMs + MARGIN_MS,
  );
  let unfiltered = '';
  if (outside) {
    // Cutting cannot help against a server that does not filter: it would end in one request per second of history.
    unfiltered = `the answer holds an event of ${new Date(outside.createdAtMs).toISOString()}, outside the range`;
  } else if (mayBeTooLarge && (total ?? 0) > options.maxWindowEvents && !isOneSecond(window)) {
    return { kind: 'too-large', totalElements: total ?? 0 };
  }
  take(first, 1);

  const limit = outside ? options.maxWindowEvents : options.maxWindowEvents * CROWDED_FACTOR;
  const maxPages = Math.max(1, Math.ceil(limit / options.pageSize));
  // A server may give smaller pages than asked for; what page 1 held tells how many pages there are.
  const perPage = first.count > 0 && first.count < (total ?? 0) ? first.count : options.pageSize;
  const expected = Math.min(maxPages, Math.ceil((total ?? 0) / perPage));
  let last = first;
  /** How many of the latest pages in a row repeated what was known, or held nothing. */
  let stale = 0;
  let tooMuch = false;
  const goesOn = (page: AuditPage, asked: number): boolean => {
    stale = take(page, asked) ? 0 : stale + 1;
    last = page;
    tooMuch =
      !outside && !isOneSecond(window) && findings.chars() > (options.maxWindowChars ?? MAX_WINDOW_CHARS);
    // Through pages without anything new one could read on for ever.
    return !tooMuch && stale < options.pageConcurrency;
  };
  await inOrder({ from: 2, to: expected, places: options.pageConcurrency }, read, goesOn);
  if (stale >= options.pageConcurrency || tooMuch) failed.abort();
  // Beyond the expected end a full last page is followed by a probe: totals have been seen too small.
  const probes = (): boolean => last.count >= perPage && stale === 0 && !tooMuch;
  for (let page = Math.max(2, expected + 1); page <= maxPages && probes(); page += 1) {
    goesOn(await read(page), page);
  }
  if (tooMuch) return { kind: 'too-large', totalElements: total };

  return {
    kind: 'pages',
    findings,
    totalElements: total,
    unfiltered,
    miscount: miscount(findings.size(), total, oddities),
    clockSkewMs: first.clockSkewMs,
    expectedSkewMs: first.expectedSkewMs,
  };
};

/** A page; one that is too large although its window cannot be cut any more is read in parts. */
const readPage = async (
  window: Window,
  range: Window,
  page: number,
  options: ReadPagesOptions,
  signal: AbortSignal,
): Promise<AuditPage> => {
  const { account, reader, pageSize: size } = options;
  try {
    return await reader.readPage({ ...range, page }, signal);
  } catch (error) {
    if (!isTooLarge(error) || !isOneSecond(window)) throw error;
    return readInParts(reader, { account, secondMs: window.fromMs, range, page, size }, signal);
  }
};

/** Why the count proves nothing; '' when it proves the reading complete. */
const miscount = (size: number, total: number | undefined, oddities: ReadonlySet<string>): string => {
  if (size === total) return '';
  const first =
    total === undefined
      ? 'the answer does not say totalElements'
      : `${size} distinct elements were read, totalElements says ${total}`;
  return [first, ...oddities].join('; ');
};
