import type { Retention } from '../core/ports.ts';
import type { Connection } from './connection.ts';

/** Alerts that may go: decided before ?1, every delivery ended before ?1. */
const OLD_ALERTS = `
  SELECT a.seq FROM alerts AS a WHERE a.decided_ms < ?1 AND NOT EXISTS (
    SELECT 1 FROM deliveries AS d WHERE d.alert = a.seq AND (d.ended_ms IS NULL OR d.ended_ms >= ?1))
  ORDER BY a.decided_ms`;

/**
 * Each statement deletes at most ?2 rows. Attempts go before their delivery and deliveries before their alert, each
 * a step of its own: a pause between two steps leaves nothing that points into the void.
 */
const STEPS: readonly string[] = [
  `DELETE FROM attempts WHERE (delivery, number) IN (
     SELECT t.delivery, t.number FROM deliveries AS d JOIN attempts AS t ON t.delivery = d.seq
     WHERE d.alert IN (${OLD_ALERTS}) LIMIT ?2)`,
  `DELETE FROM deliveries WHERE seq IN (
     SELECT d.seq FROM deliveries AS d WHERE d.alert IN (${OLD_ALERTS})
       AND NOT EXISTS (SELECT 1 FROM attempts AS t WHERE t.delivery = d.seq) LIMIT ?2)`,
  `DELETE FROM alerts WHERE seq IN (
     SELECT old.seq FROM (${OLD_ALERTS}) AS old
     WHERE NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.alert = old.seq) LIMIT ?2)`,
  'DELETE FROM windows WHERE seq IN (SELECT seq FROM windows WHERE committed_ms < ?1 LIMIT ?2)',
  'DELETE FROM quarantine WHERE seq IN (SELECT seq FROM quarantine WHERE found_ms < ?1 LIMIT ?2)',
];

/** Pruning in SQLite, one short transaction per call. */
export const createRetention = (connection: Connection): Retention => {
  const { db } = connection;
  const accounts = db.prepare<[], number>('SELECT account FROM progress').pluck();
  const events = db.prepare<[number, number, number]>(
    `DELETE FROM events WHERE seq IN (
       SELECT seq FROM events WHERE account = ? AND created_ms < ? ORDER BY created_ms LIMIT ?)`,
  );
  const subtract = db.prepare<[number, number]>('UPDATE progress SET events = events - ? WHERE account = ?');
  const steps = STEPS.map((sql) => db.prepare<[number, number]>(sql));

  return {
    prune: (beforeMs, limit) =>
      connection.commitLightly(() => {
        let left = limit;
        for (const account of accounts.all()) {
          if (left <= 0) break;
          const { changes } = events.run(account, beforeMs, left);
          if (changes > 0) subtract.run(changes, account);
          left -= changes;
        }
        for (const step of steps) {
          if (left > 0) left -= step.run(beforeMs, left).changes;
        }
        return limit - left;
      }),
  };
};
