import { stableId } from '../../src/base/hash.ts';
import type { Alert } from '../../src/core/alert.ts';
import type { Delivery } from '../../src/core/delivery.ts';
import type { Log } from '../../src/core/log.ts';
import type { SinkDeps } from '../../src/sinks/sink-type.ts';

/** A usual alert, with what a test wants different. */
export const sampleAlert = (change: Partial<Alert> = {}): Alert => ({
  id: stableId('alert', 'sample'),
  kind: 'rule',
  status: 'firing',
  rule: {
    id: '6f1c3f0a-2f0e-4e0b-9a51-3d7d2f0c8a11',
    title: 'Account secret created',
    level: 'high',
    tags: ['attack.persistence'],
    references: ['https://example.com/runbooks/secret-created'],
  },
  account: 'default',
  message: 'alice@example.com created an API secret from 203.0.113.9 (NL)',
  fields: [
    { name: 'user_email', value: 'alice@example.com' },
    { name: 'source', value: 'Customer dashboard' },
  ],
  events: [
    {
      id: '3b1e9d5c-0d5c-4a57-9f0f-8f4d5c6b7a81',
      event_type: 'ACCOUNT_SECRET_CREATE',
      created_at: '2026-03-01T02:14:07',
      user_email: 'alice@example.com',
      source: 'CD',
      source_ip: '203.0.113.9',
      source_country: 'NL',
      context: {},
    },
  ],
  eventIds: ['3b1e9d5c-0d5c-4a57-9f0f-8f4d5c6b7a81'],
  eventTypes: ['ACCOUNT_SECRET_CREATE'],
  createdAtMs: Date.UTC(2026, 2, 1, 2, 14, 7),
  decidedAtMs: Date.UTC(2026, 2, 1, 2, 14, 38, 120),
  ...change,
});

/** A summary of 30 alerts, of which 25 are listed. */
export const sampleSummary = (change: Partial<Alert> = {}): Alert =>
  sampleAlert({
    id: stableId('alert', 'summary'),
    kind: 'summary',
    rule: {
      id: 'system.summary',
      title: '30 alerts were folded',
      level: 'critical',
      tags: [],
      references: [],
    },
    message: '30 alerts waited for this sink',
    fields: [],
    events: [],
    eventIds: [],
    eventTypes: [],
    summary: {
      reason: 'backlog',
      total: 30,
      levels: { critical: 1, high: 4, medium: 25 },
      members: Array.from({ length: 25 }, (_, n) => ({
        alertId: stableId('alert', String(n)),
        kind: 'rule' as const,
        status: 'firing' as const,
        level: n === 0 ? ('critical' as const) : n < 5 ? ('high' as const) : ('medium' as const),
        title: `Alert ${n}`,
        account: 'default',
        message: `message of alert ${n}`,
        createdAtMs: Date.UTC(2026, 2, 1, 2, 14, 7) - n * 1_000,
      })),
    },
    ...change,
  });

/** The delivery of an alert; its id follows from the alert's, as in the outbox. */
export const sampleDelivery = (
  alert: Alert = sampleAlert(),
  attempt = 1,
  change: Partial<Delivery> = {},
): Delivery => ({
  id: stableId('delivery', alert.id, 'sink'),
  sink: 'sink',
  alert,
  attempt,
  createdAtMs: alert.decidedAtMs,
  ...change,
});

/** A line of the log as a sink wrote it. */
export interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Real time, a fixed version, and a log that keeps its lines. */
export const sampleDeps = (change: Partial<SinkDeps> = {}): SinkDeps & { readonly lines: Line[] } => {
  const lines: Line[] = [];
  const write =
    (level: Line['level']): Log['info'] =>
    (event, fields = {}) => {
      lines.push({ level, event, fields });
    };
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  return { log, now: Date.now, random: Math.random, version: '1.2.3', lines, ...change };
};

/** An alert in which everything that comes from outside is as hostile as the failure catalogue knows. */
export const hostileAlert = (): Alert => {
  const hostile =
    '<!channel> <@U012AB3CD> @here *bold* _it_ ~no~ `code` :boom: <https://evil.example|click> &amp; "quoted" \'single\'' +
    '\r\nBcc: mallory@example.com\r\n\r\n<script>alert(1)</script> \u202egnihsihp\u202c \u0000\u0007 \ud83d half \udc00';
  return sampleAlert({
    id: stableId('alert', 'hostile'),
    rule: {
      id: hostile,
      title: hostile,
      level: 'critical',
      tags: [hostile],
      references: [
        'javascript:alert(1)',
        'not a url',
        hostile,
        'https://example.com/"><script>alert(1)</script>',
      ],
    },
    account: hostile,
    message: hostile,
    fields: [{ name: hostile, value: hostile }],
    events: [JSON.parse(`{"id":"e1","__proto__":{"polluted":1},"context":${JSON.stringify(hostile)}}`)],
    eventIds: [hostile],
    eventTypes: [hostile],
  });
};

/** An alert far larger than any receiver takes. */
export const hugeAlert = (): Alert =>
  sampleAlert({
    id: stableId('alert', 'huge'),
    rule: {
      ...sampleAlert().rule,
      title: '😀'.repeat(100_000),
      references: Array.from({ length: 60 }, (_, n) => `https://example.com/${n}/${'x'.repeat(n * 100)}`),
    },
    message: '<&>'.repeat(400_000),
    fields: Array.from({ length: 500 }, (_, n) => ({
      name: `field ${n} ${'n'.repeat(5_000)}`,
      value: '>😀'.repeat(5_000),
    })),
    events: Array.from({ length: 50 }, (_, n) => ({ id: `e${n}`, context: 'x'.repeat(100_000) })),
    eventIds: Array.from({ length: 500 }, (_, n) => `e${n}`),
  });
