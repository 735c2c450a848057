import fc from 'fast-check';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Log } from '../../src/core/log.ts';
import { createDistribution, createMetric, createValue } from '../../src/server/series.ts';
import { createTelemetry, METRIC_PREFIX } from '../../src/server/telemetry.ts';
import { lintExposition, parseExposition } from '../support/exposition.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
/** Series of our own metrics. */
const seriesOf = async (metrics: { render(): Promise<string> }) =>
  parseExposition(await metrics.render())
    .filter(({ name }) => name.startsWith(METRIC_PREFIX))
    .flatMap(({ samples }) => samples)
    .filter(({ labels }) => Object.keys(labels).some((label) => label !== 'le'));

describe('a page of figures', () => {
  const label = fc.string({ unit: 'binary', maxLength: 30 });
  const value = fc.oneof(
    fc.integer({ min: 0, max: 1_000_000 }),
    fc.double({ min: 0, max: 1e12, noNaN: true }),
  );
  const figures = fc.array(fc.tuple(label, label, value), { maxLength: 20 });

  it('says the same as the library that everybody uses, whatever the labels and figures', async () => {
    await fc.assert(
      fc.asyncProperty(figures, async (all) => {
        const bounds = [0.5, 10, 1_000];
        const head = { help: 'A "help" text \\ of\ntwo lines.', labelNames: ['a', 'b'] };
        const ours = {
          c: createMetric({ ...head, name: 'c' }, 'counter', createValue, () => undefined),
          g: createMetric({ ...head, name: 'g' }, 'gauge', createValue, () => undefined),
          h: createMetric(
            { ...head, name: 'h' },
            'histogram',
            () => createDistribution(bounds),
            () => undefined,
          ),
        };
        const registry = new Registry();
        const theirs = { ...head, registers: [registry], labelNames: ['a', 'b'] as const };
        const c = new Counter({ ...theirs, name: 'c' });
        const g = new Gauge({ ...theirs, name: 'g' });
        const h = new Histogram({ ...theirs, name: 'h', buckets: bounds });
        for (const [rawA, rawB, amount] of all) {
          const labels = { a: rawA.toWellFormed(), b: rawB.toWellFormed() };
          const counter = ours.c.of(labels);
          const gauge = ours.g.of(labels);
          if (!counter || !gauge) throw new Error('no series');
          counter.value += amount;
          gauge.value = amount;
          ours.h.of(labels)?.observe(amount);
          c.inc(labels, amount);
          g.set(labels, amount);
          h.observe(labels, amount);
        }
        const mine = parseExposition(
          Object.values(ours)
            .map((metric) => metric.text())
            .join(''),
        );
        const other = parseExposition(await registry.metrics());
        const sorted = (families: typeof mine) =>
          families.map((family) => ({
            ...family,
            samples: family.samples
              .map(({ name, labels, value: of }) =>
                JSON.stringify([name, labels['a'], labels['b'], labels['le'], of]),
              )
              .sort(),
          }));
        expect(sorted(mine)).toEqual(sorted(other));
      }),
    );
  });

  it('bounds the length of labels and the number of series, and says how many were left out', async () => {
    const { telemetry, metrics } = createTelemetry({ log: silent });
    for (let n = 0; n < 10_050; n += 1) telemetry.count('rule_errors_total', { rule: `r${n}` });
    telemetry.gauge('condition_since_timestamp_seconds', 1, {
      condition: 'blind',
      subject: 'x'.repeat(5_000),
    });
    const page = await metrics.render();
    expect(page.match(/^vonage_audit_monitor_rule_errors_total\{/gm)).toHaveLength(10_000);
    expect(page).toContain('vonage_audit_monitor_metric_series_dropped_total 50');
    expect(page).toContain(`subject="${'x'.repeat(250)}"`);
    expect(page).not.toContain('x'.repeat(251));
  });

  it('forgets every series of a label value, and no other', async () => {
    const { telemetry, metrics } = createTelemetry({ log: silent });
    for (const account of ['old', 'new']) {
      telemetry.count('polls_total', { account, outcome: 'completed' });
      telemetry.count('polls_total', { account, outcome: 'blind' });
      telemetry.gauge('watermark_timestamp_seconds', 1, { account });
      telemetry.observe('poll_duration_seconds', 1, { account });
      telemetry.gauge('deliveries', 1, { sink: account, state: 'sent' });
    }
    telemetry.forget({ account: 'old' });
    const left = await seriesOf(metrics);
    expect(left.filter(({ labels }) => labels['account'] === 'old')).toEqual([]);
    expect(left.filter(({ labels }) => labels['account'] === 'new').length).toBeGreaterThan(10);
    // A sink of that name is another thing.
    expect(left.filter(({ labels }) => labels['sink'] === 'old')).toHaveLength(1);
    telemetry.forget({});
    expect(await seriesOf(metrics)).toHaveLength(left.length);
    telemetry.count('polls_total', { account: 'old', outcome: 'blind' });
    expect((await seriesOf(metrics)).find(({ labels }) => labels['account'] === 'old')?.value).toBe(1);
  });

  it('replaces the series of a gauge as a whole', async () => {
    const { telemetry, metrics } = createTelemetry({ log: silent });
    const series = (...sinks: string[]) => sinks.map((sink, n) => ({ labels: { sink }, value: n }));
    telemetry.replace('circuit_open', series('a', 'b'));
    telemetry.replace('circuit_open', series('c', 'b'));
    const left = (await seriesOf(metrics)).map(({ labels, value: of }) => [labels['sink'], of]);
    expect(Object.fromEntries(left)).toEqual({ b: 1, c: 0 });
  });

  it('is made once for those who ask at the same time', async () => {
    let asked = 0;
    const gate = Promise.withResolvers<void>();
    const { metrics } = createTelemetry({
      log: silent,
      async refresh() {
        asked += 1;
        await gate.promise;
      },
    });
    const pages = [metrics.render(), metrics.render(), metrics.render()];
    gate.resolve();
    expect(new Set(await Promise.all(pages)).size).toBe(1);
    expect(asked).toBe(1);
    await metrics.render();
    expect(asked).toBe(2);
  });
});

describe('the lint of metrics', () => {
  it.each([
    ['# HELP polls Passes.\n# TYPE polls counter\npolls 1\n', 'does not end in _total'],
    ['# HELP size_total Size.\n# TYPE size_total gauge\nsize_total 1\n', 'is no counter'],
    ['# HELP wait_ms Wait.\n# TYPE wait_ms gauge\nwait_ms 1\n', 'no base unit'],
    ['# HELP queue_gauge Queue.\n# TYPE queue_gauge gauge\nqueue_gauge 1\n', 'says its type'],
    ['# HELP a  \n# TYPE a gauge\na 1\n', 'no help text'],
    ['# HELP a A.\n# TYPE a gauge\na{userId="1"} 1\n', 'not in snake case'],
    ['# HELP b_info B.\n# TYPE b_info gauge\nb_info 2\n', 'not always 1'],
    [
      '# HELP d_seconds D.\n# TYPE d_seconds histogram\nd_seconds_bucket{le="1"} 2\nd_seconds_bucket{le="+Inf"} 1\nd_seconds_sum 1\nd_seconds_count 1\n',
      'do not ascend',
    ],
    [
      `# HELP m M.\n# TYPE m gauge\n${Array.from({ length: 501 }, (_, n) => `m{x="${n}"} 1\n`).join('')}`,
      'has 501 series',
    ],
  ])('finds what is wrong: %#', (page, problem) => {
    expect(lintExposition(parseExposition(page)).join('\n')).toContain(problem);
  });
});
