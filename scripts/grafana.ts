import { mkdirSync, writeFileSync } from 'node:fs';
import { COLLECTING } from './grafana/collecting.ts';
import { DELIVERING } from './grafana/delivering.ts';
import type { PanelSpec, Row } from './grafana/panel.ts';
import { PROCESS } from './grafana/process.ts';
import { RULES } from './grafana/rules.ts';
import { STATE } from './grafana/state.ts';

/* Writes the dashboard for Grafana. Its rows are described in grafana/, panel by panel; the JSON is what Grafana imports. */

const FILE = new URL('../deploy/grafana/vonage-audit-monitor.json', import.meta.url);

const ROWS: readonly Row[] = [STATE, COLLECTING, RULES, DELIVERING, PROCESS];

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

const panelOf = (spec: PanelSpec, id: number, gridPos: object): object => ({
  id,
  type: spec.type,
  title: spec.title,
  description: spec.description,
  datasource: DATASOURCE,
  gridPos,
  targets: spec.queries.map(([expr, legendFormat], index) => ({
    refId: String.fromCharCode(65 + index),
    datasource: DATASOURCE,
    expr,
    legendFormat: legendFormat === '' ? '__auto' : legendFormat,
    ...(spec.instant ? { instant: true, range: false } : {}),
    ...(spec.type === 'table' ? { format: 'table' } : {}),
  })),
  fieldConfig: {
    defaults: {
      unit: spec.unit ?? 'short',
      min: 0,
      ...(spec.max === undefined ? {} : { max: spec.max }),
      color: { mode: spec.steps === undefined ? 'palette-classic' : 'thresholds' },
      thresholds: {
        mode: 'absolute',
        steps: (spec.steps ?? [['green', 0] as const]).map(([color, from], index) => ({
          color,
          value: index === 0 ? null : from,
        })),
      },
      mappings: [
        {
          type: 'value',
          options: Object.fromEntries(
            Object.entries(spec.texts ?? {}).map(([value, [text, color]], index) => [
              value,
              { text, color, index },
            ]),
          ),
        },
      ].filter(() => spec.texts !== undefined),
      ...(spec.type === 'timeseries'
        ? {
            custom: {
              drawStyle: 'line',
              lineWidth: 1,
              fillOpacity: spec.stacked ? 30 : 8,
              showPoints: 'never',
              spanNulls: false,
              stacking: { mode: spec.stacked ? 'normal' : 'none', group: 'A' },
            },
          }
        : {}),
    },
    overrides: [],
  },
  options:
    spec.type === 'stat'
      ? {
          colorMode: 'background',
          graphMode: 'none',
          reduceOptions: { calcs: ['lastNotNull'] },
          textMode: 'auto',
        }
      : spec.type === 'timeseries'
        ? { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } }
        : spec.type === 'bargauge'
          ? { orientation: 'horizontal', displayMode: 'basic', reduceOptions: { calcs: ['lastNotNull'] } }
          : {},
  ...(spec.type === 'table'
    ? { transformations: [{ id: 'organize', options: { excludeByName: { Time: true, job: true } } }] }
    : {}),
});

const variable = (name: string, label: string, metric: string): object => ({
  name,
  label,
  type: 'query',
  datasource: DATASOURCE,
  definition: `label_values(${metric}, ${name})`,
  query: { query: `label_values(${metric}, ${name})`, refId: `variable-${name}` },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { selected: true, text: ['All'], value: ['$__all'] },
});

/** The dashboard as Grafana imports it. */
export const dashboardText = (): string => {
  const panels: object[] = [];
  let id = 0;
  let y = 0;
  for (const [title, specs] of ROWS) {
    panels.push({
      id: ++id,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: 24, h: 1 },
    });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const spec of specs) {
      const h = spec.height ?? (spec.type === 'stat' ? 4 : 8);
      if (x + spec.width > 24) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      panels.push(panelOf(spec, ++id, { x, y, w: spec.width, h }));
      x += spec.width;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  const dashboard = {
    uid: 'vonage-audit-monitor',
    title: 'vonage-audit-monitor',
    description: 'Whether the audit trail is read, judged and told. docs/metrics.md explains every figure.',
    tags: ['vonage', 'audit'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', current: {} },
        variable('job', 'Job', 'vonage_audit_monitor_build_info'),
        variable('account', 'Account', 'vonage_audit_monitor_watermark_timestamp_seconds'),
        variable('sink', 'Sink', 'vonage_audit_monitor_deliveries'),
      ],
    },
    annotations: {
      list: [
        {
          name: 'Starts',
          datasource: DATASOURCE,
          enable: true,
          iconColor: 'blue',
          expr: 'changes(process_start_time_seconds{job=~"$job"}[1m]) > 0',
          titleFormat: 'started',
        },
      ],
    },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
};

if (import.meta.main) {
  mkdirSync(new URL('.', FILE), { recursive: true });
  writeFileSync(FILE, dashboardText());
}
