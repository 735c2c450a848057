import { type Alert, accountOfEvent } from '../core/alert.ts';
import { FLEET } from '../core/fleet.ts';
import type { EventAlert, History } from '../core/history.ts';
import type { Connection } from './connection.ts';
import { all, type Steps, value } from './steps.ts';

/** The same alert is asked for with each of its events, and may hold all of them word for word: it is read once. */
const REMEMBERED = 1_000;

// Of two accounts two events may have one id, so an alert over all accounts is asked of which its event is.
const OF_EVENT = `SELECT a.seq, a.id FROM alert_events AS e JOIN alerts AS a ON a.seq = e.alert
  WHERE e.event = ? AND a.account IN (?, ?) ORDER BY a.seq`;

interface Known {
  readonly alert: EventAlert;
  isOf(account: string, eventId: string): boolean;
}

/** Reads the alerts of single events. */
export const createEventAlerts = (connection: Connection): History['alertsOf'] => {
  const remembered = new Map<string, Known>();

  function* alertOf(seq: number, alertId: string): Steps<Known | undefined> {
    const known = remembered.get(alertId);
    if (known) return known;
    const json = yield* value<string>('SELECT json FROM alerts WHERE seq = ?', seq);
    if (json === undefined) return undefined;
    const { id, kind, rule, message, decidedAtMs, eventIds, account, eventAccounts } = JSON.parse(
      json,
    ) as Alert;
    const of = { account, ...(eventAccounts && { eventAccounts }) };
    const found: Known = {
      alert: {
        account,
        id,
        kind,
        level: rule.level,
        ruleId: rule.id,
        title: rule.title,
        message,
        decidedAtMs,
      },
      isOf: (wanted, eventId) =>
        eventIds.some((each, index) => each === eventId && accountOfEvent(of, index) === wanted),
    };
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(alertId, found);
    return found;
  }
  return (account, eventId) =>
    connection.read(function* () {
      const found: EventAlert[] = [];
      for (const { seq, id } of yield* all<{ seq: number; id: string }>(OF_EVENT, eventId, account, FLEET)) {
        const known = yield* alertOf(seq, id);
        if (known?.isOf(account, eventId)) found.push(known.alert);
      }
      return found;
    });
};
