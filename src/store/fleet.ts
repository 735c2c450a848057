import type { Json } from '../base/json.ts';
import type { Feeds } from '../core/feed.ts';
import { FLEET, type FleetStore } from '../core/fleet.ts';
import { StoreError } from '../core/store.ts';
import type { InsertAlerts } from './alerts.ts';
import { keepState, ruleStateOf } from './collect.ts';
import type { Connection } from './connection.ts';
import { checkLease } from './leases.ts';
import type { Names } from './names.ts';
import { run, type Steps, tellOthers, value } from './steps.ts';

/** What rules over all accounts share with the other parts of the store. */
export interface FleetDeps {
  readonly accounts: Names;
  readonly insertAlerts: InsertAlerts;
  readonly feeds: Feeds;
}

const CURSOR = 'SELECT cursor FROM feeds WHERE sink = ?';
const MOVE = 'UPDATE feeds SET cursor = ? WHERE sink = ? AND cursor = ?';

/** Rules over all accounts are a feed whose receiver is the store itself; what they remember lies under an account of that name. */
export const createFleetStore = (connection: Connection, deps: FleetDeps): FleetStore => {
  const { accounts, insertAlerts, feeds } = deps;
  return {
    async open(lease) {
      await connection.read(() => checkLease(lease));
      await feeds.open(FLEET, 'now');
    },

    async read(limit) {
      const cursor = await connection.read(() => value<number>(CURSOR, FLEET));
      if (cursor === undefined) return { cursor: 0, entries: [] };
      // From here, not from where the row says by then: what was read and how far belong together.
      const { entries } = await feeds.read(FLEET, limit, cursor);
      return { cursor, entries };
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
        const alerts = yield* insertAlerts(decision.alerts, nowMs);
        if (decision.state.length > 0) yield* keepState(yield* accounts.key(FLEET), decision.state);
        if (alerts.length > 0) yield* tellOthers();
        return alerts;
      }),
  };
};
