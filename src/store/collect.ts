import type { Json } from '../base/json.ts';
import type { CollectStore, Committed, Progress, WindowCommit } from '../core/collect-store.ts';
import type { AuditEvent, QuarantinedEvent } from '../core/event.ts';
import { latenessEdge } from '../core/lateness.ts';
import { covers, type LedgerRange } from '../core/ledger.ts';
import type { InsertAlerts } from './alerts.ts';
import { eventDigest } from './chain.ts';
import type { OpenChain } from './chain-append.ts';
import { prepareCollect } from './collect-statements.ts';
import { conflictWith } from './conflict.ts';
import type { Connection } from './connection.ts';
import type { ApplyDrift } from './drift.ts';
import type { CheckLease } from './leases.ts';
import type { Ledger } from './ledger.ts';
import type { Names } from './names.ts';

/** What collecting shares with the other parts of the store. */
export interface CollectDeps {
  readonly accounts: Names;
  readonly eventTypes: Names;
  readonly checkLease: CheckLease;
  readonly insertAlerts: InsertAlerts;
  readonly ledger: Ledger;
  readonly applyDrift: ApplyDrift;
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

  const insertWindow = (account: number, commit: WindowCommit, found: Fresh): void => {
    const { fromMs, toMs, nowMs, watermarkMs, reader = 'poll' } = commit;
    const { fresh, late, touching } = found;
    const verified = commit.verified ? 1 : 0;
    const counts = [commit.events.length, fresh.length, late.length] as const;
    sql.insertWindow.run(account, fromMs, toMs, verified, ...counts, nowMs);
    if (watermarkMs === undefined) sql.addEvents.run(fresh.length, account);
    else sql.advance.run(account, fromMs, watermarkMs, nowMs, fresh.length);
    const untilMs = sql.progress.get(account)?.watermarkMs ?? toMs;
    deps.ledger.enter(account, touching, {
      fromMs,
      // What lies beyond the watermark was asked for, but is in the future of the API's clock.
      toMs: reader === 'poll' ? Math.min(toMs, untilMs) : toMs,
      verified: commit.verified,
      text: commit.doubt ?? '',
      events: fresh.length,
      late: late.length,
      readAtMs: nowMs,
      again: reader === 'repair',
      quiet: commit.quiet ?? false,
    });
  };

  /** A backfill says nothing about how soon the API shows events. */
  const countLateness = (account: number, { reader, quiet, nowMs }: WindowCommit, found: Fresh): void => {
    if (found.fresh.length === 0 || reader === 'backfill' || quiet) return;
    const edges = new Map([[0, found.fresh.length - found.late.length]]);
    for (const { createdAtMs } of found.late) {
      const edge = latenessEdge(nowMs - createdAtMs);
      edges.set(edge, (edges.get(edge) ?? 0) + 1);
    }
    const dayMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
    for (const [edge, count] of edges) if (count > 0) sql.countLateness.run(account, dayMs, edge, count);
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
          const beforeMs = sql.progress.get(account)?.watermarkMs;
          const watermarkMs =
            commit.watermarkMs === undefined
              ? beforeMs
              : Math.max(commit.watermarkMs, beforeMs ?? commit.watermarkMs);
          const decision = decide(fresh, quarantined, watermarkMs);
          const alerts = deps.insertAlerts(decision.alerts, commit.nowMs);
          for (const { key, value } of decision.state) setState(account, key, value);
          if (decision.drift) deps.applyDrift(account, decision.drift);
          const touching = deps.ledger.touching(account, commit);
          const late = fresh.filter((event) => covers(touching, event.createdAtMs));
          const found = { fresh, late, touching };
          insertWindow(account, commit, found);
          countLateness(account, commit, found);
          if (commit.backfill !== undefined)
            sql.countBackfill.run(fresh.length, alerts.length, commit.backfill);
          return { fresh, quarantined, alerts, late: late.length };
        });
      } catch (error) {
        accounts.forget();
        eventTypes.forget();
        throw error;
      }
    },
  };
};

const DAY_MS = 86_400_000;

/** What was new in a window, and what the ledger says of its time. */
interface Fresh {
  readonly fresh: readonly AuditEvent[];
  readonly late: readonly AuditEvent[];
  readonly touching: readonly LedgerRange[];
}

interface Found {
  readonly fresh: readonly AuditEvent[];
  readonly conflicts: readonly QuarantinedEvent[];
}
