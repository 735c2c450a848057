import type { Database } from 'better-sqlite3';
import { stableId } from '../base/hash.ts';
import type { DecidedAlert } from '../core/alert.ts';

/**
 * Stores alerts and puts one delivery per sink into the outbox, due at once. Alerts whose id is known are dropped with
 * their deliveries. Returns the new ones. To be called inside a transaction.
 */
export type InsertAlerts = (decided: readonly DecidedAlert[], nowMs: number) => readonly DecidedAlert[];

/** Prepares {@link InsertAlerts}. */
export const createInsertAlerts = (db: Database): InsertAlerts => {
  const insertAlert = db.prepare<[string, string, string, string, string, number, string]>(
    `INSERT INTO alerts (id, account, kind, level, rule, decided_ms, json) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
  );
  const insertDelivery = db.prepare<[string, number | bigint, string, number, number]>(
    `INSERT INTO deliveries (id, alert, sink, state, attempts, created_ms, due_ms)
     VALUES (?, ?, ?, 'pending', 0, ?, ?) ON CONFLICT (id) DO NOTHING`,
  );
  return (decided, nowMs) =>
    decided.filter(({ alert, sinks }) => {
      const { id, account, kind, rule, decidedAtMs } = alert;
      const row = insertAlert.run(id, account, kind, rule.level, rule.id, decidedAtMs, JSON.stringify(alert));
      if (row.changes === 0) return false;
      for (const sink of sinks) {
        insertDelivery.run(stableId('delivery', id, sink), row.lastInsertRowid, sink, nowMs, nowMs);
      }
      return true;
    });
};
