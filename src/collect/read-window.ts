import type { AuditPage } from '../core/audit-reader.ts';
import { type AuditEvent, byTime, type QuarantinedEvent } from '../core/event.ts';
import { noTracer, type SpanAttributes, type Tracer } from '../core/tracer.ts';
import type { Window } from '../core/window.ts';
import { createFindings, type Findings } from './findings.ts';
import { type ReadPagesOptions, readFitting, type TooLarge } from './read-pages.ts';

/** How windows are read. */
export interface ReadWindowOptions extends ReadPagesOptions {
  /** How often a window is read again when counts disagree. */
  readonly rereads: number;
  readonly tracer?: Tracer;
}

/** A window that was read as a whole. */
export interface ReadWindow extends Window {
  /** Events inside the window, sorted, distinct. */
  readonly events: readonly AuditEvent[];
  readonly quarantined: readonly QuarantinedEvent[];
  /** True: the number of distinct elements equals what the API says the query has. */
  readonly verified: boolean;
  /** Why it is not verified; '' when it is. */
  readonly doubt: string;
  /** Server clock minus ours by its own word; undefined when it did not say. */
  readonly clockSkewMs: number | undefined;
  /** When it did not say: as {@link AuditPage.expectedSkewMs}. */
  readonly expectedSkewMs?: number | undefined;
}

/** What came of reading: the window, or the finding that it holds too much and must be cut. */
export type ReadResult = { readonly kind: 'read'; readonly window: ReadWindow } | TooLarge;

/**
 * Reads all pages of a window and proves the result complete by counting: the distinct elements we hold must be as
 * many as `totalElements` says. When they are not (an event slipped from one page to another, or the API is wrong) the
 * window is read again, and what the readings found is put together; after the last reading it is given back as
 * unverified rather than lost. Rejects with AuditError when a page cannot be read at all.
 */
export const readWindow = (
  window: Window,
  options: ReadWindowOptions,
  signal: AbortSignal,
): Promise<ReadResult> =>
  (options.tracer ?? noTracer).span('read window', spanOf(window), async (span) => {
    const result = await readProven(window, options, signal);
    span.set(
      result.kind === 'read'
        ? { events: result.window.events.length, verified: result.window.verified }
        : { 'too-large': true },
    );
    return result;
  });

const spanOf = ({ fromMs, toMs }: Window): SpanAttributes => ({
  from: new Date(fromMs).toISOString(),
  to: new Date(toMs).toISOString(),
});

const readProven = async (
  window: Window,
  options: ReadWindowOptions,
  signal: AbortSignal,
): Promise<ReadResult> => {
  const found = createFindings();
  let previousTotal: number | undefined;
  for (let reading = 0; reading <= options.rereads; reading += 1) {
    const pages = await readFitting(window, options, reading === 0, signal);
    if (pages.kind === 'too-large') return pages;
    found.merge(pages.findings);
    const total = pages.totalElements;
    // Two readings may each miss a different event and still agree on the total: together they are complete.
    const together = total !== undefined && total === previousTotal && found.size() === total;
    const doubt = [pages.unfiltered, together ? '' : pages.miscount].filter((text) => text !== '').join('; ');
    if (doubt === '' || pages.unfiltered !== '' || reading === options.rereads) {
      return { kind: 'read', window: finish(window, found, doubt, pages) };
    }
    previousTotal = total;
  }
  throw new Error('unreachable: the last reading returns');
};

const finish = (
  window: Window,
  found: Findings,
  doubt: string,
  { clockSkewMs, expectedSkewMs }: Pick<AuditPage, 'clockSkewMs' | 'expectedSkewMs'>,
): ReadWindow => ({
  ...window,
  events: [...found.events.values()]
    .filter((event) => event.createdAtMs >= window.fromMs && event.createdAtMs < window.toMs)
    .sort(byTime),
  quarantined: [...found.quarantined.values()],
  verified: doubt === '',
  doubt,
  clockSkewMs,
  expectedSkewMs,
});
