import type { AlertKey, AlertSlice, Browse } from '../core/browse.ts';
import type { Connection } from './connection.ts';

const KEYS = 'SELECT seq, id, account, kind, level, rule AS ruleId, decided_ms AS decidedAtMs FROM alerts';

/** SQL and values of a piece of the alerts. */
const sliceQuery = ({
  fromMs,
  toMs,
  after,
  newestFirst,
  limit,
  ruleId,
}: AlertSlice): { readonly sql: string; readonly values: readonly unknown[] } => {
  const where: string[] = [];
  const values: unknown[] = [];
  const add = (sql: string, ...added: readonly unknown[]): void => {
    where.push(sql);
    values.push(...added);
  };
  const [op, order] = newestFirst ? ['<', 'DESC'] : ['>', 'ASC'];
  if (ruleId !== undefined) add('rule = ?', ruleId);
  if (fromMs !== undefined) add('decided_ms >= ?', fromMs);
  if (toMs !== undefined) add('decided_ms < ?', toMs);
  if (after) add(`(decided_ms, seq) ${op} (?, ?)`, after.decidedAtMs, after.seq);
  const condition = where.length > 0 ? ` WHERE ${where.join(' AND ')}` : '';
  return {
    sql: `${KEYS}${condition} ORDER BY decided_ms ${order}, seq ${order} LIMIT ?`,
    values: [...values, limit],
  };
};

/** The part of {@link Browse} that is about alerts. */
export const createBrowseAlerts = (
  connection: Connection,
): Pick<Browse, 'alerts' | 'alertTexts' | 'alertsSince' | 'hits'> => {
  const { db } = connection;
  const text = db.prepare<[number], string>('SELECT json FROM alerts WHERE seq = ?').pluck();
  const since = db.prepare<[number, number], AlertKey>(`${KEYS} WHERE seq > ? ORDER BY seq LIMIT ?`);
  const count = db
    .prepare<[string, number, number], number>(
      'SELECT count(*) FROM alerts WHERE rule = ? AND decided_ms >= ? AND decided_ms < ?',
    )
    .pluck();
  const last = db
    .prepare<[string], number | null>('SELECT max(decided_ms) FROM alerts WHERE rule = ?')
    .pluck();
  return {
    alerts: (slice) =>
      connection.read(() => {
        const { sql, values } = sliceQuery(slice);
        return db.prepare<unknown[], AlertKey>(sql).all(...values);
      }),
    alertTexts: (seqs) =>
      connection.read(() => {
        const texts = new Map<number, string>();
        for (const seq of seqs) {
          const found = text.get(seq);
          if (found !== undefined) texts.set(seq, found);
        }
        return texts;
      }),
    alertsSince: (seq, limit) => connection.read(() => since.all(seq, limit)),
    hits: (ruleId, fromMs, toMs) =>
      connection.read(() => ({
        count: count.get(ruleId, fromMs, toMs) ?? 0,
        lastMs: last.get(ruleId) ?? undefined,
      })),
  };
};
