import type { Level } from '../core/alert.ts';
import type { Planner } from '../core/planner.ts';
import type { EndedSilence, SilenceRecord, Silences } from '../core/silence.ts';
import { recordActs } from './acts.ts';
import type { Connection } from './connection.ts';
import type { Summarise } from './fold.ts';
import { addedDetail, type SilenceRow, silenceOf } from './silence-rows.ts';
import { all, run, type Steps, tellOthers } from './steps.ts';

/** What silences share with the other parts of the store. */
export interface SilencesDeps {
  readonly planner: Planner;
  readonly summarise: Summarise;
  readonly now: () => number;
}

interface HiddenRow {
  readonly seq: number;
  readonly id: string;
  readonly alert: number;
  readonly thread: string;
  readonly sink: string;
  readonly level: Level;
  readonly decided_ms: number;
}

interface CountedRow extends SilenceRow {
  readonly hidden: number;
  readonly untold: number;
}

/** Told in one summary; what is more makes another one at once. */
const MAX_TOLD = 5_000;

const INSERT = 'INSERT INTO silences (id, ends_ms, json) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING';
const SELECT = `SELECT s.json, s.expired_ms, s.expired_by,
    (SELECT count(DISTINCT alert) FROM deliveries WHERE silence = s.id) AS hidden,
    (SELECT count(DISTINCT alert) FROM deliveries
     WHERE silence = s.id AND state = 'silenced' AND folded_into IS NULL) AS untold
  FROM silences AS s`;
const EVERY = `${SELECT} ORDER BY s.seq DESC`;
const CURRENT = `${SELECT} WHERE s.expired_ms IS NULL AND s.ends_ms > ? ORDER BY s.seq DESC`;
const EXPIRE =
  'UPDATE silences SET expired_ms = ?, expired_by = ? WHERE id = ? AND expired_ms IS NULL AND ends_ms > ?';
const WITH_UNTOLD = `SELECT id, json, expired_ms, expired_by FROM silences WHERE id IN
    (SELECT DISTINCT silence FROM deliveries WHERE state = 'silenced' AND folded_into IS NULL)
  ORDER BY seq FOR UPDATE`;
const UNTOLD = `SELECT d.seq, d.id, d.alert, d.thread, d.sink, a.level, a.decided_ms
  FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert
  WHERE d.silence = ? AND d.state = 'silenced' AND d.folded_into IS NULL
  ORDER BY CASE a.level WHEN 'critical' THEN 4 WHEN 'high' THEN 3 WHEN 'medium' THEN 2 WHEN 'low' THEN 1 ELSE 0 END DESC,
    a.decided_ms DESC, d.seq DESC LIMIT ?`;
const TELL = 'UPDATE deliveries SET folded_into = ? WHERE seq';
const TELL_ALL = {
  sqlite: `${TELL} IN (SELECT value FROM json_each(?))`,
  postgres: `${TELL} = ANY(?::bigint[])`,
};

const record = (row: CountedRow): SilenceRecord => ({
  ...silenceOf(row),
  hidden: row.hidden,
  untold: row.untold,
});

/** Silences. */
export const createSilences = (connection: Connection, deps: SilencesDeps): Silences => {
  function* tellOne(row: SilenceRow & { id: string }, nowMs: number): Steps<EndedSilence | undefined> {
    const silence = silenceOf(row);
    if (deps.planner.inForce(silence, nowMs)) return undefined;
    const rows = yield* all<HiddenRow>(UNTOLD, row.id, MAX_TOLD);
    const sinks = [...new Set(rows.map(({ sink }) => sink))].sort();
    // One for each sink, of what that sink would have had: a summary tells nobody more than the alerts would have.
    for (const sink of sinks) {
      const own = rows.filter((hidden) => hidden.sink === sink);
      const [into] = yield* deps.summarise({ reason: 'silenced', sinks: [sink], rows: own, silence }, nowMs);
      if (into !== undefined)
        yield* run(
          TELL_ALL,
          into,
          own.map(({ seq }) => seq),
        );
    }
    return { silence, hidden: new Set(rows.map(({ alert }) => alert)).size, sinks };
  }

  return {
    add: (silence) =>
      connection.commit(function* () {
        const { id, author, endsAtMs } = silence;
        if ((yield* run(INSERT, id, endsAtMs, JSON.stringify(silence))) === 0) return;
        yield* tellOthers();
        const detail = addedDetail(silence);
        yield* recordActs([{ act: 'silence.added', atMs: deps.now(), by: author, subject: id, detail }]);
      }),
    list: ({ nowMs, ended }) =>
      connection.read(function* () {
        const rows = ended ? yield* all<CountedRow>(EVERY) : yield* all<CountedRow>(CURRENT, nowMs);
        return rows.map(record);
      }),
    expire: (id, by, nowMs) =>
      connection.commit(function* () {
        if ((yield* run(EXPIRE, nowMs, by, id, nowMs)) === 0) return false;
        yield* tellOthers();
        yield* recordActs([{ act: 'silence.expired', atMs: nowMs, by, subject: id, detail: '' }]);
        return true;
      }),
    tellEnded: () =>
      connection.commit(function* () {
        const nowMs = deps.now();
        const ended: EndedSilence[] = [];
        for (const row of yield* all<SilenceRow & { id: string }>(WITH_UNTOLD)) {
          const told = yield* tellOne(row, nowMs);
          if (told) ended.push(told);
        }
        if (ended.some(({ sinks }) => sinks.length > 0)) yield* tellOthers();
        return ended;
      }),
  };
};
