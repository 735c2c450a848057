import type { Json } from '../base/json.ts';
import type { Clock } from '../core/clock.ts';
import type { FeedEntry, Feeds } from '../core/feed.ts';
import { FLEET, type FleetEntry, type FleetStore } from '../core/fleet.ts';
import { StoreError } from '../core/store.ts';
import type { InsertAlerts } from './alerts.ts';
import { keepState, ruleStateOf } from './collect.ts';
import type { Connection } from './connection.ts';
import { checkLease } from './leases.ts';
import type { Names } from './names.ts';
import { all, run, type Steps, tellOthers, value } from './steps.ts';

/** What rules over all accounts share with the other parts of the store. */
export interface FleetDeps {
  readonly accounts: Names;
  readonly insertAlerts: InsertAlerts;
  readonly feeds: Feeds;
  readonly now: Clock;
}

const CURSOR = 'SELECT cursor FROM feeds WHERE sink = ?';
const MOVE = 'UPDATE feeds SET cursor = ? WHERE sink = ? AND cursor = ?';
const QUIET = `SELECT n.name AS account, w.from_ms, w.to_ms, w.committed_ms
  FROM windows AS w JOIN accounts AS n ON n.key = w.account
  WHERE w.quiet = 1 AND w.committed_ms >= ? AND w.committed_ms <= ?`;

/** Since when no rule looks at all accounts, epoch ms; no row: one does, or nobody ever asked. */
const RESTING = "SELECT value FROM meta WHERE name = 'fleet_resting_ms'";
const REST = "INSERT INTO meta (name, value) VALUES ('fleet_resting_ms', ?) ON CONFLICT (name) DO NOTHING";
const WAKE = "DELETE FROM meta WHERE name = 'fleet_resting_ms'";
/** A file that was missing for an afternoon must lose nothing; after longer, what happened meanwhile is no news. */
const MAX_REST_MS = 86_400_000;

/** Rules over all accounts are a feed whose receiver is the store itself; what they remember lies under an account of that name. */
export const createFleetStore = (connection: Connection, deps: FleetDeps): FleetStore => {
  const { accounts, insertAlerts, feeds, now } = deps;

  return {
    async open(lease) {
      const resting = await connection.read(function* () {
        yield* checkLease(lease);
        return yield* value<string>(RESTING);
      });
      if (resting !== undefined) {
        // Whoever rests, another one of another configuration may have judged.
        const { oldestSeenAtMs } = await feeds.backlog(FLEET);
        const sinceMs = Math.max(Number(resting), oldestSeenAtMs ?? now());
        await connection.commit(function* () {
          yield* checkLease(lease);
          if (now() - sinceMs > MAX_REST_MS) yield* run('DELETE FROM feeds WHERE sink = ?', FLEET);
          yield* run(WAKE);
        });
      }
      await feeds.open(FLEET, 'now');
    },

    async rest() {
      const isNews = await connection.read(function* () {
        return (
          (yield* value<number>(CURSOR, FLEET)) !== undefined && (yield* value<string>(RESTING)) === undefined
        );
      });
      if (isNews) await connection.commit(() => run(REST, String(now())));
    },

    async read(limit) {
      const cursor = await connection.read(() => value<number>(CURSOR, FLEET));
      if (cursor === undefined) return { cursor: 0, entries: [], pruned: 0 };
      // From here, not from where the row says by then: what was read and how far belong together.
      const { entries, pruned } = await feeds.read(FLEET, limit, cursor);
      const marked = entries.length === 0 ? [] : await connection.read(() => withQuiet(entries));
      return { cursor, entries: marked, pruned };
    },

    ruleState: () =>
      connection.read(function* (): Steps<ReadonlyMap<string, Json>> {
        const key = yield* accounts.find(FLEET);
        return key === undefined ? new Map<string, Json>() : yield* ruleStateOf(key);
      }),

    commit: (lease, from, to, decision, nowMs) =>
      connection.commit(function* () {
        yield* checkLease(lease);
        if ((yield* run(MOVE, to, FLEET, from)) !== 1)
          throw new StoreError('busy', 'the rules over all accounts were carried on by somebody else');
        yield* run(WAKE);
        const alerts = yield* insertAlerts(decision.alerts, nowMs);
        if (decision.state.length > 0) yield* keepState(yield* accounts.key(FLEET), decision.state);
        if (alerts.length > 0) yield* tellOthers();
        return alerts;
      }),
  };
};

interface QuietWindow {
  readonly account: string;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly committed_ms: number;
}

/** An event was read by the window that was committed when it was stored, and holds its time. */
function* withQuiet(entries: readonly FeedEntry[]): Steps<readonly FleetEntry[]> {
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = 0;
  for (const { event } of entries) {
    firstMs = Math.min(firstMs, event.seenAtMs);
    lastMs = Math.max(lastMs, event.seenAtMs);
  }
  const windows = Map.groupBy(yield* all<QuietWindow>(QUIET, firstMs, lastMs), ({ account }) => account);
  return entries.map((entry) => {
    const { account, seenAtMs, createdAtMs } = entry.event;
    const quiet = windows
      .get(account)
      ?.some(
        ({ committed_ms, from_ms, to_ms }) =>
          committed_ms === seenAtMs && from_ms <= createdAtMs && createdAtMs < to_ms,
      );
    return { ...entry, quiet: quiet ?? false };
  });
}
