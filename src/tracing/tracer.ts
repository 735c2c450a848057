import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { OpenSpan, SpanAttributes, SpanKind, Tracer } from '../core/tracer.ts';
import type { ExportedSpan } from './otlp.ts';

/** What {@link createTracer} works with. */
export interface TracerOptions {
  /** Takes what has ended. */
  readonly add: (span: ExportedSpan) => void;
  /** Share of the traces that are kept, 0 to 1. Decided by the id of the trace, so that all spans of one share its fate. */
  readonly sample: number;
  readonly now: Clock;
  /** Bytes of a new id; random unless given. */
  readonly bytes?: (count: number) => Buffer;
}

interface Context {
  readonly traceId: string;
  readonly spanId: string;
}

/** So many marks are remembered, the latest. What is older was delivered long ago, or waits for a receiver that is down. */
const MAX_MARKS = 10_000;

/** Whether a trace is kept: its id is random, so its last digits are a number between 0 and 1. */
const isSampled = (traceId: string, sample: number): boolean =>
  Number.parseInt(traceId.slice(-12), 16) / 2 ** 48 < sample;

/** The word for what was thrown: its kind where it has one, never its text. */
const kindOf = (error: unknown): string => {
  const kind = (error as { readonly kind?: unknown } | undefined)?.kind;
  if (typeof kind === 'string') return kind;
  return error instanceof Error ? error.name : 'failed';
};

/** Makes a {@link Tracer} that hands every span over when it ends. */
export const createTracer = (options: TracerOptions): Tracer => {
  const { now, sample } = options;
  const id = (bytes: number): string => (options.bytes ?? randomBytes)(bytes).toString('hex');
  /** undefined: no trace is under way; null: one that is not kept. */
  const underway = new AsyncLocalStorage<Context | null>();
  const marks = new Map<string, Context>();

  const begin = (context: Context, parentId: string | undefined, name: string, kind: SpanKind) => {
    const startMs = now();
    let attributes: SpanAttributes = {};
    let failed: string | undefined;
    const span: OpenSpan = {
      set(more) {
        attributes = { ...attributes, ...more };
      },
      fail(word) {
        failed = word;
      },
    };
    const end = (): void =>
      options.add({ ...context, parentId, name, kind, startMs, endMs: now(), attributes, failed });
    return { span, end };
  };

  const run = async <T>(
    context: Context,
    parentId: string | undefined,
    name: string,
    kind: SpanKind,
    attributes: SpanAttributes,
    work: (span: OpenSpan) => Promise<T>,
  ): Promise<T> => {
    const { span, end } = begin(context, parentId, name, kind);
    span.set(attributes);
    try {
      return await underway.run(context, () => work(span));
    } catch (error) {
      span.fail(kindOf(error));
      throw error;
    } finally {
      end();
    }
  };

  return {
    trace(name, attributes, work) {
      const context = { traceId: id(16), spanId: id(8) };
      if (!isSampled(context.traceId, sample)) return underway.run(null, () => work(NOT_KEPT));
      return run(context, undefined, name, 'internal', attributes, work);
    },
    span(name, attributes, work, kind = 'internal') {
      const parent = underway.getStore();
      if (!parent) return work(NOT_KEPT);
      const context = { traceId: parent.traceId, spanId: id(8) };
      return run(context, parent.spanId, name, kind, attributes, work);
    },
    step(name, attributes, work) {
      const parent = underway.getStore();
      if (!parent) return work();
      const { span, end } = begin(
        { traceId: parent.traceId, spanId: id(8) },
        parent.spanId,
        name,
        'internal',
      );
      span.set(attributes);
      try {
        return work();
      } catch (error) {
        span.fail(kindOf(error));
        throw error;
      } finally {
        end();
      }
    },
    mark(keys) {
      const context = underway.getStore();
      if (!context) return;
      for (const key of keys) {
        if (marks.size >= MAX_MARKS) for (const oldest of marks.keys()) if (marks.delete(oldest)) break;
        marks.set(key, context);
      }
    },
    record(make) {
      const span = make();
      if (!isSampled(span.traceId, sample)) return;
      const link = span.linkedTo === undefined ? undefined : marks.get(span.linkedTo);
      options.add({ ...span, link });
    },
  };
};

const NOT_KEPT: OpenSpan = { set() {}, fail() {} };
