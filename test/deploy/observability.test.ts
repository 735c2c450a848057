import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { withMetrics } from '../../scripts/docs-metrics.ts';
import { dashboardText } from '../../scripts/grafana.ts';
import { CONDITION_TEXTS } from '../../src/alerts/condition-texts.ts';
import { DELIVERY_STATES } from '../../src/core/delivery.ts';
import { COUNTERS, GAUGES, HISTOGRAMS } from '../../src/core/metrics.ts';
import { parsePromql } from '../support/promql.ts';

/* What Prometheus and Grafana are given: every query is PromQL, and asks for metrics and labels that exist. */

const repository = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const PREFIX = 'vonage_audit_monitor_';
/** Of every target that is scraped. */
const SCRAPED = ['job', 'instance'];

/** The series that are scraped, by name, with their labels. */
const SERIES = new Map<string, readonly string[]>([
  ...Object.entries({ ...COUNTERS, ...GAUGES }).map(
    ([name, [, labels]]) => [PREFIX + name, labels as readonly string[]] as const,
  ),
  ...Object.entries(HISTOGRAMS).flatMap(([name, [, labels]]) =>
    ['_bucket', '_sum', '_count'].map((part): [string, readonly string[]] => [
      PREFIX + name + part,
      part === '_bucket' ? [...labels, 'le'] : labels,
    ]),
  ),
  // Of Node and the process: named as the library names them (checked against a real page elsewhere).
  ...[
    'process_start_time_seconds',
    'process_resident_memory_bytes',
    'process_cpu_seconds_total',
    'nodejs_heap_size_used_bytes',
    'nodejs_eventloop_lag_p99_seconds',
  ].map((name): [string, readonly string[]] => [name, []]),
]);

/** Conditions and states that a query may ask for. */
const VALUES: ReadonlySet<string> = new Set([...Object.keys(CONDITION_TEXTS), ...DELIVERY_STATES]);

const problemsOf = (expression: string): readonly string[] => {
  const { errors, selectors, grouping } = parsePromql(expression);
  const problems = errors.map((place) => `no PromQL near: ${place}`);
  if (selectors.length === 0) problems.push('asks for nothing');
  for (const { metric, labels } of selectors) {
    const known = SERIES.get(metric);
    if (!known) problems.push(`there is no ${metric}`);
    for (const label of labels)
      if (known && !known.includes(label) && !SCRAPED.includes(label))
        problems.push(`${metric} has no label ${label}`);
  }
  const all = new Set(selectors.flatMap(({ metric }) => SERIES.get(metric) ?? []));
  for (const label of grouping)
    if (!all.has(label) && !SCRAPED.includes(label)) problems.push(`nothing here has a label ${label}`);
  for (const [, text = ''] of expression.matchAll(/\b(?:condition|state)=~?"([^"]*)"/g))
    for (const value of text.split('|'))
      if (!VALUES.has(value)) problems.push(`no such condition or state: ${value}`);
  return problems.map((problem) => `${problem}\n  in ${expression}`);
};

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: unknown;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}
const dashboardFile = repository('deploy/grafana/vonage-audit-monitor.json');
const dashboard = JSON.parse(dashboardFile) as Dashboard;
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const panelQueries = [
  ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.annotations.list.map(({ expr }) => expr),
];

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook', string>>;
}
const rules = (
  parse(repository('deploy/prometheus/rules.yml')) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[];
  }
).groups.flatMap((group) => group.rules);

const page = repository('docs/metrics.md');
const pageQueries = [...page.matchAll(/^```promql\n(.*?)^```$/gms)].map(([, text = '']) => text.trim());

describe('the check of queries', () => {
  it.each([
    ['sum(', 'no PromQL'],
    ['vonage_audit_monitor_made_up', 'there is no'],
    ['vonage_audit_monitor_polls_total{sink="x"}', 'has no label sink'],
    ['sum by (sink) (vonage_audit_monitor_polls_total)', 'nothing here has a label sink'],
    ['vonage_audit_monitor_poll_duration_seconds', 'there is no'],
    ['vonage_audit_monitor_conditions_open{condition="blond"}', 'no such condition'],
    ['vonage_audit_monitor_deliveries{state=~"parked|lost"}', 'no such condition or state: lost'],
    ['1 + 1', 'asks for nothing'],
  ])('finds what is wrong with %s', (expression, problem) => {
    expect(problemsOf(expression).join('\n')).toContain(problem);
  });
});

