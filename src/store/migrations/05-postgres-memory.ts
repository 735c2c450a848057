/** What rules, planner, people and feeds leave behind, and who works. A part of `05-chain.ts`, the first migration that PostgreSQL has. */
export const memoryTables = `
  CREATE TABLE rule_state (account bigint NOT NULL, key txt NOT NULL, value txt NOT NULL, PRIMARY KEY (account, key));
  CREATE TABLE conditions (key txt PRIMARY KEY, since_ms bigint NOT NULL);
  CREATE TABLE leases (
    name txt PRIMARY KEY,
    holder txt NOT NULL,
    token bigint NOT NULL,
    renewed_ms bigint NOT NULL,
    ttl_ms bigint NOT NULL
  );
  CREATE TABLE planner_memory (key txt PRIMARY KEY, value txt NOT NULL, expires_ms bigint NOT NULL);
  CREATE INDEX planner_memory_expired ON planner_memory (expires_ms);

  CREATE TABLE silences (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id txt NOT NULL UNIQUE,
    ends_ms bigint NOT NULL,
    expired_ms bigint,
    expired_by txt,
    json txt NOT NULL
  );
  CREATE INDEX silences_by_end ON silences (ends_ms);

  CREATE TABLE acts (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ms bigint NOT NULL,
    act txt NOT NULL,
    by txt NOT NULL,
    subject txt NOT NULL,
    detail txt NOT NULL,
    position bigint,
    hash bytea
  );
  CREATE INDEX acts_by_subject ON acts (subject);
  CREATE INDEX acts_by_time ON acts (at_ms);

  CREATE TABLE sink_gates (sink txt PRIMARY KEY, json txt NOT NULL);

  CREATE TABLE feeds (sink txt PRIMARY KEY, cursor bigint NOT NULL, pruned bigint NOT NULL, opened_ms bigint NOT NULL);
  CREATE TABLE feed_refusals (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sink txt NOT NULL,
    account txt NOT NULL,
    id txt NOT NULL,
    type txt NOT NULL,
    created_ms bigint NOT NULL,
    refused_ms bigint NOT NULL,
    reason txt NOT NULL
  );
  CREATE INDEX feed_refusals_by_sink ON feed_refusals (sink, seq);
  CREATE INDEX feed_refusals_by_time ON feed_refusals (refused_ms);
`;
