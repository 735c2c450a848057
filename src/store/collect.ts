import type { Json } from '../base/json.ts';
import type { CollectStore, Committed, Progress, WindowCommit } from '../core/collect-store.ts';
import type { AuditEvent, QuarantinedEvent } from '../core/event.ts';
import type { InsertAlerts } from './alerts.ts';
import { eventDigest } from './chain.ts';
import type { OpenChain } from './chain-append.ts';
import { prepareCollect } from './collect-statements.ts';
import { conflictWith } from './conflict.ts';
import type { Connection } from './connection.ts';
import type { CheckLease } from './leases.ts';
import type { Names } from './names.ts';

/** What collecting shares with the other parts of the store. */
export interface CollectDeps {
  readonly accounts: Names;
  readonly eventTypes: Names;
  readonly checkLease: CheckLease;
  readonly insertAlerts: InsertAlerts;
  readonly openChain: OpenChain;
}

/** Progress and history of collecting, in SQLite. */
export const createCollectStore = (connection: Connection, deps: CollectDeps): CollectStore => {
  const { accounts, eventTypes } = deps;
  const sql = prepareCollect(connection.db);

  /** Inserts what is new. This loop is the hot path of a catch-up: no JSON is looked at but for a known id. */
  const insertEvents = (account: number, commit: WindowCommit): Found => {
    const fresh: AuditEvent[] = [];
    const conflicts: QuarantinedEvent[] = [];
    const chain = deps.openChain(account, commit.account);
    for (const event of commit.events) {
      const { id, json, createdAtMs, eventType } = event;
      const type = eventTypes.key(eventType);
      const link = chain.next(createdAtMs, commit.nowMs, eventDigest(commit.account, id, eventType, json));
      const { position, bytes } = link;
      if (
        sql.insertEvent.run(account, type, createdAtMs, commit.nowMs, id, json, position, bytes).changes === 1
      ) {
        chain.took(link);
        fresh.push(event);
        continue;
      }
      const stored = sql.eventJson.get(account, id);
      const conflict = stored === undefined || stored === json ? undefined : conflictWith(stored, event);
      if (conflict) conflicts.push(conflict);
    }
    chain.save();
    return { fresh, conflicts };
  };

  const insertWindow = (account: number, commit: WindowCommit, fresh: readonly AuditEvent[]): void => {
    const { fromMs, toMs, nowMs } = commit;
    const before = sql.progress.get(account);
    const late = before ? fresh.filter((event) => event.createdAtMs < before.watermarkMs).length : 0;
    const verified = commit.verified ? 1 : 0;
    sql.insertWindow.run(account, fromMs, toMs, verified, commit.events.length, fresh.length, late, nowMs);
    sql.advance.run(account, fromMs, commit.watermarkMs, nowMs, fresh.length);
  };

  const setState = (account: number, key: string, value: Json): void => {
    if (value === null) sql.deleteState.run(account, key);
    else sql.putState.run(account, key, JSON.stringify(value));
  };

  return {
    progress: (account) =>
      connection.read((): Progress | undefined => {
        const key = accounts.find(account);
        return key === undefined ? undefined : sql.progress.get(key);
      }),

    ruleState: (account) =>
      connection.read(() => {
        const key = accounts.find(account);
        const rows = key === undefined ? [] : sql.ruleState.all(key);
        return new Map(rows.map((row) => [row.key, JSON.parse(row.value) as Json]));
      }),

    async commitWindow(lease, commit, decide) {
      try {
        return await connection.commit((): Committed => {
          deps.checkLease(lease);
          const account = accounts.key(commit.account);
          const { fresh, conflicts } = insertEvents(account, commit);
          const quarantined = [...commit.quarantined, ...conflicts].filter(
            ({ key, reason, json }) =>
              sql.insertQuarantined.run(account, key, commit.nowMs, reason, json).changes === 1,
          );
          const decision = decide(fresh, quarantined);
          const alerts = deps.insertAlerts(decision.alerts, commit.nowMs);
          for (const { key, value } of decision.state) setState(account, key, value);
          insertWindow(account, commit, fresh);
          return { fresh, quarantined, alerts };
        });
      } catch (error) {
        accounts.forget();
        eventTypes.forget();
        throw error;
      }
    },
  };
};

interface Found {
  readonly fresh: readonly AuditEvent[];
  readonly conflicts: readonly QuarantinedEvent[];
}
