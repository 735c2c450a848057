import pg from 'pg';

/** The time from which a process had an account, as the database saw it happen. */
export interface Tenure {
  readonly account: string;
  /** Name of the process as holder of leases. */
  readonly holder: string;
  /** By the clock of the database, which is that of this machine. Epoch ms. */
  readonly fromMs: number;
}

/** Who took which account when. It is kept outside of the database, so that it outlives what a database loses. */
export interface Tenures {
  /** What is known so far, in the order of time. */
  known(): readonly Tenure[];
  /** Reads what was not heard, and listens on. To be called now and then. */
  read(): Promise<void>;
  /**
   * The database has gone back to what it knew before: whom it says to hold something then may take it up again without a word.
   * `fromMs`: when the one before was still there.
   */
  goBack(fromMs: number): Promise<void>;
  close(): Promise<void>;
}

const WATCH = `
  CREATE SCHEMA ordeal;
  CREATE TABLE ordeal.tenures (account text NOT NULL, holder text NOT NULL, from_ms bigint NOT NULL);
  CREATE INDEX ON ordeal.tenures (from_ms);
  CREATE FUNCTION ordeal.note() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    account text := substr(NEW.name, 9);
    from_ms bigint := floor(extract(epoch FROM clock_timestamp()) * 1000);
  BEGIN
    INSERT INTO ordeal.tenures VALUES (account, NEW.holder, from_ms);
    PERFORM pg_notify('ordeal', json_build_object('account', account, 'holder', NEW.holder, 'fromMs', from_ms)::text);
    RETURN NULL;
  END $$;
  CREATE TRIGGER note AFTER UPDATE ON vonage_audit_monitor.leases FOR EACH ROW
    WHEN (NEW.token <> OLD.token AND NEW.name LIKE 'account:%') EXECUTE FUNCTION ordeal.note()`;
const SINCE = `SELECT account, holder, from_ms::float8 AS "fromMs" FROM ordeal.tenures WHERE from_ms >= $1`;
const HOLDERS = `SELECT substr(name, 9) AS account, holder FROM vonage_audit_monitor.leases
  WHERE name LIKE 'account:%' AND holder <> ''`;
/** Transactions end in another order than they write. */
const LOOK_BACK_MS = 30_000;

/** Has the database of a store tell of tenures from now on. */
export const watchTenures = async (url: string): Promise<Tenures> => {
  const known = new Map<string, Tenure>();
  let newestMs = 0;
  const note = (tenure: Tenure): void =>
    void known.set(`${tenure.account} ${tenure.holder} ${tenure.fromMs}`, tenure);

  let listening: pg.Client | undefined;
  /** A connection that hears of everything as soon as it is committed: what is read later may have been lost by then. */
  const connected = async (): Promise<pg.Client> => {
    if (listening) return listening;
    const client = new pg.Client(url);
    const forget = (): void => {
      if (listening === client) listening = undefined;
    };
    client.on('error', forget);
    client.on('end', forget);
    client.on('notification', ({ payload = '' }) => note(JSON.parse(payload) as Tenure));
    await client.connect();
    listening = client;
    return client;
  };
  await (await connected()).query(`${WATCH}; LISTEN ordeal`);
  return {
    known: () => [...known.values()].toSorted((a, b) => a.fromMs - b.fromMs),
    async read() {
      const client = await connected();
      await client.query('LISTEN ordeal');
      const { rows } = await client.query<Tenure>(SINCE, [newestMs - LOOK_BACK_MS]);
      for (const tenure of rows) {
        note(tenure);
        newestMs = Math.max(newestMs, tenure.fromMs);
      }
    },
    async goBack(fromMs) {
      const { rows } = await (await connected()).query<Omit<Tenure, 'fromMs'>>(HOLDERS);
      for (const row of rows) note({ ...row, fromMs });
    },
    async close() {
      await listening?.end().catch(() => undefined);
    },
  };
};
