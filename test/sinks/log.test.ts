import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/core/alert.ts';
import { logSink } from '../../src/sinks/log.ts';
import { sinkContract } from './contract.ts';
import { type Line, sampleAlert, sampleDelivery, sampleDeps } from './sample.ts';

const open = (level?: string) => {
  const deps = sampleDeps();
  const sink = logSink.create('sink', logSink.options.parse(level === undefined ? {} : { level }), deps);
  return { sink, lines: deps.lines };
};

const inspect = ([line]: readonly Line[], alert: Alert): void => {
  const { id, rule, message } = alert;
  expect(line?.fields).toMatchObject({ alert_id: id, rule_title: rule.title, message });
};

sinkContract({
  type: 'log',
  status: undefined,
  secrets: [],
  cases: [],
  open: async () => {
    const { sink, lines } = open();
    return {
      sink,
      arrivals: () =>
        lines.map(({ fields }) => ({
          identity: String(fields.delivery_id),
          content: JSON.stringify(fields),
          bytes: Buffer.byteLength(JSON.stringify(fields)),
        })),
      inspect: (alert) => inspect(lines, alert),
      reached: async () => {},
      disconnected: async () => {},
      close: async () => {},
    };
  },
});

describe('log sink', () => {
  const never = new AbortController().signal;

  it('writes one line with everything a log search wants', async () => {
    const { sink, lines } = open();
    await sink.send(sampleDelivery(), never);
    expect(lines).toEqual<Line[]>([
      {
        level: 'info',
        event: 'alert',
        fields: {
          account: 'default',
          alert_id: sampleAlert().id,
          delivery_id: sampleDelivery().id,
          kind: 'rule',
          status: 'firing',
          alert_level: 'high',
          rule_id: '6f1c3f0a-2f0e-4e0b-9a51-3d7d2f0c8a11',
          rule_title: 'Account secret created',
          message: 'alice@example.com created an API secret from 203.0.113.9 (NL)',
          event_ids: ['3b1e9d5c-0d5c-4a57-9f0f-8f4d5c6b7a81'],
          event_types: ['ACCOUNT_SECRET_CREATE'],
          created_at: '2026-03-01T02:14:07.000Z',
        },
      },
    ]);
  });

  it('writes at the configured level, whatever the level of the alert', async () => {
    const { sink, lines } = open('warn');
    await sink.send(sampleDelivery(), never);
    expect(lines[0]?.level).toBe('warn');
  });

  it('marks drills and leaves out the account of an alert about the monitor', async () => {
    const { sink, lines } = open();
    await sink.send(sampleDelivery(sampleAlert({ kind: 'drill', account: '' })), never);
    expect(lines[0]?.fields).toMatchObject({ kind: 'drill', drill: true, account: undefined });
  });
});
