import type { Migration } from './migration.ts';

export const store: Migration = {
  sqlite: `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  -- Short keys for the two names that stand in every event.
  CREATE TABLE accounts (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE event_types (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

  -- events: how many the account has stored, so that nobody counts millions of rows.
  CREATE TABLE progress (
    account INTEGER PRIMARY KEY REFERENCES accounts (key),
    start_ms INTEGER NOT NULL,
    watermark_ms INTEGER NOT NULL,
    committed_ms INTEGER NOT NULL,
    events INTEGER NOT NULL
  ) STRICT;

  -- The unique key is the set of seen ids. Rows lie in order of commit, so that inserts append, and json comes last,
  -- so that reading the other columns does not touch its overflow pages. No foreign keys here: one look-up per event
  -- would be paid for names that the same transaction has just resolved.
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL,
    type INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    id TEXT NOT NULL,
    json TEXT NOT NULL,
    UNIQUE (account, id)
  ) STRICT;
  CREATE INDEX events_by_time ON events (account, created_ms);

  CREATE TABLE windows (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES accounts (key),
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    events INTEGER NOT NULL,
    fresh INTEGER NOT NULL,
    late INTEGER NOT NULL,
    committed_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX windows_by_account ON windows (account);
  CREATE INDEX windows_by_commit ON windows (committed_ms);
  CREATE INDEX windows_unverified ON windows (verified) WHERE verified = 0;

  CREATE TABLE quarantine (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES accounts (key),
    key TEXT NOT NULL,
    found_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    json TEXT NOT NULL,
    UNIQUE (account, key)
  ) STRICT;
  CREATE INDEX quarantine_by_time ON quarantine (found_ms);

  CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    level TEXT NOT NULL,
    rule TEXT NOT NULL,
    decided_ms INTEGER NOT NULL,
    json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX alerts_by_time ON alerts (decided_ms);

  -- due_ms: when a pending delivery is due or the lease of a sending one expires; NULL once it has ended. One index
  -- answers both what to claim and when to wake, and holds only what is under way.
  CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    alert INTEGER NOT NULL REFERENCES alerts (seq),
    sink TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'parked', 'folded', 'silenced')),
    attempts INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    due_ms INTEGER,
    ended_ms INTEGER,
    CHECK ((due_ms IS NULL) = (state NOT IN ('pending', 'sending')))
  ) STRICT;
  CREATE INDEX deliveries_due ON deliveries (sink, due_ms) WHERE due_ms IS NOT NULL;
  CREATE INDEX deliveries_by_alert ON deliveries (alert);
  CREATE INDEX deliveries_parked ON deliveries (state) WHERE state = 'parked';

  -- Kept by triggers, so that no path can forget to count.
  CREATE TABLE delivery_counts (
    sink TEXT NOT NULL, state TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (sink, state)
  ) STRICT, WITHOUT ROWID;
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

  CREATE TABLE attempts (
    delivery INTEGER NOT NULL REFERENCES deliveries (seq),
    number INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (delivery, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE rule_state (
    account INTEGER NOT NULL REFERENCES accounts (key),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account, key)
  ) STRICT, WITHOUT ROWID;

  -- A row is an open condition.
  CREATE TABLE conditions (key TEXT PRIMARY KEY, since_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  -- Rows stay after a release: the token must go on growing.
  CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    token INTEGER NOT NULL,
    renewed_ms INTEGER NOT NULL,
    ttl_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
};
