/* What the rows of the dashboard are described with. */

/** A metric of ours, of the jobs chosen at the top. */
export const m = (name: string, labels = ''): string =>
  `vonage_audit_monitor_${name}{job=~"$job"${labels === '' ? '' : `,${labels}`}}`;
export const ACCOUNT = 'account=~"$account"';
export const SINK = 'sink=~"$sink"';
/** Per second, as a sum by some labels. */
export const rate = (name: string, by: string, labels = ''): string =>
  `sum by (${by}) (rate(${m(name, labels)}[$__rate_interval]))`;
export const quantile = (q: number, name: string, by: string, labels = ''): string =>
  `histogram_quantile(${q}, sum by (${by === '' ? 'le' : `le, ${by}`}) (rate(${m(`${name}_bucket`, labels)}[$__rate_interval])))`;
/** Of several processes on one store the one that holds the lease knows best: the largest value counts. */
export const largest = (by: string, expr: string): string => `max by (${by}) (${expr})`;
/** Titles in place of ids. */
export const titled = (expr: string): string =>
  `(${expr}) * on (rule) group_left (title) max by (rule, title) (${m('rule_info')})`;

type Step = readonly [color: 'green' | 'yellow' | 'orange' | 'red' | 'blue', from: number];
/** A panel. */
export interface PanelSpec {
  readonly title: string;
  readonly description: string;
  readonly type: 'stat' | 'timeseries' | 'table' | 'state-timeline' | 'bargauge';
  /** Of 24. */
  readonly width: number;
  readonly height?: number;
  readonly unit?: string;
  readonly queries: readonly (readonly [expr: string, legend: string])[];
  /** Colours from these values on; the first one holds below the second. */
  readonly steps?: readonly Step[];
  readonly stacked?: boolean;
  readonly texts?: Readonly<Record<string, readonly [text: string, color: string]>>;
  readonly instant?: boolean;
  readonly max?: number;
}

export const GOOD_AT_ZERO: readonly Step[] = [
  ['green', 0],
  ['red', 1],
];
export const age = (warn: number, bad: number): readonly Step[] => [
  ['green', 0],
  ['orange', warn],
  ['red', bad],
];

/** Panels under a title. */
export type Row = readonly [title: string, panels: readonly PanelSpec[]];
