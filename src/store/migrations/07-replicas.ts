import type { Migration } from './migration.ts';

export const replicas: Migration = {
  sqlite: `
  -- Replicas are for PostgreSQL: one process at a time works on a file.
  CREATE INDEX leases_by_holder ON leases (holder);
  `,
  postgres: `
  -- Who works on this store, and the shares that its configuration knows: each set once, by the hash of its names.
  CREATE TABLE replicas (
    id txt PRIMARY KEY,
    version txt NOT NULL,
    config_hash txt NOT NULL,
    refusal txt,
    started_ms bigint NOT NULL,
    wants txt NOT NULL,
    seen_ms bigint NOT NULL,
    ttl_ms bigint NOT NULL
  );
  CREATE TABLE share_sets (hash txt PRIMARY KEY, names jsonb NOT NULL, told_ms bigint NOT NULL);
  CREATE INDEX leases_by_holder ON leases (holder);
  ALTER TABLE leases SET (fillfactor = 40);
  `,
};
