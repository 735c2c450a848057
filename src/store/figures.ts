import type { SinkGate } from '../core/gate.ts';
import type { Sweep } from '../core/ledger-store.ts';
import type { Planner } from '../core/planner.ts';
import type { StoreFigures } from '../core/store-figures.ts';
import type { Connection } from './connection.ts';
import { fileBytes } from './file.ts';
import { type SilenceRow, silenceOf } from './silence-rows.ts';

/** Looking at more of a long queue would hold up everybody else; so many take a few milliseconds. */
const MAX_LOOKED_AT = 100_000;

/** Figures of the store in SQLite. */
export const createFigures = (
  { db, path, read }: Connection,
  planner: Pick<Planner, 'inForce'>,
): StoreFigures => {
  const sinks = db
    .prepare<[], string>(
      "SELECT DISTINCT sink FROM delivery_counts WHERE state IN ('pending', 'sending') AND count > 0 ORDER BY sink",
    )
    .pluck();
  // Answered by the small index of what is under way; only what is not due yet is looked up, to leave out what is held.
  const oldest = db
    .prepare<[string, number], number>(
      `SELECT since_ms FROM deliveries WHERE seq = (
         SELECT min(seq) FROM (
           SELECT seq FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL AND (due_ms <= ? OR attempts > 0)
           ORDER BY due_ms LIMIT ${MAX_LOOKED_AT}))`,
    )
    .pluck();
  const firstDue = db
    .prepare<[string], number>(
      'SELECT due_ms FROM deliveries WHERE sink = ? AND due_ms IS NOT NULL ORDER BY due_ms LIMIT 1',
    )
    .pluck();
  const gates = db.prepare<[], { sink: string; json: string }>('SELECT sink, json FROM sink_gates');
  const sizes = db.prepare<[], { events: number; quarantined: number }>(
    `SELECT (SELECT coalesce(sum(events), 0) FROM progress) AS events,
            (SELECT count(*) FROM (SELECT 1 FROM quarantine LIMIT ${MAX_LOOKED_AT})) AS quarantined`,
  );
  const sweeps = db.prepare<[], Omit<Sweep, 'endedAtMs'> & { account: string; endedAtMs: number | null }>(
    `SELECT a.name AS account, s.last_ms AS lastMs, s.started_ms AS startedAtMs, s.from_ms AS fromMs, s.to_ms AS toMs,
            s.next_ms AS nextMs, s.ended_ms AS endedAtMs
     FROM sweeps AS s JOIN accounts AS a ON a.key = s.account`,
  );
  const backfills = db.prepare<[], Awaited<ReturnType<StoreFigures['backfills']>>[number]>(
    `SELECT a.name AS account, w.waiting, b.from_ms AS fromMs, b.to_ms AS toMs
     FROM (SELECT account, count(*) AS waiting, min(seq) AS seq FROM backfills WHERE state = 'waiting' GROUP BY account) AS w
     JOIN backfills AS b ON b.seq = w.seq JOIN accounts AS a ON a.key = w.account`,
  );
  const silences = db.prepare<[number], SilenceRow>(
    'SELECT json, expired_ms, expired_by FROM silences WHERE expired_ms IS NULL AND ends_ms > ?',
  );
  return {
    waiting: (nowMs) =>
      read(() =>
        sinks.all().map((sink) => ({
          sink,
          sinceMs: oldest.get(sink, nowMs) ?? undefined,
          dueMs: firstDue.get(sink),
        })),
      ),
    gates: () =>
      read(() => new Map(gates.all().map(({ sink, json }) => [sink, JSON.parse(json) as SinkGate]))),
    sizes: () => read(() => ({ ...(sizes.get() ?? { events: 0, quarantined: 0 }), bytes: fileBytes(path) })),
    sweeps: () => read(() => sweeps.all().map((row) => ({ ...row, endedAtMs: row.endedAtMs ?? undefined }))),
    backfills: () => read(() => backfills.all()),
    silencesInForce: (nowMs) =>
      read(() => silences.all(nowMs).filter((row) => planner.inForce(silenceOf(row), nowMs)).length),
  };
};
