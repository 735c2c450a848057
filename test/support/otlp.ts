import { z } from 'zod';

/* The JSON encoding of an OTLP ExportTraceServiceRequest, as strictly as its specification has it. */

const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`))
    .refine((id) => /[^0]/.test(id), 'an id of zeros');
const nanos = z.string().regex(/^[1-9]\d{17,18}$/);
const value = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ boolValue: z.boolean() }),
  z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
  z.strictObject({ doubleValue: z.number() }),
]);
const attributes = z
  .array(z.strictObject({ key: z.string().min(1), value }))
  .refine((list) => new Set(list.map(({ key }) => key)).size === list.length, 'a key twice');
const span = z
  .strictObject({
    traceId: hex(16),
    spanId: hex(8),
    parentSpanId: hex(8).optional(),
    name: z.string().min(1),
    kind: z.int().min(1).max(5),
    startTimeUnixNano: nanos,
    endTimeUnixNano: nanos,
    attributes,
    links: z.array(z.strictObject({ traceId: hex(16), spanId: hex(8), attributes })).optional(),
    status: z.strictObject({ code: z.int().min(0).max(2).optional(), message: z.string().optional() }),
  })
  .refine(
    ({ startTimeUnixNano, endTimeUnixNano }) => BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano),
    'ends before it begins',
  );
const request = z.strictObject({
  resourceSpans: z
    .array(
      z.strictObject({
        resource: z.strictObject({ attributes }),
        scopeSpans: z.array(
          z.strictObject({
            scope: z.strictObject({ name: z.string().min(1), version: z.string() }),
            spans: z.array(span).min(1),
          }),
        ),
      }),
    )
    .length(1),
});

/** A span as a receiver knows it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly failed: string | undefined;
}

const plain = (list: z.infer<typeof attributes>): Record<string, unknown> =>
  Object.fromEntries(
    list.map(({ key, value: of }) => [key, 'intValue' in of ? Number(of.intValue) : Object.values(of)[0]]),
  );

/** Reads the body of a request to `/v1/traces`. Throws for whatever is no OTLP. */
export const parseOtlp = (
  body: string,
): { readonly resource: Readonly<Record<string, unknown>>; readonly spans: readonly ReceivedSpan[] } => {
  const [first] = request.parse(JSON.parse(body)).resourceSpans;
  if (!first) throw new Error('no resource');
  return {
    resource: plain(first.resource.attributes),
    spans: first.scopeSpans.flatMap(({ spans }) =>
      spans.map((of) => ({
        ...of,
        startMs: Number(BigInt(of.startTimeUnixNano) / 1_000_000n),
        endMs: Number(BigInt(of.endTimeUnixNano) / 1_000_000n),
        attributes: plain(of.attributes),
        links: of.links ?? [],
        failed: of.status.code === 2 ? (of.status.message ?? '') : undefined,
      })),
    ),
  };
};
