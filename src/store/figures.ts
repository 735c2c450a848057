import type { SinkGate } from '../core/gate.ts';
import type { Sweep } from '../core/ledger-store.ts';
import type { Planner } from '../core/planner.ts';
import type { StoreFigures } from '../core/store-figures.ts';
import type { Connection } from './connection.ts';
import { type SilenceRow, silenceOf } from './silence-rows.ts';
import type { StatusDeps } from './status.ts';
import { all, get, value, values } from './steps.ts';

/** Looking at more of a long queue would hold up everybody else; so many take a few milliseconds. */
const MAX_LOOKED_AT = 100_000;

const SINKS = `SELECT sink FROM delivery_counts WHERE state IN ('pending', 'sending')
  GROUP BY sink HAVING sum(count) > 0 ORDER BY sink`;
// Answered by the small index of what is under way; only what is not due yet is looked up, to leave out what is held.
const OLDEST = `SELECT since_ms FROM deliveries WHERE seq = (
    SELECT min(pool.seq) FROM (
      SELECT seq FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL AND (due_ms <= ? OR attempts > 0)
      ORDER BY due_ms LIMIT ${MAX_LOOKED_AT}) AS pool)`;
const FIRST_DUE =
  'SELECT due_ms FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL ORDER BY due_ms LIMIT 1';
const GATES = 'SELECT sink, json FROM sink_gates';
const SIZES = `SELECT (SELECT coalesce(sum(events), 0) FROM progress) AS events,
    (SELECT count(*) FROM (SELECT 1 FROM quarantine LIMIT ${MAX_LOOKED_AT}) AS counted) AS quarantined`;
const SWEEPS = `SELECT a.name AS account, s.last_ms AS "lastMs", s.started_ms AS "startedAtMs", s.from_ms AS "fromMs",
    s.to_ms AS "toMs", s.next_ms AS "nextMs", s.ended_ms AS "endedAtMs"
  FROM sweeps AS s JOIN accounts AS a ON a.key = s.account`;
const BACKFILLS = `SELECT a.name AS account, w.waiting, b.from_ms AS "fromMs", b.to_ms AS "toMs"
  FROM (SELECT account, count(*) AS waiting, min(seq) AS seq FROM backfills WHERE state = 'waiting' GROUP BY account) AS w
  JOIN backfills AS b ON b.seq = w.seq JOIN accounts AS a ON a.key = w.account`;
const SILENCES = 'SELECT json, expired_ms, expired_by FROM silences WHERE expired_ms IS NULL AND ends_ms > ?';

interface SweepRow extends Omit<Sweep, 'endedAtMs'> {
  readonly account: string;
  readonly endedAtMs: number | null;
}

/** Figures of the store. */
export const createFigures = (
  connection: Connection,
  deps: { readonly planner: Pick<Planner, 'inForce'>; readonly bytes: StatusDeps['bytes'] },
): StoreFigures => ({
  waiting: (nowMs) =>
    connection.read(function* () {
      const waiting: Awaited<ReturnType<StoreFigures['waiting']>>[number][] = [];
      for (const sink of yield* values<string>(SINKS)) {
        const sinceMs = yield* value<number>(OLDEST, sink, nowMs);
        waiting.push({ sink, sinceMs, dueMs: yield* value<number>(FIRST_DUE, sink) });
      }
      return waiting;
    }),
  gates: () =>
    connection.read(function* () {
      const rows = yield* all<{ readonly sink: string; readonly json: string }>(GATES);
      return new Map(rows.map(({ sink, json }) => [sink, JSON.parse(json) as SinkGate]));
    }),
  sizes: () =>
    connection.read(function* () {
      const sizes = yield* get<{ readonly events: number; readonly quarantined: number }>(SIZES);
      return { events: 0, quarantined: 0, ...sizes, bytes: yield* deps.bytes() };
    }),
  sweeps: () =>
    connection.read(function* () {
      const rows = yield* all<SweepRow>(SWEEPS);
      return rows.map((row) => ({ ...row, endedAtMs: row.endedAtMs ?? undefined }));
    }),
  backfills: () =>
    connection.read(() => all<Awaited<ReturnType<StoreFigures['backfills']>>[number]>(BACKFILLS)),
  silencesInForce: (nowMs) =>
    connection.read(function* () {
      const rows = yield* all<SilenceRow>(SILENCES, nowMs);
      return rows.filter((row) => deps.planner.inForce(silenceOf(row), nowMs)).length;
    }),
});
