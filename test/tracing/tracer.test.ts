import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuditError } from '../../src/core/audit-reader.ts';
import { noTracer } from '../../src/core/tracer.ts';
import { type ExportedSpan, otlpBody } from '../../src/tracing/otlp.ts';
import { createTracer } from '../../src/tracing/tracer.ts';
import { parseOtlp } from '../support/otlp.ts';

const create = (sample = 1) => {
  const spans: ExportedSpan[] = [];
  let nowMs = Date.UTC(2026, 0, 1);
  const tracer = createTracer({ add: (span) => spans.push(span), sample, now: () => nowMs++ });
  const named = (name: string): ExportedSpan => {
    const found = spans.filter((span) => span.name === name);
    if (found.length !== 1 || !found[0]) throw new Error(`${found.length} spans are called ${name}`);
    return found[0];
  };
  return { tracer, spans, named };
};

describe('the tracer', () => {
  it('puts spans below the one that is under way, also across awaits, generators and parallel work', async () => {
    const { tracer, named, spans } = create();
    const pages = async function* () {
      for (const page of [1, 2]) yield await tracer.span(`page ${page}`, {}, async () => page);
    };
    await Promise.all([
      tracer.trace('a', { account: 'a' }, async () => {
        for await (const page of pages()) expect(page).toBeGreaterThan(0);
        await tracer.span('commit', {}, async (span) => {
          span.set({ alerts: 2 });
          tracer.step('judge', { events: 3 }, () => 'judged');
        });
      }),
      tracer.trace('b', {}, async () => {
        await Promise.all([1, 2].map((n) => tracer.span(`b${n}`, {}, async () => n, 'client')));
      }),
    ]);
    expect(spans).toHaveLength(8);
    const [a, b] = [named('a'), named('b')];
    expect(a.traceId).not.toBe(b.traceId);
    expect(a.parentId).toBeUndefined();
    for (const name of ['page 1', 'page 2', 'commit'])
      expect(named(name)).toMatchObject({ traceId: a.traceId, parentId: a.spanId });
    expect(named('judge')).toMatchObject({ parentId: named('commit').spanId, attributes: { events: 3 } });
    expect(named('commit').attributes).toEqual({ alerts: 2 });
    expect(named('b2')).toMatchObject({ parentId: b.spanId, kind: 'client' });
  });

  it('answers and throws as the work does, and names the kind of a failure alone', async () => {
    const { tracer, named } = create();
    expect(await tracer.trace('fine', {}, async () => 7)).toBe(7);
    const error = new AuditError('blind', 'the secret is hunter2');
    await expect(tracer.trace('bad', {}, () => Promise.reject(error))).rejects.toBe(error);
    await tracer.trace('outer', {}, async () => {
      expect(() =>
        tracer.step('step', {}, () => {
          throw new TypeError('hunter2');
        }),
      ).toThrow('hunter2');
    });
    expect(named('fine').failed).toBeUndefined();
    expect(named('bad').failed).toBe('blind');
    expect(named('step').failed).toBe('TypeError');
    expect(named('outer').failed).toBeUndefined();
  });

  it('makes no span where no trace is under way', async () => {
    const { tracer, spans } = create();
    expect(await tracer.span('lonely', {}, async () => 1)).toBe(1);
    expect(tracer.step('lonely', {}, () => 2)).toBe(2);
    expect(spans).toEqual([]);
  });

  it('keeps the share of traces that is asked for, and of each all spans or none', async () => {
    const { tracer, spans } = create(0.25);
    for (let n = 0; n < 2_000; n += 1) await tracer.trace('t', {}, () => tracer.span('s', {}, async () => n));
    const roots = spans.filter(({ name }) => name === 't').length;
    expect(roots).toBeGreaterThan(380);
    expect(roots).toBeLessThan(620);
    expect(spans).toHaveLength(2 * roots);
    const none = create(0);
    await none.tracer.trace('t', {}, () => none.tracer.span('s', {}, async () => none.tracer.mark(['k'])));
    expect(none.spans).toEqual([]);
  });

  it('refers to what was marked, and forgets the oldest marks', async () => {
    const { tracer, named } = create();
    const ended = {
      traceId: 'ab'.repeat(16),
      kind: 'internal',
      startMs: 1,
      endMs: 2,
      attributes: {},
    } as const;
    await tracer.trace('poll', {}, async () => {
      tracer.mark(['old']);
      tracer.mark(Array.from({ length: 10_000 }, (_, n) => `alert ${n}`));
    });
    const poll = named('poll');
    tracer.record(() => ({ ...ended, name: 'new', spanId: 'c'.repeat(16), linkedTo: 'alert 9999' }));
    tracer.record(() => ({ ...ended, name: 'forgotten', spanId: 'd'.repeat(16), linkedTo: 'old' }));
    expect(named('new').link).toEqual({ traceId: poll.traceId, spanId: poll.spanId });
    expect(named('forgotten').link).toBeUndefined();
  });

  it('costs next to nothing when it is off, and runs the work all the same', async () => {
    expect(await noTracer.trace('t', {}, () => noTracer.span('s', {}, async () => 1))).toBe(1);
    expect(noTracer.step('s', {}, () => 2)).toBe(2);
  });
});

describe('the JSON of OTLP', () => {
  it('is what the specification says, whatever attributes hold', () => {
    const attribute = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1 }), attribute),
        fc.integer({ min: -5, max: 5 }),
        (attributes, took) => {
          const startMs = 1_767_225_600_000.25;
          const body = otlpBody(
            [
              {
                traceId: 'a'.repeat(32),
                spanId: 'b'.repeat(16),
                name: 'n',
                kind: 'client',
                startMs,
                endMs: startMs + took,
                attributes,
              },
            ],
            { 'service.name': 's' },
            '1',
          );
          const { spans, resource } = parseOtlp(body);
          expect(resource).toEqual({ 'service.name': 's' });
          expect(Object.keys(spans[0]?.attributes ?? {}).sort()).toEqual(Object.keys(attributes).sort());
          expect(body).toContain('"startTimeUnixNano":"1767225600000250000"');
        },
      ),
    );
  });
});
