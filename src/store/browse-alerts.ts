import type { AlertKey, AlertSlice, Browse } from '../core/browse.ts';
import type { Connection } from './connection.ts';
import { all, type Value, value } from './steps.ts';

const KEYS =
  'SELECT seq, id, account, kind, level, rule AS "ruleId", decided_ms AS "decidedAtMs" FROM alerts';
const SINCE = `${KEYS} WHERE seq > ? ORDER BY seq LIMIT ?`;
const TEXT = 'SELECT json FROM alerts WHERE seq = ?';
const COUNT = 'SELECT count(*) FROM alerts WHERE rule = ? AND decided_ms >= ? AND decided_ms < ?';
const LAST = 'SELECT max(decided_ms) FROM alerts WHERE rule = ?';

/** SQL and values of a piece of the alerts. */
const sliceQuery = ({
  fromMs,
  toMs,
  after,
  newestFirst,
  limit,
  ruleId,
}: AlertSlice): { readonly sql: string; readonly bound: readonly Value[] } => {
  const where: string[] = [];
  const bound: Value[] = [];
  const add = (sql: string, ...added: readonly Value[]): void => {
    where.push(sql);
    bound.push(...added);
  };
  const [op, order] = newestFirst ? ['<', 'DESC'] : ['>', 'ASC'];
  if (ruleId !== undefined) add('rule = ?', ruleId);
  if (fromMs !== undefined) add('decided_ms >= ?', fromMs);
  if (toMs !== undefined) add('decided_ms < ?', toMs);
  if (after) add(`(decided_ms, seq) ${op} (?, ?)`, after.decidedAtMs, after.seq);
  const condition = where.length > 0 ? ` WHERE ${where.join(' AND ')}` : '';
  return {
    sql: `${KEYS}${condition} ORDER BY decided_ms ${order}, seq ${order} LIMIT ?`,
    bound: [...bound, limit],
  };
};

/** The part of {@link Browse} that is about alerts. */
export const createBrowseAlerts = (
  connection: Connection,
): Pick<Browse, 'alerts' | 'alertTexts' | 'alertsSince' | 'hits'> => ({
  alerts: (slice) =>
    connection.read(() => {
      const { sql, bound } = sliceQuery(slice);
      return all<AlertKey>(sql, ...bound);
    }),
  alertTexts: (seqs) =>
    connection.read(function* () {
      const texts = new Map<number, string>();
      for (const seq of seqs) {
        const text = yield* value<string>(TEXT, seq);
        if (text !== undefined) texts.set(seq, text);
      }
      return texts;
    }),
  alertsSince: (seq, limit) => connection.read(() => all<AlertKey>(SINCE, seq, limit)),
  hits: (ruleId, fromMs, toMs) =>
    connection.read(function* () {
      const count = yield* value<number>(COUNT, ruleId, fromMs, toMs);
      const lastMs = yield* value<number | null>(LAST, ruleId);
      return { count: count ?? 0, lastMs: lastMs ?? undefined };
    }),
});
