/** What is read from the API, and how far. A part of `05-chain.ts`, the first migration that PostgreSQL has. */
export const eventTables = `
  CREATE DOMAIN txt AS text COLLATE "C";

  CREATE TABLE accounts (key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name txt NOT NULL UNIQUE);
  CREATE TABLE event_types (key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name txt NOT NULL UNIQUE);

  CREATE TABLE progress (
    account bigint PRIMARY KEY,
    start_ms bigint NOT NULL,
    watermark_ms bigint NOT NULL,
    committed_ms bigint NOT NULL,
    events bigint NOT NULL
  );

  -- A unique key of a table in parts must contain what divides it. That (account, id) is there once is seen to by the
  -- transaction that inserts, which holds the chain of the account.
  CREATE SEQUENCE events_seq;
  CREATE TABLE events (
    seq bigint NOT NULL DEFAULT nextval('events_seq'),
    account bigint NOT NULL,
    type bigint NOT NULL,
    created_ms bigint NOT NULL,
    seen_ms bigint NOT NULL,
    id txt NOT NULL,
    json txt NOT NULL,
    position bigint,
    hash bytea,
    UNIQUE (account, id, created_ms)
  ) PARTITION BY RANGE (created_ms);
  CREATE INDEX events_by_time ON events (account, created_ms, id);
  CREATE INDEX events_by_seq ON events (seq);
  -- What lies far from the present, in either direction.
  CREATE TABLE events_other PARTITION OF events DEFAULT;

  CREATE TABLE windows (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account bigint NOT NULL,
    from_ms bigint NOT NULL,
    to_ms bigint NOT NULL,
    verified smallint NOT NULL,
    events bigint NOT NULL,
    fresh bigint NOT NULL,
    late bigint NOT NULL,
    committed_ms bigint NOT NULL
  );
  CREATE INDEX windows_by_account ON windows (account);
  CREATE INDEX windows_by_commit ON windows (committed_ms);
  CREATE INDEX windows_unverified ON windows (verified) WHERE verified = 0;

  CREATE TABLE quarantine (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account bigint NOT NULL,
    key txt NOT NULL,
    found_ms bigint NOT NULL,
    reason txt NOT NULL,
    json txt NOT NULL,
    UNIQUE (account, key)
  );
  CREATE INDEX quarantine_by_time ON quarantine (found_ms);
`;
