import { alertTables } from './05-postgres-alerts.ts';
import { eventTables } from './05-postgres-events.ts';
import { ledgerTables } from './05-postgres-ledger.ts';
import { memoryTables } from './05-postgres-memory.ts';
import { monthFunctions } from './05-postgres-months.ts';
import type { Migration } from './migration.ts';

export const chain: Migration = {
  sqlite: `
  -- The chain of hashes (see chain.ts). Columns of entries that an older version stored stay NULL: nothing vouches for
  -- them, and a start must not have to read ten million events. The chain begins behind them.
  ALTER TABLE events ADD COLUMN position INTEGER;
  ALTER TABLE events ADD COLUMN hash BLOB;
  ALTER TABLE acts ADD COLUMN position INTEGER;
  ALTER TABLE acts ADD COLUMN hash BLOB;

  -- One row for each account, and 0 for acts. head_…: the newest entry. begin_…: the newest entry that was pruned and
  -- had nothing older left before it: the next one follows it. pruned_ms, pruned_before_ms: when, and what bound.
  CREATE TABLE chains (
    account INTEGER PRIMARY KEY,
    head_position INTEGER NOT NULL,
    head_hash BLOB NOT NULL,
    begin_position INTEGER NOT NULL,
    begin_hash BLOB NOT NULL,
    pruned_ms INTEGER,
    pruned_before_ms INTEGER
  ) STRICT;
  -- How many entries have no hash, and the seq behind which all have one.
  CREATE TABLE unchained (account INTEGER PRIMARY KEY, entries INTEGER NOT NULL, seq INTEGER NOT NULL) STRICT;
  INSERT INTO unchained
    SELECT account, events, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0) FROM progress WHERE events > 0;
  INSERT INTO unchained SELECT 0, count(*), max(seq) FROM acts HAVING count(*) > 0;

  -- What is left of entries that were pruned while older ones, committed before them, are still kept.
  CREATE TABLE chain_holes (
    account INTEGER NOT NULL,
    position INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (account, position)
  ) STRICT, WITHOUT ROWID;

  -- Which alerts an event took part in, for the export. Written with the alert, and not by a trigger on it: SQLite reads
  -- no JSON that is nested a thousand levels deep, and an alert with such an event in it must be stored all the same.
  CREATE TABLE alert_events (
    event TEXT NOT NULL, alert INTEGER NOT NULL, PRIMARY KEY (event, alert)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX alert_events_by_alert ON alert_events (alert);
  INSERT OR IGNORE INTO alert_events
    SELECT e.value, a.seq
    FROM alerts AS a, json_each(CASE WHEN json_valid(a.json) THEN a.json ELSE '{}' END, '$.eventIds') AS e;
  CREATE TRIGGER alert_events_delete AFTER DELETE ON alerts BEGIN
    DELETE FROM alert_events WHERE alert = old.seq;
  END;
  `,
  // In this order: what is below refers to what is above.
  postgres: eventTables + alertTables + memoryTables + ledgerTables + monthFunctions,
};
