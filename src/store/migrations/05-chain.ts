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
  postgres: `
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

  CREATE TABLE alerts (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id txt NOT NULL UNIQUE,
    account txt NOT NULL,
    kind txt NOT NULL,
    level txt NOT NULL,
    rule txt NOT NULL,
    decided_ms bigint NOT NULL,
    json txt NOT NULL
  );
  CREATE INDEX alerts_by_time ON alerts (decided_ms);
  CREATE INDEX alerts_by_rule ON alerts (rule);

  CREATE TABLE alert_events (event txt NOT NULL, alert bigint NOT NULL, PRIMARY KEY (event, alert));
  CREATE INDEX alert_events_by_alert ON alert_events (alert);

  CREATE TABLE deliveries (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id txt NOT NULL UNIQUE,
    alert bigint NOT NULL REFERENCES alerts (seq),
    sink txt NOT NULL,
    state txt NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'parked', 'folded', 'silenced', 'dropped')),
    attempts bigint NOT NULL,
    created_ms bigint NOT NULL,
    due_ms bigint,
    ended_ms bigint,
    since_ms bigint NOT NULL,
    thread txt NOT NULL DEFAULT '',
    bundle txt,
    folded_into bigint,
    silence txt,
    ref txt,
    why txt NOT NULL DEFAULT '[]',
    CHECK ((due_ms IS NULL) = (state NOT IN ('pending', 'sending')))
  );
  CREATE INDEX deliveries_due ON deliveries (sink, due_ms) WHERE due_ms IS NOT NULL;
  CREATE INDEX deliveries_by_alert ON deliveries (alert);
  CREATE INDEX deliveries_parked ON deliveries (state) WHERE state = 'parked';
  CREATE INDEX deliveries_bundled ON deliveries (sink, due_ms) WHERE bundle IS NOT NULL;
  CREATE INDEX deliveries_folded ON deliveries (folded_into) WHERE folded_into IS NOT NULL;
  CREATE INDEX deliveries_silenced ON deliveries (silence) WHERE silence IS NOT NULL;
  CREATE INDEX deliveries_untold ON deliveries (silence) WHERE state = 'silenced' AND folded_into IS NULL;
  CREATE INDEX deliveries_thread ON deliveries (sink, thread) WHERE ref IS NOT NULL;

  CREATE TABLE delivery_counts (sink txt NOT NULL, state txt NOT NULL, count bigint NOT NULL);
  CREATE FUNCTION sum_up_delivery_counts() RETURNS void LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM delivery_counts RETURNING sink, state, count)
    INSERT INTO delivery_counts SELECT sink, state, sum(count) FROM gone GROUP BY sink, state HAVING sum(count) <> 0;
  $$;
  -- Now and then somebody sums up, unless somebody else is at it.
  CREATE FUNCTION count_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF tg_op = 'INSERT' THEN
      INSERT INTO delivery_counts SELECT sink, state, count(*) FROM new_rows GROUP BY sink, state;
    ELSIF tg_op = 'DELETE' THEN
      INSERT INTO delivery_counts SELECT sink, state, -count(*) FROM old_rows GROUP BY sink, state;
    ELSE
      INSERT INTO delivery_counts
        SELECT sink, state, sum(one) FROM (
          SELECT sink, state, 1 AS one FROM new_rows UNION ALL SELECT sink, state, -1 FROM old_rows
        ) AS changed GROUP BY sink, state HAVING sum(one) <> 0;
    END IF;
    IF random() < 0.002 AND pg_try_advisory_xact_lock(hashtextextended(tg_table_schema || ' counts', 0)) THEN
      PERFORM sum_up_delivery_counts();
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER deliveries_count_insert AFTER INSERT ON deliveries
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_deliveries();
  CREATE TRIGGER deliveries_count_update AFTER UPDATE ON deliveries
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_deliveries();
  CREATE TRIGGER deliveries_count_delete AFTER DELETE ON deliveries
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION count_deliveries();

  CREATE FUNCTION forget_alert_events() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    DELETE FROM alert_events WHERE alert IN (SELECT seq FROM old_rows);
    RETURN NULL;
  END $$;
  CREATE TRIGGER alert_events_delete AFTER DELETE ON alerts
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION forget_alert_events();

  CREATE TABLE attempts (
    delivery bigint NOT NULL REFERENCES deliveries (seq),
    number bigint NOT NULL,
    started_ms bigint NOT NULL,
    ended_ms bigint NOT NULL,
    outcome txt NOT NULL,
    detail txt NOT NULL,
    status bigint,
    bytes bigint,
    PRIMARY KEY (delivery, number)
  );

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

  -- Tables are made and dropped by their owner; whoever only reads and writes rows asks for it. Temporary tables of whoever
  -- asks must not be taken for ours, so they are looked for last, and what is made names its schema.
  -- Reads that last (pg_dump, verify) hold the tables, and everybody queues behind whoever waits for them: so these wait for a
  -- second, and answer whether they have done it.
  CREATE FUNCTION add_events_month(month_ms bigint, next_ms bigint, name text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, vonage_audit_monitor, pg_temp SET lock_timeout = '1s' AS $$
  BEGIN
    IF name !~ '^events_[0-9]{4}_[0-9]{2}$' THEN RAISE EXCEPTION 'no name of a month: %', name; END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('vonage_audit_monitor months', 0));
    IF to_regclass('vonage_audit_monitor.' || name) IS NOT NULL THEN RETURN true; END IF;
    LOCK TABLE ONLY vonage_audit_monitor.events IN SHARE UPDATE EXCLUSIVE MODE;
    LOCK TABLE vonage_audit_monitor.events_other IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE vonage_audit_monitor.%I (LIKE events INCLUDING DEFAULTS INCLUDING INDEXES)', name);
    EXECUTE format('WITH moved AS (DELETE FROM events_other WHERE created_ms >= %s AND created_ms < %s RETURNING *)
      INSERT INTO %I SELECT * FROM moved', month_ms, next_ms, name);
    EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', name, month_ms, next_ms);
    RETURN true;
  EXCEPTION WHEN lock_not_available THEN
    RETURN false;
  END $$;
  CREATE FUNCTION hold_events_month(name text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, vonage_audit_monitor, pg_temp SET lock_timeout = '1s' AS $$
  BEGIN
    IF name !~ '^events_[0-9]{4}_[0-9]{2}$' THEN RAISE EXCEPTION 'no name of a month: %', name; END IF;
    EXECUTE format('LOCK TABLE ONLY vonage_audit_monitor.events, vonage_audit_monitor.%I IN ACCESS EXCLUSIVE MODE', name);
    RETURN true;
  EXCEPTION WHEN lock_not_available THEN
    RETURN false;
  END $$;
  CREATE FUNCTION drop_events_month(name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, vonage_audit_monitor, pg_temp AS $$
  BEGIN
    IF name !~ '^events_[0-9]{4}_[0-9]{2}$' THEN RAISE EXCEPTION 'no name of a month: %', name; END IF;
    EXECUTE format('DROP TABLE vonage_audit_monitor.%I', name);
  END $$;
  REVOKE ALL ON FUNCTION add_events_month, hold_events_month, drop_events_month FROM PUBLIC;
  `,
};
