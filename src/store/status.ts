import type { Clock } from '../core/clock.ts';
import type { StoreStatus } from '../core/store.ts';
import type { Connection } from './connection.ts';
import { all, get, run, type Sql, type Steps } from './steps.ts';

/** What each database answers in its own way. */
export interface StatusDeps {
  readonly changedByOthers: StoreStatus['changedByOthers'];
  /** Throws when what is written would be lost although writing succeeds. */
  readonly checkPlace: () => void;
  /** On disk. */
  readonly bytes: () => Steps<number>;
  readonly now: Clock;
}

const PROBE = `INSERT INTO meta (name, value) VALUES ('probe', ?)
  ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
const COUNTS: Sql = {
  sqlite: 'SELECT sink, state, count FROM delivery_counts WHERE count > 0 ORDER BY sink, state',
  postgres: `SELECT sink, state, sum(count) AS count FROM delivery_counts GROUP BY sink, state
    HAVING sum(count) > 0 ORDER BY sink, state`,
};
const TOTALS = `SELECT (SELECT coalesce(sum(events), 0) FROM progress) AS events,
    (SELECT count(*) FROM alerts) AS alerts,
    (SELECT count(*) FROM quarantine) AS quarantined,
    (SELECT count(*) FROM ledger WHERE verified = 0) AS "unverifiedWindows"`;

type Counts = Awaited<ReturnType<StoreStatus['deliveryCounts']>>;
type Totals = Omit<Awaited<ReturnType<StoreStatus['totals']>>, 'bytes'>;

/** How many deliveries of each sink are in which state. */
export const deliveryCounts = (): Steps<Counts> => all<Counts[number]>(COUNTS);

/** Counts and the writability of the store. Nothing here reads all events or all deliveries. */
export const createStatus = (connection: Connection, deps: StatusDeps): StoreStatus => ({
  changedByOthers: deps.changedByOthers,
  probe: () =>
    connection.commitLightly(function* () {
      deps.checkPlace();
      yield* run(PROBE, String(deps.now()));
    }),
  deliveryCounts: () => connection.read(deliveryCounts),
  totals: () =>
    connection.read(function* () {
      const totals = yield* get<Totals>(TOTALS);
      const none = { events: 0, alerts: 0, quarantined: 0, unverifiedWindows: 0 };
      return { ...none, ...totals, bytes: yield* deps.bytes() };
    }),
});
