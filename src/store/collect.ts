import type { Json } from '../base/json.ts';
import type {
  CollectStore,
  Committed,
  Decision,
  Progress,
  StateChange,
  WindowCommit,
} from '../core/collect-store.ts';
import type { AuditEvent, QuarantinedEvent } from '../core/event.ts';
import { latenessEdge } from '../core/lateness.ts';
import { covers, type LedgerRange } from '../core/ledger.ts';
import { StoreError } from '../core/store.ts';
import type { InsertAlerts } from './alerts.ts';
import type { Connection } from './connection.ts';
import { applyDrift } from './drift.ts';
import type { InsertEvents } from './insert-events.ts';
import { checkLease } from './leases.ts';
import { enterReading, rangesTouching } from './ledger.ts';
import type { Names } from './names.ts';
import { all, get, many, run, type Steps, tellOthers } from './steps.ts';

/** What collecting shares with the other parts of the store. */
export interface CollectDeps {
  readonly accounts: Names;
  readonly eventTypes: Names;
  readonly insertEvents: InsertEvents;
  readonly insertAlerts: InsertAlerts;
  readonly beforeWindow: ((commit: WindowCommit) => Promise<void>) | undefined;
}

const PROGRESS = `SELECT start_ms AS "startMs", watermark_ms AS "watermarkMs", committed_ms AS "committedAtMs"
  FROM progress WHERE account = ?`;
const INSERT_QUARANTINED = `INSERT INTO quarantine (account, key, found_ms, reason, json) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (account, key) DO NOTHING`;
const COMMITTED =
  'SELECT n.name, p.committed_ms AS "atMs" FROM progress AS p JOIN accounts AS n ON n.key = p.account';
