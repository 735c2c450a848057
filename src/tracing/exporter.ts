import { errorText } from '../base/errors.ts';
import { createLatch } from '../base/latch.ts';
import { sleep } from '../base/sleep.ts';
import { backoffMs, retryAfterMs } from '../core/backoff.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { SpanAttributes } from '../core/tracer.ts';
import { type ExportedSpan, otlpBody, refusedSpans } from './otlp.ts';

/** Takes spans and sends them on. */
export interface Exporter {
  /** Never waits and never throws; a span that there is no room for is dropped and counted. */
  add(span: ExportedSpan): void;
  /** Sends what is there once more, within two seconds, and ends. */
  close(): Promise<void>;
}

/** What {@link createExporter} works with. */
export interface ExporterOptions {
  /** One POST of JSON. Rejects when there was no answer. */
  readonly post: (
    body: string,
    signal: AbortSignal,
  ) => Promise<{ readonly status: number; readonly retryAfter: string | undefined; readonly body: string }>;
  /** Who sends: `service.name`, … */
  readonly resource: SpanAttributes;
  readonly version: string;
  /** Takes secrets out of reasons. */
  readonly redact: (text: string) => string;
  readonly now: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** How long spans are gathered, in ms; 5,000 unless given. */
  readonly everyMs?: number;
}

/** Some 1 MB of memory at most: tracing is a convenience, and what it costs is bounded however long nobody takes it. */
const MAX_WAITING = 2_048;
const MAX_BATCH = 512;
const EVERY_MS = 5_000;
const LAST_TRY_MS = 2_000;
const BACKOFF = { baseMs: 1_000, capMs: 60_000 };
/** Statuses that OTLP says may be tried again. */
const TRANSIENT = new Set([429, 502, 503, 504]);

type Outcome =
  | { readonly kind: 'taken'; readonly refused: number }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'later'; readonly reason: string; readonly afterMs: number | undefined };

/**
 * Makes an {@link Exporter}: spans are gathered for some seconds and sent in batches, one request at a time. A receiver
 * that is down is asked again more and more seldom; meanwhile spans wait, and then the newest are dropped. The log says
 * once when it stops and once when it works again.
 */
export const createExporter = (options: ExporterOptions): Exporter => {
  const { log, telemetry, now } = options;
  const everyMs = options.everyMs ?? EVERY_MS;
  const waiting: ExportedSpan[] = [];
  const closing = new AbortController();
  /** Ends the requests; the rest has two seconds more. */
  const cut = new AbortController();
  const some = createLatch();
  const full = createLatch();
  let told = false;
  const count = (outcome: string, by: number): void => {
    if (by > 0) telemetry.count('trace_spans_total', { outcome }, by);
  };

  const send = async (batch: readonly ExportedSpan[]): Promise<Outcome> => {
    try {
      const answer = await options.post(otlpBody(batch, options.resource, options.version), cut.signal);
      const { status } = answer;
      if (status >= 200 && status < 300) return { kind: 'taken', refused: refusedSpans(answer.body) };
      const reason = `HTTP ${status}`;
      if (!TRANSIENT.has(status)) return { kind: 'refused', reason };
      return { kind: 'later', reason, afterMs: retryAfterMs(answer.retryAfter, now()) };
    } catch (error) {
      return { kind: 'later', reason: options.redact(errorText(error)), afterMs: undefined };
    }
  };

  const tell = (outcome: Outcome): void => {
    const failed = outcome.kind !== 'taken';
    if (failed && !told) log.warn('tracing.failed', { reason: outcome.reason });
    if (!failed && told) log.info('tracing.recovered');
    told = failed;
  };

  /** Sends one batch; answers how long to wait before the next try of it, undefined when it is done with. */
  const flush = async (failures: number): Promise<number | undefined> => {
    const batch = waiting.slice(0, MAX_BATCH);
    const outcome = await send(batch);
    tell(outcome);
    if (outcome.kind === 'later')
      return Math.max(outcome.afterMs ?? 0, backoffMs(failures + 1, BACKOFF, options.random));
    waiting.splice(0, batch.length);
    const refused = outcome.kind === 'refused' ? batch.length : Math.min(outcome.refused, batch.length);
    count('refused', refused);
    count('exported', batch.length - refused);
    return undefined;
  };

  const work = async (): Promise<void> => {
    const { signal } = closing;
    let failures = 0;
    while (!signal.aborted) {
      if (waiting.length === 0) await some.wait(undefined, signal);
      if (failures === 0 && waiting.length < MAX_BATCH) await full.wait(everyMs, signal);
      if (signal.aborted || waiting.length === 0) continue;
      const pauseMs = await flush(failures);
      failures = pauseMs === undefined ? 0 : failures + 1;
      if (pauseMs !== undefined) await sleep(pauseMs, signal);
    }
  };
  const working = work();

  return {
    add(span) {
      if (closing.signal.aborted || waiting.length >= MAX_WAITING) return count('dropped', 1);
      waiting.push(span);
      if (waiting.length === 1) some.ring();
      if (waiting.length === MAX_BATCH) full.ring();
    },
    async close() {
      closing.abort();
      const patience = setTimeout(() => cut.abort(), LAST_TRY_MS);
      await working;
      while (waiting.length > 0 && !cut.signal.aborted && (await flush(0)) === undefined);
      clearTimeout(patience);
      count('dropped', waiting.length);
      waiting.length = 0;
    },
  };
};
