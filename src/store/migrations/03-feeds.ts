import type { Migration } from './migration.ts';

export const feeds: Migration = {
  sqlite: `
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
};
