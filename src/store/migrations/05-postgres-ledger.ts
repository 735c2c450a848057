/** What is proven of the trail: the ledger, the second reader, and the chains. A part of `05-chain.ts`, the first migration that PostgreSQL has. */
export const ledgerTables = `
  CREATE TABLE ledger (
    account bigint NOT NULL,
    from_ms bigint NOT NULL,
    to_ms bigint NOT NULL,
    verified smallint NOT NULL,
    events bigint NOT NULL,
    late bigint NOT NULL,
    read_ms bigint NOT NULL,
    since_ms bigint,
    tries bigint NOT NULL,
    next_ms bigint,
    quiet smallint NOT NULL,
    text txt NOT NULL,
    PRIMARY KEY (account, from_ms),
    CHECK (from_ms < to_ms)
  );
  CREATE TABLE lateness (
    account bigint NOT NULL,
    day_ms bigint NOT NULL,
    edge_ms bigint NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (account, day_ms, edge_ms)
  );
  CREATE TABLE sweeps (
    account bigint NOT NULL,
    last_ms bigint NOT NULL,
    started_ms bigint NOT NULL,
    from_ms bigint NOT NULL,
    to_ms bigint NOT NULL,
    next_ms bigint NOT NULL,
    ended_ms bigint,
    PRIMARY KEY (account, last_ms)
  );
  CREATE TABLE backfills (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id txt NOT NULL UNIQUE,
    account bigint NOT NULL,
    from_ms bigint NOT NULL,
    to_ms bigint NOT NULL,
    notify smallint NOT NULL,
    requested_ms bigint NOT NULL,
    by txt NOT NULL,
    unread_ms bigint NOT NULL,
    state txt NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'cancelled', 'failed')),
    events bigint NOT NULL DEFAULT 0,
    alerts bigint NOT NULL DEFAULT 0,
    detail txt NOT NULL DEFAULT '',
    ended_ms bigint
  );
  CREATE INDEX backfills_waiting ON backfills (account) WHERE state = 'waiting';
  CREATE TABLE drift (
    account bigint NOT NULL,
    kind txt NOT NULL,
    name txt NOT NULL,
    at_ms bigint NOT NULL,
    told smallint NOT NULL,
    PRIMARY KEY (account, kind, name)
  );

  CREATE TABLE chains (
    account bigint PRIMARY KEY,
    head_position bigint NOT NULL,
    head_hash bytea NOT NULL,
    begin_position bigint NOT NULL,
    begin_hash bytea NOT NULL,
    pruned_ms bigint,
    pruned_before_ms bigint
  );
  CREATE TABLE unchained (account bigint PRIMARY KEY, entries bigint NOT NULL, seq bigint NOT NULL);
  CREATE TABLE chain_holes (
    account bigint NOT NULL,
    position bigint NOT NULL,
    created_ms bigint NOT NULL,
    seen_ms bigint NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (account, position)
  );
`;
