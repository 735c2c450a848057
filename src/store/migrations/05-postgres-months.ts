/** How the tables of months come and go. A part of `05-chain.ts`, the first migration that PostgreSQL has. */
export const monthFunctions = `
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
  `;
