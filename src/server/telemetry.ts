import { errorText } from '../base/errors.ts';
import type { Log } from '../core/log.ts';
import {
  COUNTERS,
  type CounterName,
  GAUGES,
  type GaugeName,
  HISTOGRAMS,
  type HistogramName,
} from '../core/metrics.ts';
import type { GaugeSeries, Labels } from '../core/telemetry.ts';
import { createDistribution, createMetric, createValue } from './series.ts';

export const METRIC_PREFIX = 'vonage_audit_monitor_';

/** Upper bounds in seconds; lateness has the widest scale, since there hours are the news. */
const BUCKETS: Readonly<Record<HistogramName, readonly number[]>> = {
  api_request_duration_seconds: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  poll_duration_seconds: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  event_lateness_seconds: [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400],
  rule_evaluation_duration_seconds: [0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5],
  delivery_duration_seconds: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
};

type Catalogue = Readonly<Record<string, readonly [string, readonly string[]]>>;
/** Exactly the labels that the catalogue names for a metric: none left out, none made up. */
type LabelsOf<C extends Catalogue, N extends keyof C> = Readonly<Record<C[N][1][number], string>>;

/** Labels may be left out where a metric has none. */
type Rest<C extends Catalogue, N extends keyof C> = C[N][1] extends readonly []
  ? [labels?: LabelsOf<C, N>]
  : [labels: LabelsOf<C, N>];

/** The core's `Figures` with label names checked by the compiler; fits wherever that port is asked for. */
export interface CheckedTelemetry {
  count<N extends CounterName>(name: N, labels: LabelsOf<typeof COUNTERS, N>, by?: number): void;
  gauge<N extends GaugeName>(name: N, value: number, ...labels: Rest<typeof GAUGES, N>): void;
  observe<N extends HistogramName>(name: N, value: number, labels: LabelsOf<typeof HISTOGRAMS, N>): void;
  replace<N extends GaugeName>(
    name: N,
    series: readonly (GaugeSeries & { readonly labels: LabelsOf<typeof GAUGES, N> })[],
  ): void;
  forget(labels: Labels): void;
}

/** What `/metrics` answers with. */
export interface MetricsPage {
  readonly contentType: string;
  /** All figures in the Prometheus text format. Those who ask at the same time get the same page, made once. */
  render(): Promise<string>;
}

/**
 * Every metric of the core's catalogues under the prefix `vonage_audit_monitor_`, and the usual `process_*` and
 * `nodejs_*` ones. Reporting a figure never throws: a part must not fail over its figures. A label the catalogue does
 * not know is dropped, a missing one is empty, a value that is no finite number (or would lower a counter) is ignored.
 *
 * Figures of our own are kept here and not in the metrics library, which is loaded by the first scrape, for those of
 * Node: a process that nobody scrapes needs neither its memory nor its time at start, and what was taken out of the
 * configuration can be forgotten by any of its labels.
 *
 * @param options.refresh sets the gauges that are asked for rather than reported, before every scrape. When it
 *   rejects, the scrape is answered with the last figures and the log says so.
 */
export const createTelemetry = (options: {
  readonly log: Log;
  readonly refresh?: () => Promise<void>;
}): { readonly telemetry: CheckedTelemetry; readonly metrics: MetricsPage } => {
  const make = <N extends string, M>(
    catalogue: Readonly<Record<N, readonly [string, readonly string[]]>>,
    create: (head: { name: string; help: string; labelNames: readonly string[] }, name: N) => M,
  ) =>
    new Map(
      (Object.keys(catalogue) as N[]).map((name) => {
        const [help, labelNames] = catalogue[name];
        return [name, create({ name: METRIC_PREFIX + name, help, labelNames }, name)];
      }),
    );
  const onFull = (): void => {
    const dropped = counters.get('metric_series_dropped_total')?.of({});
    if (dropped) dropped.value += 1;
  };
  const counters = make(COUNTERS, (head) => createMetric(head, 'counter', createValue, onFull));
  const gauges = make(GAUGES, (head) => createMetric(head, 'gauge', createValue, onFull));
  const histograms = make(HISTOGRAMS, (head, name) =>
    createMetric(head, 'histogram', () => createDistribution(BUCKETS[name]), onFull),
  );
  const all = [...counters.values(), ...gauges.values(), ...histograms.values()];
  const ofNode = createNodeMetrics();

  const gauge = (name: GaugeName, value: number, labels: Labels | undefined): void => {
    const series = Number.isFinite(value) ? gauges.get(name)?.of(labels) : undefined;
    if (series) series.value = value;
  };
  const page = async (): Promise<string> => {
    try {
      await options.refresh?.();
    } catch (error) {
      options.log.warn('http.error', { path: '/metrics', reason: errorText(error) });
    }
    const own = all.map((metric) => metric.text()).join('');
    return own + (await ofNode());
  };
  let rendering: Promise<string> | undefined;

  return {
    telemetry: {
      count(name, labels, by = 1) {
        const series = by >= 0 && Number.isFinite(by) ? counters.get(name)?.of(labels) : undefined;
        if (series) series.value += by;
      },
      gauge: (name, value, ...[labels]) => gauge(name, value, labels),
      observe(name, value, labels) {
        if (Number.isFinite(value)) histograms.get(name)?.of(labels)?.observe(value);
      },
      replace(name, series) {
        const metric = gauges.get(name);
        metric?.forget({}, new Set(series.map(({ labels }) => metric.keyOf(labels))));
        for (const { labels, value } of series) gauge(name, value, labels);
      },
      forget(labels) {
        if (Object.keys(labels).length > 0) for (const metric of all) metric.forget(labels);
      },
    },
    metrics: {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      render() {
        rendering ??= page().finally(() => {
          rendering = undefined;
        });
        return rendering;
      },
    },
  };
};

/** Figures of Node and of the process, by the library that everybody's dashboards for Node know; from the first call on. */
const createNodeMetrics = (): (() => Promise<string>) => {
  let loading: Promise<{ metrics(): Promise<string> }> | undefined;
  const load = async (): Promise<{ metrics(): Promise<string> }> => {
    const { collectDefaultMetrics, Registry } = await import('prom-client');
    const register = new Registry();
    // Coarser than the package's 10 ms, which would wake an idle process a hundred times a second.
    collectDefaultMetrics({ register, eventLoopMonitoringPrecision: 100 });
    return register;
  };
  return async () => {
    loading ??= load();
    return (await loading).metrics();
  };
};
