import type { Retention } from '../core/store.ts';
import { ACTS_KEY } from './chain.ts';
import { createPruneActs, createPruneEvents } from './chain-prune.ts';
import type { Connection } from './connection.ts';

/**
 * The @limit oldest alerts that may go: decided before @beforeMs and every delivery ended before it. Bounded, so that a
 * step costs the same whatever the backlog; taking the same oldest ones first in every step is what makes "fewer than
 * the limit" mean "nothing is left".
 */
const OLD_ALERTS = `
  SELECT a.seq FROM alerts AS a WHERE a.decided_ms < @beforeMs AND NOT EXISTS (
    SELECT 1 FROM deliveries AS d WHERE d.alert = a.seq AND (d.ended_ms IS NULL OR d.ended_ms >= @beforeMs))
  ORDER BY a.decided_ms, a.seq LIMIT @limit`;

/**
 * Each deletes at most @limit rows. Attempts go before their delivery and deliveries before their alert. CROSS JOIN
 * keeps the order of the joins: left free, SQLite would walk through all attempts ever made.
 */
const STEPS: readonly string[] = [
  `DELETE FROM attempts WHERE (delivery, number) IN (
     SELECT t.delivery, t.number FROM (${OLD_ALERTS}) AS old
     CROSS JOIN deliveries AS d ON d.alert = old.seq CROSS JOIN attempts AS t ON t.delivery = d.seq
     LIMIT @limit)`,
  `DELETE FROM deliveries WHERE seq IN (
     SELECT d.seq FROM (${OLD_ALERTS}) AS old CROSS JOIN deliveries AS d ON d.alert = old.seq
     WHERE NOT EXISTS (SELECT 1 FROM attempts AS t WHERE t.delivery = d.seq) LIMIT @limit)`,
  `DELETE FROM alerts WHERE seq IN (
     SELECT old.seq FROM (${OLD_ALERTS}) AS old
     WHERE NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.alert = old.seq))`,
  'DELETE FROM windows WHERE seq IN (SELECT seq FROM windows WHERE committed_ms < @beforeMs LIMIT @limit)',
  'DELETE FROM quarantine WHERE seq IN (SELECT seq FROM quarantine WHERE found_ms < @beforeMs LIMIT @limit)',
];

/** Pruning in SQLite, one short transaction per call. */
export const createRetention = (connection: Connection, now: () => number): Retention => {
  const { db } = connection;
  const accounts = db.prepare<[], number>('SELECT account FROM progress').pluck();
  const pruneEvents = createPruneEvents(db, now);
  const pruneActs = createPruneActs(db, now);
  const subtract = db.prepare<[number, number]>('UPDATE progress SET events = events - ? WHERE account = ?');
  const steps = STEPS.map((sql) => db.prepare<[{ beforeMs: number; limit: number }]>(sql));

  return {
    prune: (beforeMs, limit) =>
      connection.commitLightly(() => {
        let left = limit;
        for (const account of accounts.all()) {
          if (left <= 0) break;
          const changes = pruneEvents(account, beforeMs, left);
          if (changes > 0) subtract.run(changes, account);
          left -= changes;
        }
        if (left > 0) left -= pruneActs(ACTS_KEY, beforeMs, left);
        for (const step of steps) {
          if (left > 0) left -= step.run({ beforeMs, limit: left }).changes;
        }
        return limit - left;
      }),
  };
};
