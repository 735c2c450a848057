/** Facts of a span: ids, names, counts. Never the content of an event, never a secret. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A span that is under way. */
export interface OpenSpan {
  set(attributes: SpanAttributes): void;
  /** Marks it as failed, by a word that names the kind of failure. */
  fail(kind: string): void;
}

/** Whether a span is work of our own or a request to somebody else. */
export type SpanKind = 'internal' | 'client';

/** A span that has ended. */
export interface EndedSpan {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly parentId?: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  /** Epoch ms, also with a fraction. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanAttributes;
  /** The kind of failure; undefined: it went well. */
  readonly failed?: string | undefined;
  /** What was said at {@link Tracer.mark}: refers to the span that was under way then. */
  readonly linkedTo?: string | undefined;
}

/**
 * Tells where the time goes. Never throws and never rejects by itself: what `work` answers is answered, what it throws is
 * thrown, whatever becomes of the span.
 */
export interface Tracer {
  /** Runs `work` inside a span that begins a trace. */
  trace<T>(name: string, attributes: SpanAttributes, work: (span: OpenSpan) => Promise<T>): Promise<T>;
  /** Runs `work` inside a span of the trace that is under way; without one it only runs it. */
  span<T>(
    name: string,
    attributes: SpanAttributes,
    work: (span: OpenSpan) => Promise<T>,
    kind?: SpanKind,
  ): Promise<T>;
  /** The same for work that is done at once. */
  step<T>(name: string, attributes: SpanAttributes, work: () => T): T;
  /** Remembers the span that is under way under these keys for a while, for spans that refer to it. */
  mark(keys: Iterable<string>): void;
  /** Takes a span that was measured elsewhere; it is asked for only where spans are wanted. */
  record(span: () => EndedSpan): void;
}

const NO_SPAN: OpenSpan = { set() {}, fail() {} };

/** Traces nothing, and costs a call. */
export const noTracer: Tracer = {
  trace: (_name, _attributes, work) => work(NO_SPAN),
  span: (_name, _attributes, work) => work(NO_SPAN),
  step: (_name, _attributes, work) => work(),
  mark() {},
  record() {},
};
