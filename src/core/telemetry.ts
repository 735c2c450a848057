import type { CounterName, GaugeName, HistogramName } from './metrics.ts';

/** Labels of a measurement. Label sets are bounded: names from the configuration, never text from events. */
export type Labels = Readonly<Record<string, string>>;

/** Where the parts report figures. Names come from the catalogues in `metrics.ts`. */
export interface Telemetry {
  /** Adds to a counter. */
  count(name: CounterName, labels?: Labels, by?: number): void;
  /** Sets a gauge. */
  gauge(name: GaugeName, value: number, labels?: Labels): void;
  /** Adds an observation to a histogram, in the unit its name ends with. */
  observe(name: HistogramName, value: number, labels?: Labels): void;
}

/** One series of a gauge. */
export interface GaugeSeries {
  readonly labels: Labels;
  readonly value: number;
}

/** {@link Telemetry} for those who know what there is to be measured, and what no longer is. */
export interface Figures extends Telemetry {
  /** Makes these the only series of a gauge: those it had before and that are not among them are gone. */
  replace(name: GaugeName, series: readonly GaugeSeries[]): void;
  /**
   * Drops every series of every metric that has all of these labels, such as `{ account: 'old' }` after that account
   * was taken out of the configuration. To be called when its part has ended: whoever still reports makes it anew.
   */
  forget(labels: Labels): void;
}

/** Telemetry that goes nowhere, for commands that serve no metrics. */
export const noTelemetry: Figures = { count() {}, gauge() {}, observe() {}, replace() {}, forget() {} };
