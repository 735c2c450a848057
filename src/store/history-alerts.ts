import type { Alert } from '../core/alert.ts';
import type { EventAlert, History } from '../core/history.ts';
import type { Connection } from './connection.ts';
import { all, type Steps, value } from './steps.ts';

/** The same alert is asked for with each of its events, and may hold all of them word for word: it is read once. */
const REMEMBERED = 1_000;

const OF_EVENT = `SELECT a.seq, a.id FROM alert_events AS e JOIN alerts AS a ON a.seq = e.alert
  WHERE e.event = ? AND a.account = ? ORDER BY a.seq`;

/** Reads the alerts of single events. */
export const createEventAlerts = (connection: Connection): History['alertsOf'] => {
  const remembered = new Map<string, EventAlert>();

  function* alertOf(seq: number, alertId: string): Steps<EventAlert | undefined> {
    const known = remembered.get(alertId);
    if (known) return known;
    const json = yield* value<string>('SELECT json FROM alerts WHERE seq = ?', seq);
    if (json === undefined) return undefined;
    const { id, kind, rule, message, decidedAtMs } = JSON.parse(json) as Alert;
    const alert = { id, kind, level: rule.level, ruleId: rule.id, title: rule.title, message, decidedAtMs };
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(alertId, alert);
    return alert;
  }
  return (account, eventId) =>
    connection.read(function* () {
      const found: EventAlert[] = [];
      for (const { seq, id } of yield* all<{ seq: number; id: string }>(OF_EVENT, eventId, account)) {
        const alert = yield* alertOf(seq, id);
        if (alert) found.push(alert);
      }
      return found;
    });
};
