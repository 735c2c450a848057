/** Alerts, and their ways to the sinks. A part of `05-chain.ts`, the first migration that PostgreSQL has. */
export const alertTables = `
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
`;
