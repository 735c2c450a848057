import type { Planner } from '../core/planner.ts';
import type { EndedSilence, SilenceRecord, Silences } from '../core/silence.ts';
import type { RecordAct } from './acts.ts';
import type { Connection } from './connection.ts';
import type { Summarise } from './fold.ts';
import { addedDetail, type SilenceRow, silenceOf } from './silence-rows.ts';

/** What silences share with the other parts of the store. */
export interface SilencesDeps {
  readonly planner: Planner;
  readonly summarise: Summarise;
  readonly recordAct: RecordAct;
  readonly now: () => number;
}

type HiddenRow = Parameters<Summarise>[0]['rows'][number] & { readonly sink: string };

interface CountedRow extends SilenceRow {
  readonly hidden: number;
  readonly untold: number;
}

/** Told in one summary; what is more makes another one at once. */
const MAX_TOLD = 5_000;

/** Silences in SQLite. */
export const createSilences = (connection: Connection, deps: SilencesDeps): Silences => {
  const { db } = connection;
  const insert = db.prepare<[string, number, string]>(
    'INSERT INTO silences (id, ends_ms, json) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING',
  );
  const select = `SELECT s.json, s.expired_ms, s.expired_by,
            (SELECT count(DISTINCT alert) FROM deliveries WHERE silence = s.id) AS hidden,
            (SELECT count(DISTINCT alert) FROM deliveries
             WHERE silence = s.id AND state = 'silenced' AND folded_into IS NULL) AS untold
     FROM silences AS s`;
  const every = db.prepare<[], CountedRow>(`${select} ORDER BY s.seq DESC`);
  const current = db.prepare<[number], CountedRow>(
    `${select} WHERE s.expired_ms IS NULL AND s.ends_ms > ? ORDER BY s.seq DESC`,
  );
  const expire = db.prepare<[number, string, string, number]>(
    'UPDATE silences SET expired_ms = ?, expired_by = ? WHERE id = ? AND expired_ms IS NULL AND ends_ms > ?',
  );
  const withUntold = db.prepare<[], SilenceRow & { id: string }>(
    `SELECT id, json, expired_ms, expired_by FROM silences WHERE id IN
       (SELECT DISTINCT silence FROM deliveries WHERE state = 'silenced' AND folded_into IS NULL) ORDER BY seq`,
  );
  const untold = db.prepare<[string, number], HiddenRow>(
    `SELECT d.seq, d.id, d.alert, d.thread, d.sink, a.level, a.decided_ms
     FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert
     WHERE d.silence = ? AND d.state = 'silenced' AND d.folded_into IS NULL
     ORDER BY CASE a.level WHEN 'critical' THEN 4 WHEN 'high' THEN 3 WHEN 'medium' THEN 2 WHEN 'low' THEN 1 ELSE 0 END DESC,
       a.decided_ms DESC, d.seq DESC LIMIT ?`,
  );
  const tell = db.prepare<[number | bigint, number]>('UPDATE deliveries SET folded_into = ? WHERE seq = ?');

  const record = (row: CountedRow): SilenceRecord => ({
    ...silenceOf(row),
    hidden: row.hidden,
    untold: row.untold,
  });

  const tellOne = (row: SilenceRow & { id: string }, nowMs: number): EndedSilence | undefined => {
    const silence = silenceOf(row);
    if (deps.planner.inForce(silence, nowMs)) return undefined;
    const rows = untold.all(row.id, MAX_TOLD);
    const sinks = [...new Set(rows.map(({ sink }) => sink))].sort();
    // One for each sink, of what that sink would have had: a summary tells nobody more than the alerts would have.
    for (const sink of sinks) {
      const own = rows.filter((hidden) => hidden.sink === sink);
      const [into] = deps.summarise(
        { reason: 'silenced', sinks: [sink], rows: own, silence },
        nowMs,
      ).deliveries;
      if (into !== undefined) for (const hidden of own) tell.run(into, hidden.seq);
    }
    return { silence, hidden: new Set(rows.map(({ alert }) => alert)).size, sinks };
  };

  return {
    add: (silence) =>
      connection.commit(() => {
        const { id, author, endsAtMs } = silence;
        if (insert.run(id, endsAtMs, JSON.stringify(silence)).changes === 0) return;
        const detail = addedDetail(silence);
        deps.recordAct({ act: 'silence.added', atMs: deps.now(), by: author, subject: id, detail });
      }),
    list: ({ nowMs, ended }) => connection.read(() => (ended ? every.all() : current.all(nowMs)).map(record)),
    expire: (id, by, nowMs) =>
      connection.commit(() => {
        if (expire.run(nowMs, by, id, nowMs).changes === 0) return false;
        deps.recordAct({ act: 'silence.expired', atMs: nowMs, by, subject: id, detail: '' });
        return true;
      }),
    tellEnded: () =>
      connection.commit(() => {
        const nowMs = deps.now();
        return withUntold
          .all()
          .map((row) => tellOne(row, nowMs))
          .filter((ended) => ended !== undefined);
      }),
  };
};
