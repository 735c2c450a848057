import type { Database, Statement } from 'better-sqlite3';
import type { Progress } from '../core/collect-store.ts';

/** The statements of collecting, prepared once. */
export const prepareCollect = (db: Database) => ({
  insertEvent: db.prepare<[number, number, number, number, string, string, number, Buffer]>(
    `INSERT INTO events (account, type, created_ms, seen_ms, id, json, position, hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (account, id) DO NOTHING`,
  ),
  eventJson: db.prepare('SELECT json FROM events WHERE account = ? AND id = ?').pluck() as Statement<
    [number, string],
    string
  >,
  insertQuarantined: db.prepare<[number, string, number, string, string]>(
    `INSERT INTO quarantine (account, key, found_ms, reason, json) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (account, key) DO NOTHING`,
  ),
  insertWindow: db.prepare<[number, number, number, number, number, number, number, number]>(
    `INSERT INTO windows (account, from_ms, to_ms, verified, events, fresh, late, committed_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  ),
  progress: db.prepare<[number], Progress>(
    `SELECT start_ms AS startMs, watermark_ms AS watermarkMs, committed_ms AS committedAtMs
     FROM progress WHERE account = ?`,
  ),
  // Only the very first window sets the start, and nothing moves a watermark back.
  advance: db.prepare<[number, number, number, number, number]>(
    `INSERT INTO progress (account, start_ms, watermark_ms, committed_ms, events) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (account) DO UPDATE SET
       watermark_ms = max(watermark_ms, excluded.watermark_ms),
       committed_ms = excluded.committed_ms,
       events = events + excluded.events`,
  ),
  addEvents: db.prepare<[number, number]>('UPDATE progress SET events = events + ? WHERE account = ?'),
  countLateness: db.prepare<[number, number, number, number]>(
    `INSERT INTO lateness (account, day_ms, edge_ms, count) VALUES (?, ?, ?, ?)
     ON CONFLICT (account, day_ms, edge_ms) DO UPDATE SET count = count + excluded.count`,
  ),
  countBackfill: db.prepare<[number, number, string]>(
    'UPDATE backfills SET events = events + ?, alerts = alerts + ? WHERE id = ?',
  ),
  ruleState: db.prepare<[number], { key: string; value: string }>(
    'SELECT key, value FROM rule_state WHERE account = ?',
  ),
  putState: db.prepare<[number, string, string]>(
    `INSERT INTO rule_state (account, key, value) VALUES (?, ?, ?)
     ON CONFLICT (account, key) DO UPDATE SET value = excluded.value`,
  ),
  deleteState: db.prepare<[number, string]>('DELETE FROM rule_state WHERE account = ? AND key = ?'),
});
