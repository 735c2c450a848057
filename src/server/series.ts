import type { Labels } from '../core/telemetry.ts';

/** What a metric is called and how its series are told apart. */
export interface MetricHead {
  /** With its prefix. */
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** The series of one metric. */
export interface Metric<T extends Series = Series> {
  /** The series with these labels, made when there is none; undefined when there are too many already. */
  of(labels: Labels | undefined): T | undefined;
  /** Drops the series that have all of these labels, unless `keep` holds their key. */
  forget(labels: Labels, keep?: ReadonlySet<string>): void;
  keyOf(labels: Labels | undefined): string;
  /** In the Prometheus text format, with a line end after every line. */
  text(): string;
}

/** A series in the making of its lines. `labels` is `name="value",…`, or ''. */
export interface Series {
  text(name: string, labels: string): string;
}

/** A series that is one number. */
export interface Value extends Series {
  value: number;
}

/** A series that counts observations. */
export interface Distribution extends Series {
  observe(value: number): void;
}

/** A bug of ours must not fill the memory of whoever scrapes: 200 accounts in 10 outcomes fit in easily. */
const MAX_SERIES = 10_000;
/** The longest label value, in UTF-16 code units. */
const MAX_VALUE_LENGTH = 250;

const escapeValue = (value: string): string =>
  value
    .slice(0, MAX_VALUE_LENGTH)
    .toWellFormed()
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n');

/** A number of one series. */
export const createValue = (): Value => ({
  value: 0,
  text(name, labels) {
    return `${name}${labels === '' ? '' : `{${labels}}`} ${this.value}\n`;
  },
});

/** Counts of observations up to each of `bounds`, ascending. */
export const createDistribution = (bounds: readonly number[]): Distribution => {
  // One more for what lies above the last bound.
  const counts = new Float64Array(bounds.length + 1);
  let sum = 0;
  return {
    observe(value) {
      let index = 0;
      while (index < bounds.length && value > (bounds[index] as number)) index += 1;
      (counts[index] as number) += 1;
      sum += value;
    },
    text(name, labels) {
      const before = labels === '' ? '' : `${labels},`;
      const after = labels === '' ? '' : `{${labels}}`;
      let lines = '';
      let count = 0;
      for (let index = 0; index <= bounds.length; index += 1) {
        count += counts[index] as number;
        lines += `${name}_bucket{${before}le="${bounds[index] ?? '+Inf'}"} ${count}\n`;
      }
      return `${lines}${name}_sum${after} ${sum}\n${name}_count${after} ${count}\n`;
    },
  };
};

/**
 * Makes a metric of `type`, whose series `create` makes. Label values are the only text that comes from outside: they
 * are escaped and cut when a series is made, so that a scrape is little more than joining texts. Labels the metric does
 * not have are left out, missing ones are empty.
 */
export const createMetric = <T extends Series>(
  { name, help, labelNames }: MetricHead,
  type: 'counter' | 'gauge' | 'histogram',
  create: () => T,
  onFull: () => void,
): Metric<T> => {
  const all = new Map<
    string,
    { readonly values: readonly string[]; readonly labels: string; readonly series: T }
  >();
  /** Keys of series by the value of each label. */
  const byValue = labelNames.map(() => new Map<string, Set<string>>());
  const keyOf = (labels: Labels | undefined): string => {
    if (labelNames.length === 0) return '';
    const [only] = labelNames;
    if (labelNames.length === 1) return labels?.[only as string] ?? '';
    return labelNames.map((label) => labels?.[label] ?? '').join('\0');
  };
  const head = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
  const of = (labels: Labels | undefined): T | undefined => {
    const key = keyOf(labels);
    const found = all.get(key);
    if (found) return found.series;
    if (all.size >= MAX_SERIES) {
      onFull();
      return undefined;
    }
    const values = labelNames.map((label) => labels?.[label] ?? '');
    const series = create();
    const text = labelNames
      .map((label, index) => `${label}="${escapeValue(values[index] as string)}"`)
      .join(',');
    all.set(key, { values, labels: text, series });
    for (const [place, value] of values.entries()) {
      const keys = byValue[place]?.get(value);
      if (keys) keys.add(key);
      else byValue[place]?.set(value, new Set([key]));
    }
    return series;
  };
  // A metric without labels has its one series from the start: a counter that is 0 is known to be 0.
  if (labelNames.length === 0 && type !== 'gauge') of({});
  return {
    of,
    keyOf,
    forget(labels, keep) {
      const wanted = Object.entries(labels).map(
        ([label, value]) => [labelNames.indexOf(label), value] as const,
      );
      const [first] = wanted;
      // Thousands of accounts may go one after the other: each walks through its own series alone.
      const keys = first ? (byValue[first[0]]?.get(first[1]) ?? []) : all.keys();
      for (const key of [...keys]) {
        const values = all.get(key)?.values ?? [];
        if (keep?.has(key) || !wanted.every(([index, value]) => values[index] === value)) continue;
        all.delete(key);
        for (const [place, value] of values.entries()) {
          const others = byValue[place]?.get(value);
          others?.delete(key);
          if (others?.size === 0) byValue[place]?.delete(value);
        }
      }
    },
    text() {
      let lines = head;
      for (const { labels, series } of all.values()) lines += series.text(name, labels);
      return lines;
    },
  };
};
