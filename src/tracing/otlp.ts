import type { EndedSpan, SpanAttributes } from '../core/tracer.ts';

/** An ended span with what it refers to. */
export interface ExportedSpan extends EndedSpan {
  readonly link?: { readonly traceId: string; readonly spanId: string } | undefined;
}

const valueOf = (value: string | number | boolean): object => {
  if (typeof value === 'string') return { stringValue: value.toWellFormed() };
  if (typeof value === 'boolean') return { boolValue: value };
  // 64-bit integers are texts in the JSON of protobuf.
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
};

const attributesOf = (attributes: SpanAttributes): readonly object[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }));

/** Epoch ms as a text of nanoseconds; exact to the microsecond. */
const nanoseconds = (ms: number): string => `${Math.round(ms * 1_000)}000`;

const KINDS = { internal: 1, client: 3 } as const;
const STATUS_ERROR = 2;

const spanOf = (span: ExportedSpan): object => ({
  traceId: span.traceId,
  spanId: span.spanId,
  ...(span.parentId === undefined ? {} : { parentSpanId: span.parentId }),
  name: span.name,
  kind: KINDS[span.kind],
  startTimeUnixNano: nanoseconds(span.startMs),
  // A clock that was set back must not make a span that ends before it begins.
  endTimeUnixNano: nanoseconds(Math.max(span.endMs, span.startMs)),
  attributes: attributesOf(span.attributes),
  ...(span.link === undefined ? {} : { links: [{ ...span.link, attributes: [] }] }),
  status: span.failed === undefined ? {} : { code: STATUS_ERROR, message: span.failed },
});

/** The body of a request to `/v1/traces`: an `ExportTraceServiceRequest` of OTLP 1.x in its JSON encoding. */
export const otlpBody = (spans: readonly ExportedSpan[], resource: SpanAttributes, version: string): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [{ scope: { name: 'vonage-audit-monitor', version }, spans: spans.map(spanOf) }],
      },
    ],
  });

/** How many spans of a request the receiver has refused although it took the others. */
export const refusedSpans = (answer: string): number => {
  try {
    const { partialSuccess } = JSON.parse(answer) as { partialSuccess?: { rejectedSpans?: unknown } };
    const count = Number(partialSuccess?.rejectedSpans ?? 0);
    return Number.isFinite(count) && count > 0 ? count : 0;
  } catch {
    // An empty answer, or one in another encoding: it took them.
    return 0;
  }
};