const INSERT_WINDOW = `INSERT INTO windows (account, from_ms, to_ms, verified, events, fresh, late, committed_ms, quiet)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
// Only the very first window sets the start, and nothing moves a watermark back.
const ADVANCE = `INSERT INTO progress (account, start_ms, watermark_ms, committed_ms, events) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (account) DO UPDATE SET
    watermark_ms = CASE WHEN progress.watermark_ms > excluded.watermark_ms THEN progress.watermark_ms
      ELSE excluded.watermark_ms END,
    committed_ms = excluded.committed_ms,
    events = progress.events + excluded.events`;
const ADD_EVENTS = 'UPDATE progress SET events = events + ? WHERE account = ?';
const COUNT_LATENESS = `INSERT INTO lateness (account, day_ms, edge_ms, count) VALUES (?, ?, ?, ?)
  ON CONFLICT (account, day_ms, edge_ms) DO UPDATE SET count = lateness.count + excluded.count`;
const COUNT_BACKFILL = 'UPDATE backfills SET events = events + ?, alerts = alerts + ? WHERE id = ?';
const RULE_STATE = 'SELECT key, value FROM rule_state WHERE account = ?';
const PUT_STATE = {
  sqlite: `INSERT INTO rule_state (account, key, value) VALUES (?, ?, ?)
    ON CONFLICT (account, key) DO UPDATE SET value = excluded.value`,
  postgres: `INSERT INTO rule_state (account, key, value) SELECT * FROM unnest(?::bigint[], ?::text[], ?::text[])
    ON CONFLICT (account, key) DO UPDATE SET value = excluded.value`,
};
const DELETE_STATE = {
  sqlite: 'DELETE FROM rule_state WHERE account = ? AND key = ?',
  postgres: `DELETE FROM rule_state USING unnest(?::bigint[], ?::text[]) AS gone (account, key)
    WHERE rule_state.account = gone.account AND rule_state.key = gone.key`,
};

/** How far an account is known, by its key. */
export const progressOf = (account: number): Steps<Progress | undefined> => get<Progress>(PROGRESS, account);

/** What rules remember of an account, by its key. */
export function* ruleStateOf(account: number): Steps<ReadonlyMap<string, Json>> {
  const rows = yield* all<{ key: string; value: string }>(RULE_STATE, account);
  return new Map(rows.map((row) => [row.key, JSON.parse(row.value) as Json]));
}

/** Progress and history of collecting. */
export const createCollectStore = (connection: Connection, deps: CollectDeps): CollectStore => {
  const { accounts, eventTypes } = deps;

  function* commitSteps(commit: WindowCommit, decide: Decide): Steps<Committed> {
    const account = yield* accounts.key(commit.account);
    const { fresh, conflicts } = yield* deps.insertEvents(account, commit, eventTypes);
    const quarantined = yield* insertQuarantined(account, commit, conflicts);
    const beforeMs = (yield* progressOf(account))?.watermarkMs;
    const watermarkMs =
      commit.watermarkMs === undefined
        ? beforeMs
        : Math.max(commit.watermarkMs, beforeMs ?? commit.watermarkMs);
    const decision = decide(fresh, quarantined, watermarkMs);
    const alerts = yield* deps.insertAlerts(decision.alerts, commit.nowMs);
    yield* keepState(account, decision.state);
    if (decision.drift) yield* applyDrift(account, decision.drift);
    const touching = yield* rangesTouching(account, commit);
    // Feeds and fleet rules read them, wherever they are worked.
    if (fresh.length > 0) yield* tellOthers();
    const late = fresh.filter((event) => covers(touching, event.createdAtMs));
    const found = { fresh, late, touching };
    yield* insertWindow(account, commit, found, watermarkMs);
    yield* countLateness(account, commit, found);
    if (commit.backfill !== undefined)
      yield* run(COUNT_BACKFILL, fresh.length, alerts.length, commit.backfill);
    return { fresh, quarantined, alerts, late: late.length };
  }

  return {
    progress: (account) =>
      connection.read(function* () {
        const key = yield* accounts.find(account);
        return key === undefined ? undefined : yield* progressOf(key);
      }),

    committed: () =>
      connection.read(function* () {
        const rows = yield* all<{ name: string; atMs: number }>(COMMITTED);
        return new Map(rows.map(({ name, atMs }) => [name, atMs]));
      }),

    ruleState: (account) =>
      connection.read(function* () {
        const key = yield* accounts.find(account);
        return key === undefined ? new Map<string, Json>() : yield* ruleStateOf(key);
      }),

    async commitWindow(lease, commit, decide) {
      if (deps.beforeWindow) await deps.beforeWindow(commit);
      const once = decideOnce(decide);
      return connection.commit(function* () {
        yield* checkLease(lease);
        return yield* commitSteps(commit, once);
      });
    },
  };
};

type Decide = Parameters<CollectStore['commitWindow']>[2];

/**
 * The decider counts what it is given, so it must not see the same events twice when a transaction has to be begun anew
 * (two waited for each other). Who asks again gets the first answer; if the question is another one by then, the window is
 * given up, to be read again.
 */
const decideOnce = (decide: Decide): Decide => {
  let first: { readonly asked: Parameters<Decide>; readonly decision: Decision } | undefined;
  const text = ([fresh, quarantined, watermarkMs]: Parameters<Decide>): string =>
    JSON.stringify([fresh.map(({ id }) => id), quarantined.map(({ key }) => key), watermarkMs]);
  return (...asked) => {
    if (first && text(first.asked) !== text(asked))
      throw new StoreError('busy', 'the store changed while a window was committed; it is read again');
    first ??= { asked, decision: decide(...asked) };
    return first.decision;
  };
};

function* insertQuarantined(
  account: number,
  commit: WindowCommit,
  conflicts: readonly QuarantinedEvent[],
): Steps<readonly QuarantinedEvent[]> {
  const fresh: QuarantinedEvent[] = [];
  for (const event of [...commit.quarantined, ...conflicts]) {
    const { key, reason, json } = event;
    if ((yield* run(INSERT_QUARANTINED, account, key, commit.nowMs, reason, json)) === 1) fresh.push(event);
  }
  return fresh;
}

/** Writes what rules remember of an account, by its key. */
export function* keepState(account: number, changes: readonly StateChange[]): Steps<void> {
  // Of a key that is named twice, the last value counts.
  const last = new Map(changes.map(({ key, value }) => [key, value]));
  const gone = [...last].filter(([, value]) => value === null);
  const kept = [...last].filter(([, value]) => value !== null);
  yield* many(
    DELETE_STATE,
    gone.map(([key]) => [account, key]),
  );
  yield* many(
    PUT_STATE,
    kept.map(([key, value]) => [account, key, JSON.stringify(value)]),
  );
}

function* insertWindow(
  account: number,
  commit: WindowCommit,
  found: Fresh,
  newWatermarkMs: number | undefined,
): Steps<void> {
  const { fromMs, toMs, nowMs, watermarkMs, reader = 'poll' } = commit;
  const { fresh, late, touching } = found;
  const verified = commit.verified ? 1 : 0;
  const counts = [commit.events.length, fresh.length, late.length] as const;
  yield* run(INSERT_WINDOW, account, fromMs, toMs, verified, ...counts, nowMs, commit.quiet ? 1 : 0);
  if (watermarkMs !== undefined) yield* run(ADVANCE, account, fromMs, watermarkMs, nowMs, fresh.length);
  else if (fresh.length > 0) yield* run(ADD_EVENTS, fresh.length, account);
  const untilMs = newWatermarkMs ?? toMs;
  yield* enterReading(account, touching, {
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
}

/** A backfill says nothing about how soon the API shows events. */
function* countLateness(account: number, { reader, quiet, nowMs }: WindowCommit, found: Fresh): Steps<void> {
  if (found.fresh.length === 0 || reader === 'backfill' || quiet) return;
  const edges = new Map([[0, found.fresh.length - found.late.length]]);
  for (const { createdAtMs } of found.late) {
    const edge = latenessEdge(nowMs - createdAtMs);
    edges.set(edge, (edges.get(edge) ?? 0) + 1);
  }
  const dayMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  for (const [edge, count] of edges) if (count > 0) yield* run(COUNT_LATENESS, account, dayMs, edge, count);
}

const DAY_MS = 86_400_000;

/** What was new in a window, and what the ledger says of its time. */
interface Fresh {
  readonly fresh: readonly AuditEvent[];
  readonly late: readonly AuditEvent[];
  readonly touching: readonly LedgerRange[];
}
