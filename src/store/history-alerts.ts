import type { Alert } from '../core/alert.ts';
import type { EventAlert, History } from '../core/history.ts';
import type { Connection } from './connection.ts';

/** The same alert is asked for with each of its events, and may hold all of them word for word: it is read once. */
const REMEMBERED = 1_000;

/** Reads the alerts of single events. */
export const createEventAlerts = (connection: Connection): History['alertsOf'] => {
  const { db } = connection;
  const ofEvent = db.prepare<[string, string], { seq: number; id: string }>(
    `SELECT a.seq, a.id FROM alert_events AS e JOIN alerts AS a ON a.seq = e.alert
     WHERE e.event = ? AND a.account = ? ORDER BY a.seq`,
  );
  const content = db.prepare<[number], string>('SELECT json FROM alerts WHERE seq = ?').pluck();
  const remembered = new Map<string, EventAlert>();

  const alertOf = (seq: number, alertId: string): EventAlert | undefined => {
    const known = remembered.get(alertId);
    if (known) return known;
    const json = content.get(seq);
    if (json === undefined) return undefined;
    const { id, kind, rule, message, decidedAtMs } = JSON.parse(json) as Alert;
    const alert = { id, kind, level: rule.level, ruleId: rule.id, title: rule.title, message, decidedAtMs };
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(alertId, alert);
    return alert;
  };
  return (account, eventId) =>
    connection.read(() =>
      ofEvent
        .all(eventId, account)
        .map(({ seq, id }) => alertOf(seq, id))
        .filter((alert) => alert !== undefined),
    );
};
