import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { errorText } from '../base/errors.ts';
import type { Log } from '../core/log.ts';
import {
  COUNTERS,
  type CounterName,
  GAUGES,
  type GaugeName,
  type GaugeSeries,
  HISTOGRAMS,
  type HistogramName,
  type Labels,
} from '../core/telemetry.ts';

const PREFIX = 'vonage_audit_monitor_';

/** Upper bounds in seconds; lateness has the widest scale, since there hours are the news. */
const BUCKETS: Readonly<Record<HistogramName, readonly number[]>> = {
  api_request_duration_seconds: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  poll_duration_seconds: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  event_lateness_seconds: [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400],
  delivery_duration_seconds: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
};

type Catalogue = Readonly<Record<string, readonly [string, readonly string[]]>>;
/** Exactly the labels that the catalogue names for a metric: none left out, none made up. */
type LabelsOf<C extends Catalogue, N extends keyof C> = Readonly<Record<C[N][1][number], string>>;

/** Labels may be left out where a metric has none. */
type Rest<C extends Catalogue, N extends keyof C> = C[N][1] extends readonly []
  ? [labels?: LabelsOf<C, N>]
  : [labels: LabelsOf<C, N>];

/** The core's `Telemetry` with label names checked by the compiler; fits wherever that port is asked for. */
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
  /** All figures in the Prometheus text format. */
  render(): Promise<string>;
}

/**
 * Every metric of the core's catalogues under the prefix `vonage_audit_monitor_`, and the usual `process_*` and
 * `nodejs_*` ones, in a registry of its own. Reporting a figure never throws: a part must not fail over its figures. A
 * label the catalogue does not know is dropped, a missing one is empty, a value that is no finite number (or would
 * lower a counter) is ignored.
 *
 * @param options.refresh sets the gauges that are asked for rather than reported, before every scrape. When it
 *   rejects, the scrape is answered with the last figures and the log says so.
 */
export const createTelemetry = (options: {
  readonly log: Log;
  readonly refresh?: () => Promise<void>;
}): { readonly telemetry: CheckedTelemetry; readonly metrics: MetricsPage } => {
  const registry = new Registry();
  // Coarser than the package's 10 ms, which would wake an idle process a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });

  const make = <N extends string, M>(
    catalogue: Readonly<Record<N, readonly [string, readonly string[]]>>,
    create: (name: N, help: string, labelNames: string[]) => M,
  ) =>
    new Map(
      (Object.keys(catalogue) as N[]).map((name) => {
        const [help, labelNames] = catalogue[name];
        return [name, { metric: create(name, help, [...labelNames]), labelNames }];
      }),
    );
  const registers = [registry];
  const counters = make(
    COUNTERS,
    (name, help, labelNames) => new Counter({ name: PREFIX + name, help, labelNames, registers }),
  );
  const gauges = make(
    GAUGES,
    (name, help, labelNames) => new Gauge({ name: PREFIX + name, help, labelNames, registers }),
  );
  const histograms = new Map(
    [
      ...make(
        HISTOGRAMS,
        (name, help, labelNames) =>
          new Histogram({ name: PREFIX + name, help, labelNames, registers, buckets: [...BUCKETS[name]] }),
      ),
    ].map(([name, { metric, labelNames }]) => [name, { of: seriesOf(metric, labelNames) }]),
  );

  let forgetting = Promise.resolve();
  return {
    telemetry: {
      count(name, labels, by = 1) {
        const found = counters.get(name);
        if (found && by >= 0 && Number.isFinite(by)) found.metric.inc(known(found.labelNames, labels), by);
      },
      gauge(name, value, ...[labels]) {
        const found = gauges.get(name);
        if (found && Number.isFinite(value)) found.metric.set(known(found.labelNames, labels), value);
      },
      observe(name, value, labels) {
        const found = histograms.get(name);
        if (found && Number.isFinite(value)) found.of(labels).observe(value);
      },
      replace(name, series) {
        gauges.get(name)?.metric.reset();
        for (const { labels, value } of series) gauges.get(name)?.metric.set(labels, value);
      },
      forget(labels) {
        for (const { metric, labelNames } of gauges.values())
          if (Object.keys(labels).every((name) => labelNames.includes(name)))
            forgetting = forgetting.then(() => forgetIn(metric, labels));
      },
    },
    metrics: {
      contentType: registry.contentType,
      async render() {
        try {
          await options.refresh?.();
          await forgetting;
        } catch (error) {
          options.log.warn('http.error', { path: '/metrics', reason: errorText(error) });
        }
        return registry.metrics();
      },
    },
  };
};

const forgetIn = async (metric: Gauge, labels: Labels): Promise<void> => {
  for (const { labels: of } of (await metric.get()).values)
    if (Object.entries(labels).every(([name, value]) => of[name] === value)) metric.remove(of);
};

/** A metric with its labels filled in. */
interface Series {
  observe(value: number): void;
}

/** Finds the series of labels at the price of a look-up: every new event is observed, and label sets are few. */
const seriesOf = (metric: Histogram, labelNames: readonly string[]): ((labels?: Labels) => Series) => {
  const series = new Map<string, Series>();
  return (labels = {}) => {
    const key = labelNames.map((name) => labels[name] ?? '').join('\n');
    const found = series.get(key) ?? metric.labels(known(labelNames, labels));
    series.set(key, found);
    return found;
  };
};

/** The port hands labels over unchecked, and may leave them out. */
const known = (labelNames: readonly string[], labels: Labels = {}): Labels =>
  Object.fromEntries(labelNames.map((name) => [name, labels[name] ?? '']));