describe('the dashboard', () => {
  it('is current (node scripts/grafana.ts)', () => {
    expect(dashboardFile).toBe(dashboardText());
  });

  it('asks only for what there is', () => {
    expect(panelQueries.length).toBeGreaterThan(60);
    expect(panelQueries.flatMap(problemsOf)).toEqual([]);
  });

  it('has variables over series that exist', () => {
    const asked = dashboard.templating.list.flatMap(({ name, definition }) =>
      definition === undefined ? [] : [[name, /^label_values\((\w+), (\w+)\)$/.exec(definition)] as const],
    );
    expect(asked.map(([name]) => name)).toEqual(['job', 'account', 'sink']);
    for (const [name, found] of asked) {
      expect(found?.[2]).toBe(name);
      expect([...(SERIES.get(found?.[1] ?? '') ?? []), ...SCRAPED]).toContain(name);
    }
  });

  it('explains every panel, names its data source and leaves no legend without its label', () => {
    const unexplained = panels.filter(({ description = '' }) => description.length < 16);
    expect(unexplained.map(({ title }) => title)).toEqual([]);
    const sources = new Set(panels.map(({ datasource }) => JSON.stringify(datasource)));
    expect([...sources]).toEqual(['{"type":"prometheus","uid":"${datasource}"}']);
    const labelsOf = (expr: string): readonly string[] => [
      ...parsePromql(expr).selectors.flatMap(({ metric }) => SERIES.get(metric) ?? []),
      ...SCRAPED,
    ];
    const empty = panels.flatMap(({ title, targets = [] }) =>
      targets.flatMap(({ expr, legendFormat }) =>
        [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)]
          .filter(([, label = '']) => !labelsOf(expr).includes(label))
          .map(([, label]) => `${title}: ${label}`),
      ),
    );
    expect(empty).toEqual([]);
  });

  it('has no two panels with one id or in one place', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const a of dashboard.panels)
      for (const b of dashboard.panels) {
        const apart =
          a.gridPos.x + a.gridPos.w <= b.gridPos.x ||
          b.gridPos.x + b.gridPos.w <= a.gridPos.x ||
          a.gridPos.y + a.gridPos.h <= b.gridPos.y ||
          b.gridPos.y + b.gridPos.h <= a.gridPos.y;
        expect(a === b || apart).toBe(true);
        expect(a.gridPos.x + a.gridPos.w).toBeLessThanOrEqual(24);
      }
  });
});

describe('the alert rules', () => {
  it('are there for everything that must wake somebody', () => {
    const short = rules.map(({ alert }) => alert.replace('VonageAuditMonitor', ''));
    expect(short).toEqual(
      expect.arrayContaining(['Absent', 'Restarting', 'Blind', 'Stale', 'Parked', 'CircuitOpen']),
    );
    expect(short).toEqual(expect.arrayContaining(['QueueOld', 'Quarantine', 'Unverified', 'ReloadFailed']));
    expect(new Set(short).size).toBe(rules.length);
  });

  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s is complete and asks for what there is',
    (_, rule) => {
      expect(problemsOf(rule.expr)).toEqual([]);
      expect(rule.for).toMatch(/^\d+[smhd]$/);
      expect(['warning', 'critical']).toContain(rule.labels['severity']);
      expect(Object.keys(rule.annotations)).toEqual(['summary', 'description', 'runbook']);
      // Labels that the result of the expression still has.
      const { selectors, grouping } = parsePromql(rule.expr);
      const kept =
        grouping.length > 0
          ? [...grouping, ...SCRAPED]
          : selectors.flatMap(({ metric }) => SERIES.get(metric) ?? []);
      for (const text of Object.values(rule.annotations))
        for (const [, label = ''] of text.matchAll(/\$labels\.(\w+)/g)) expect(kept).toContain(label);
    },
  );

  it.each(rules.map(({ alert, annotations }) => [alert, annotations.runbook] as const))(
    'the runbook of %s is a section that exists: %s',
    (_, runbook) => {
      const [file = '', anchor = ''] = runbook.split('#');
      const url = new URL(`../../${file}`, import.meta.url);
      const headings = existsSync(url)
        ? [...readFileSync(url, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
        : // The sections there are named after conditions.
          [...Object.keys(CONDITION_TEXTS), 'config'];
      const anchors = headings.map((heading) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, '')
          .trim()
          .replaceAll(' ', '-'),
      );
      expect(anchors).toContain(anchor);
    },
  );
});

describe('docs/metrics.md', () => {
  it('has current tables (node scripts/docs-metrics.ts)', () => {
    expect(page).toBe(withMetrics(page));
  });

  it('has queries that work', () => {
    expect(pageQueries.length).toBeGreaterThan(12);
    expect(pageQueries.flatMap(problemsOf)).toEqual([]);
  });

  it('together with dashboard and rules has a use for every metric', () => {
    const used = [...panelQueries, ...rules.map(({ expr }) => expr), ...pageQueries].join('\n');
    const text = page.slice(0, page.indexOf('<!-- metrics:'));
    const names = Object.keys({ ...COUNTERS, ...GAUGES, ...HISTOGRAMS });
    const unused = names.filter(
      (name) =>
        !new RegExp(`\\b${PREFIX}${name}(_bucket|_sum|_count)?\\b`).test(used) &&
        !text.includes(`\`${name}\``),
    );
    expect(unused).toEqual([]);
  });
});
