import { z } from 'zod';
import type { SinkType } from './sink-type.ts';
import { isoTime } from './text.ts';

const options = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Level of the log line. It is the same for every alert; the alert has a level of its own.'),
});

/** One structured line per alert in the monitor's own log. Always there; cannot fail. */
export const logSink: SinkType<typeof options> = {
  type: 'log',
  options,
  secrets: [],
  create: (name, { level }, { log }) => ({
    name,
    type: 'log',
    concurrency: 1,
    send: async ({ id, alert }, signal) => {
      if (signal.aborted) return { outcome: 'retry', reason: 'called off before the line was written' };
      const line = {
        account: alert.account === '' ? undefined : alert.account,
        alert_id: alert.id,
        delivery_id: id,
        kind: alert.kind,
        status: alert.status,
        drill: alert.kind === 'drill' ? true : undefined,
        alert_level: alert.rule.level,
        rule_id: alert.rule.id,
        rule_title: alert.rule.title,
        message: alert.message,
        event_ids: alert.eventIds,
        event_types: alert.eventTypes,
        created_at: isoTime(alert.createdAtMs),
      };
      log[level]('alert', line);
      const bytes = Buffer.byteLength(JSON.stringify(line));
      return { outcome: 'sent', receipt: `written to the log at level ${level}`, bytes };
    },
    close: async () => {},
  }),
};
