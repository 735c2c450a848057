import type { Browse, StorePosition } from '../core/browse.ts';
import { createBrowseAlerts } from './browse-alerts.ts';
import { createBrowseDeliveries } from './browse-deliveries.ts';
import { createBrowseEvents } from './browse-events.ts';
import type { Connection } from './connection.ts';
import type { Names } from './names.ts';
import { all, get, type Steps } from './steps.ts';

const NEWEST = `SELECT (SELECT coalesce(max(seq), 0) FROM events) AS event,
  (SELECT coalesce(max(seq), 0) FROM alerts) AS alert, (SELECT coalesce(max(seq), 0) FROM deliveries) AS delivery,
  (SELECT coalesce(max(seq), 0) FROM acts) AS act`;
const ACTS = 'SELECT seq, subject FROM acts WHERE seq > ? ORDER BY seq LIMIT ?';

/** Reading for people who look around. `committedUpTo`: see feeds.ts. */
export const createBrowse = (
  connection: Connection,
  accounts: Names,
  eventTypes: Names,
  committedUpTo: (() => Steps<number>) | undefined,
): Browse => {
  function* readableUpTo(): Steps<number> {
    return committedUpTo ? yield* committedUpTo() : Number.MAX_SAFE_INTEGER;
  }
  return {
    ...createBrowseEvents(connection, accounts, eventTypes, readableUpTo),
    ...createBrowseAlerts(connection),
    ...createBrowseDeliveries(connection),
    newest: () =>
      connection.read(function* () {
        const upTo = yield* readableUpTo();
        const newest = (yield* get<StorePosition>(NEWEST)) ?? { event: 0, alert: 0, delivery: 0, act: 0 };
        return { ...newest, event: Math.min(newest.event, upTo) };
      }),
    actsSince: (seq, limit) => connection.read(() => all<{ seq: number; subject: string }>(ACTS, seq, limit)),
  };
};
