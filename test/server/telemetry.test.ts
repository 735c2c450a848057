import { describe, expect, it } from 'vitest';
import type { Log, LogFields } from '../../src/core/log.ts';
import { COUNTERS, GAUGES, HISTOGRAMS } from '../../src/core/metrics.ts';
import type { Telemetry } from '../../src/core/telemetry.ts';
import { createTelemetry } from '../../src/server/telemetry.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

describe('createTelemetry', () => {
  it('reports every metric of the catalogues under the prefix', async () => {
    const { telemetry, metrics } = createTelemetry({ log: silent });
    telemetry.count('polls_total', { account: 'default', outcome: 'ok' });
    telemetry.count('polls_total', { account: 'default', outcome: 'ok' }, 2);
    telemetry.gauge('deliveries', 4, { sink: 'slack', state: 'pending' });
    telemetry.gauge('rules_loaded', 12);
    telemetry.observe('event_lateness_seconds', 61, { account: 'default' });
    const page = await metrics.render();
    expect(metrics.contentType).toMatch(/^text\/plain; version=0.0.4/);
    expect(page).toContain('vonage_audit_monitor_polls_total{account="default",outcome="ok"} 3');
    expect(page).toContain('vonage_audit_monitor_deliveries{sink="slack",state="pending"} 4');
    expect(page).toContain('vonage_audit_monitor_rules_loaded 12');
    expect(page).toContain('vonage_audit_monitor_event_lateness_seconds_bucket{account="default",le="60"} 0');
    expect(page).toContain(
      'vonage_audit_monitor_event_lateness_seconds_bucket{account="default",le="120"} 1',
    );
    for (const [name, [help]] of Object.entries({ ...COUNTERS, ...GAUGES, ...HISTOGRAMS }))
      expect(page).toContain(`# HELP vonage_audit_monitor_${name} ${help}`);
    expect(page).toMatch(/^process_resident_memory_bytes \d+/m);
  });

  it('keeps the figures of two apart', async () => {
    const [a, b] = [createTelemetry({ log: silent }), createTelemetry({ log: silent })];
    a.telemetry.count('rule_errors_total', { rule: 'r' });
    expect(await b.metrics.render()).not.toContain('rule="r"');
  });

  it('never throws at the part that reports, and keeps the label sets bounded', async () => {
    const { telemetry, metrics } = createTelemetry({ log: silent });
    const port: Telemetry = telemetry;
    port.count('events_total', { account: 'a', user: 'somebody@example.com' });
    port.count('events_total');
    port.count('events_total', { account: 'a' }, -1);
    port.count('events_total', { account: 'a' }, Number.NaN);
    port.gauge('deliveries', Number.POSITIVE_INFINITY, { sink: 's', state: 'sent' });
    port.observe('poll_duration_seconds', Number.NaN, { account: 'a' });
    const page = await metrics.render();
    expect(page).toContain('vonage_audit_monitor_events_total{account="a"} 1');
    expect(page).toContain('vonage_audit_monitor_events_total{account=""} 1');
    expect(page).not.toMatch(/somebody|sink="s"|poll_duration_seconds_count{/);
  });

  it('lets the compiler refuse labels that no catalogue names', () => {
    const { telemetry } = createTelemetry({ log: silent });
    // @ts-expect-error -- `sink` is no label of this counter
    telemetry.count('polls_total', { account: 'a', outcome: 'ok', sink: 's' });
    // @ts-expect-error -- `outcome` is missing
    telemetry.count('polls_total', { account: 'a' });
    // @ts-expect-error -- no such metric
    telemetry.count('poll_total', {});
  });

  it('refreshes before every scrape', async () => {
    let waiting = 1;
    const { telemetry, metrics } = createTelemetry({
      log: silent,
      refresh: async () => telemetry.gauge('deliveries', waiting++, { sink: 's', state: 'pending' }),
    });
    expect(await metrics.render()).toContain('state="pending"} 1');
    expect(await metrics.render()).toContain('state="pending"} 2');
  });

  it('serves the last figures when a refresh fails, and says so in the log', async () => {
    const lines: unknown[] = [];
    const warn = (event: string, fields?: LogFields): void => void lines.push({ event, ...fields });
    const error = new Error('database is locked');
    const { metrics } = createTelemetry({ log: { ...silent, warn }, refresh: () => Promise.reject(error) });
    expect(await metrics.render()).toContain('process_cpu_seconds_total');
    expect(lines).toEqual([{ event: 'http.error', path: '/metrics', reason: error.message }]);
  });
});
