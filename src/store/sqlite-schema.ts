/** Marks a SQLite file as ours (`VAM1`), so that no other program's database is ever written to. */
export const APPLICATION_ID = 0x56_41_4d_31;

/**
 * All migrations in order; a file's `user_version` says how many of them it has had. Entries are never changed once
 * released: a change of the schema is a new entry at the end.
 *
 * Times are epoch ms (`…_ms`). `seq` is the order of commits and is never used twice (AUTOINCREMENT).
 */
export const MIGRATIONS: readonly string[] = [
  `
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
  `
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
  `
  -- Sinks that are fed with the events themselves. cursor: everything up to this events.seq is done; pruned: how many
  -- events retention has taken from behind it.
  CREATE TABLE feeds (
    sink TEXT PRIMARY KEY,
    cursor INTEGER NOT NULL,
    pruned INTEGER NOT NULL,
    opened_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Events that a sink refused while it took the next one. Their content stays where it is.
  CREATE TABLE feed_refusals (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    sink TEXT NOT NULL,
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    refused_ms INTEGER NOT NULL,
    reason TEXT NOT NULL
  ) STRICT;
  CREATE INDEX feed_refusals_by_sink ON feed_refusals (sink, seq);
  CREATE INDEX feed_refusals_by_time ON feed_refusals (refused_ms);
  `,
  `
  -- What has been read, as ranges that do not overlap: of every second the latest reading decides. Neighbours that say
  -- the same are one row, so that a healthy account has a single one; the facts of single windows are kept for days only.
  -- since_ms to text are of unverified ranges; next_ms NULL: not read again by itself any more.
  CREATE TABLE ledger (
    account INTEGER NOT NULL REFERENCES accounts (key),
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    events INTEGER NOT NULL,
    late INTEGER NOT NULL,
    read_ms INTEGER NOT NULL,
    since_ms INTEGER,
    tries INTEGER NOT NULL,
    next_ms INTEGER,
    quiet INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (account, from_ms),
    CHECK (from_ms < to_ms)
  ) STRICT, WITHOUT ROWID;

  -- From the windows of older versions. Unverified are those that no later window covers; looking far ahead in the table
  -- of windows would cost more than reading a range once too often.
  CREATE TABLE islands (account INTEGER NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL) STRICT;
  INSERT INTO islands
    WITH doubtful AS (
      SELECT u.account, max(u.from_ms, p.start_ms) AS from_ms, min(u.to_ms, p.watermark_ms) AS to_ms
      FROM windows AS u JOIN progress AS p ON p.account = u.account
      WHERE u.verified = 0 AND NOT EXISTS (
        SELECT 1 FROM windows AS v WHERE v.seq > u.seq AND v.seq <= u.seq + 20000 AND v.account = u.account
          AND v.verified = 1 AND v.from_ms <= u.from_ms AND v.to_ms >= u.to_ms)
    ), reached AS (
      SELECT account, from_ms, to_ms, max(to_ms) OVER (
        PARTITION BY account ORDER BY from_ms, to_ms ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach
      FROM doubtful WHERE to_ms > from_ms
    ), numbered AS (
      SELECT account, from_ms, to_ms, sum(reach IS NULL OR from_ms > reach) OVER (
        PARTITION BY account ORDER BY from_ms, to_ms ROWS UNBOUNDED PRECEDING) AS island
      FROM reached
    )
    SELECT account, min(from_ms), max(to_ms) FROM numbered GROUP BY account, island;
  INSERT INTO ledger
    SELECT i.account, i.from_ms, i.to_ms, 0, 0, 0, p.committed_ms, p.committed_ms, 0, p.committed_ms, 0, ''
    FROM islands AS i JOIN progress AS p ON p.account = i.account;
  INSERT INTO ledger
    SELECT p.account, s.from_ms, s.to_ms, 1, 0, 0, p.committed_ms, NULL, 0, NULL, 0, ''
    FROM progress AS p JOIN (
      SELECT i.account, i.to_ms AS from_ms, coalesce(
        lead(i.from_ms) OVER (PARTITION BY i.account ORDER BY i.from_ms), p.watermark_ms) AS to_ms
      FROM islands AS i JOIN progress AS p ON p.account = i.account
      UNION ALL
      SELECT p.account, p.start_ms, coalesce(
        (SELECT min(i.from_ms) FROM islands AS i WHERE i.account = p.account), p.watermark_ms)
      FROM progress AS p
    ) AS s ON s.account = p.account WHERE s.to_ms > s.from_ms;
  UPDATE ledger SET events = (SELECT p.events FROM progress AS p WHERE p.account = ledger.account)
    WHERE from_ms = (SELECT min(l.from_ms) FROM ledger AS l WHERE l.account = ledger.account);
  DROP TABLE islands;

  -- How late events were found, by day of finding; edge_ms 0: on time.
  CREATE TABLE lateness (
    account INTEGER NOT NULL REFERENCES accounts (key),
    day_ms INTEGER NOT NULL,
    edge_ms INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (account, day_ms, edge_ms)
  ) STRICT, WITHOUT ROWID;

  -- Readings again of the last last_ms; ended_ms NULL: under way.
  CREATE TABLE sweeps (
    account INTEGER NOT NULL REFERENCES accounts (key),
    last_ms INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    next_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    PRIMARY KEY (account, last_ms)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE backfills (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES accounts (key),
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    notify INTEGER NOT NULL,
    requested_ms INTEGER NOT NULL,
    by TEXT NOT NULL,
    unread_ms INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'cancelled', 'failed')),
    events INTEGER NOT NULL DEFAULT 0,
    alerts INTEGER NOT NULL DEFAULT 0,
    detail TEXT NOT NULL DEFAULT '',
    ended_ms INTEGER
  ) STRICT;
  CREATE INDEX backfills_waiting ON backfills (account) WHERE state = 'waiting';

  -- What the API is known to give: event types, fields, members of contexts, types that it lists.
  CREATE TABLE drift (
    account INTEGER NOT NULL REFERENCES accounts (key),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    told INTEGER NOT NULL,
    PRIMARY KEY (account, kind, name)
  ) STRICT, WITHOUT ROWID;
  `,
  `
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
  `
  -- How often a rule alerted, and when last, is asked of every rule at once: the index alone answers it.
  CREATE INDEX alerts_by_rule_and_time ON alerts (rule, decided_ms);
  DROP INDEX alerts_by_rule;
  `,
  `
  -- Replicas are for PostgreSQL: one process at a time works on a file.
  CREATE INDEX leases_by_holder ON leases (holder);
  `,
];
