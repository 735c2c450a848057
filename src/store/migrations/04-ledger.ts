import type { Migration } from './migration.ts';

export const ledger: Migration = {
  sqlite: `
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
};
