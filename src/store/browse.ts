import type { Browse, StorePosition } from '../core/browse.ts';
import { createBrowseAlerts } from './browse-alerts.ts';
import { createBrowseDeliveries } from './browse-deliveries.ts';
import { createBrowseEvents } from './browse-events.ts';
import type { Connection } from './connection.ts';
import type { Names } from './names.ts';

/** Reading for people who look around, in SQLite. */
export const createBrowse = (connection: Connection, accounts: Names, eventTypes: Names): Browse => {
  const newest = connection.db.prepare<[], StorePosition>(
    `SELECT (SELECT coalesce(max(seq), 0) FROM events) AS event,
            (SELECT coalesce(max(seq), 0) FROM alerts) AS alert,
            (SELECT coalesce(max(seq), 0) FROM deliveries) AS delivery`,
  );
  return {
    ...createBrowseEvents(connection, accounts, eventTypes),
    ...createBrowseAlerts(connection),
    ...createBrowseDeliveries(connection),
    newest: () => connection.read(() => newest.get() ?? { event: 0, alert: 0, delivery: 0 }),
  };
};
