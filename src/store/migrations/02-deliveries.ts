import type { Migration } from './migration.ts';

export const deliveries: Migration = {
  sqlite: `
  -- Deliveries learn why they are what they are, what they travel with, and a new state. SQLite cannot change a CHECK, so
  -- the table is made anew, and with it the attempts that refer to it.
  CREATE TABLE deliveries_2 (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    alert INTEGER NOT NULL REFERENCES alerts (seq),
    sink TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'parked', 'folded', 'silenced', 'dropped')),
    attempts INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    due_ms INTEGER,
    ended_ms INTEGER,
    -- The age that max_age is measured by begins here: with the delivery, and anew when a person has it sent again.
    since_ms INTEGER NOT NULL,
    thread TEXT NOT NULL DEFAULT '',
    -- What it is folded with when it is due; NULL: nothing.
    bundle TEXT,
    -- Delivery of the summary it was folded into.
    folded_into INTEGER,
    silence TEXT,
    -- The receiver's own name for the message.
    ref TEXT,
    -- Steps of the decision, as JSON.
    why TEXT NOT NULL DEFAULT '[]',
    CHECK ((due_ms IS NULL) = (state NOT IN ('pending', 'sending')))
  ) STRICT;
  CREATE TABLE attempts_2 (
    delivery INTEGER NOT NULL REFERENCES deliveries_2 (seq),
    number INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    status INTEGER,
    bytes INTEGER,
    PRIMARY KEY (delivery, number)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO deliveries_2 (seq, id, alert, sink, state, attempts, created_ms, due_ms, ended_ms, since_ms)
    SELECT seq, id, alert, sink, state, attempts, created_ms, due_ms, ended_ms, created_ms FROM deliveries ORDER BY seq;
  -- The order of commits goes on where it was, also when the newest deliveries have been pruned.
  DELETE FROM sqlite_sequence WHERE name = 'deliveries_2';
  INSERT INTO sqlite_sequence SELECT 'deliveries_2', seq FROM sqlite_sequence WHERE name = 'deliveries';
  INSERT INTO attempts_2 SELECT delivery, number, started_ms, ended_ms, outcome, detail, NULL, NULL FROM attempts;
  DROP TABLE attempts;
  DROP TABLE deliveries;
  ALTER TABLE deliveries_2 RENAME TO deliveries;
  ALTER TABLE attempts_2 RENAME TO attempts;
  CREATE INDEX deliveries_due ON deliveries (sink, due_ms) WHERE due_ms IS NOT NULL;
  CREATE INDEX deliveries_by_alert ON deliveries (alert);
  CREATE INDEX deliveries_parked ON deliveries (state) WHERE state = 'parked';
  CREATE INDEX deliveries_bundled ON deliveries (sink, due_ms) WHERE bundle IS NOT NULL;
  CREATE INDEX deliveries_folded ON deliveries (folded_into) WHERE folded_into IS NOT NULL;
  CREATE INDEX deliveries_silenced ON deliveries (silence) WHERE silence IS NOT NULL;
  CREATE INDEX deliveries_untold ON deliveries (silence) WHERE state = 'silenced' AND folded_into IS NULL;
  -- The first message of a thread, for sinks that can answer to it.
  CREATE INDEX deliveries_thread ON deliveries (sink, thread) WHERE ref IS NOT NULL;
  CREATE INDEX alerts_by_rule ON alerts (rule);
  CREATE TRIGGER deliveries_count_insert AFTER INSERT ON deliveries BEGIN
    INSERT INTO delivery_counts VALUES (new.sink, new.state, 1) ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER deliveries_count_update AFTER UPDATE OF state ON deliveries WHEN old.state <> new.state BEGIN
    UPDATE delivery_counts SET count = count - 1 WHERE sink = old.sink AND state = old.state;
    INSERT INTO delivery_counts VALUES (new.sink, new.state, 1) ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER deliveries_count_delete AFTER DELETE ON deliveries BEGIN
    UPDATE delivery_counts SET count = count - 1 WHERE sink = old.sink AND state = old.state;
  END;

  -- What planning remembers: groups that wait, suppressions that run. Values are JSON.
  CREATE TABLE planner_memory (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires_ms INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
  CREATE INDEX planner_memory_expired ON planner_memory (expires_ms);

  CREATE TABLE silences (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    ends_ms INTEGER NOT NULL,
    expired_ms INTEGER,
    expired_by TEXT,
    json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX silences_by_end ON silences (ends_ms);

  -- What people did, and who. Kept as long as alerts are.
  CREATE TABLE acts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    act TEXT NOT NULL,
    by TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX acts_by_subject ON acts (subject);
  CREATE INDEX acts_by_time ON acts (at_ms);

  -- Token bucket and circuit of each sink, as JSON.
  CREATE TABLE sink_gates (sink TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
};
