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
  /** Reads what is new. To be called before anything ends the server, and now and then. */
  read(): Promise<void>;
}

const WATCH = `
  CREATE SCHEMA ordeal;
  CREATE TABLE ordeal.tenures (account text NOT NULL, holder text NOT NULL, from_ms bigint NOT NULL);
  CREATE INDEX ON ordeal.tenures (from_ms);
  CREATE FUNCTION ordeal.note() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO ordeal.tenures VALUES
      (substr(NEW.name, 9), NEW.holder, floor(extract(epoch FROM clock_timestamp()) * 1000));
    RETURN NULL;
  END $$;
  CREATE TRIGGER note AFTER UPDATE ON vonage_audit_monitor.leases FOR EACH ROW
    WHEN (NEW.token <> OLD.token AND NEW.name LIKE 'account:%') EXECUTE FUNCTION ordeal.note()`;
const SINCE = `SELECT account, holder, from_ms::float8 AS "fromMs" FROM ordeal.tenures WHERE from_ms >= $1`;
/** Transactions end in another order than they write. */
const LOOK_BACK_MS = 30_000;

/** Has the database of a store note tenures from now on. */
export const watchTenures = async (url: string): Promise<Tenures> => {
  const known = new Map<string, Tenure>();
  let newestMs = 0;
  const withClient = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client(url);
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  await withClient((client) => client.query(WATCH));
  return {
    known: () => [...known.values()].toSorted((a, b) => a.fromMs - b.fromMs),
    async read() {
      const { rows: fresh } = await withClient((client) =>
        client.query<Tenure>(SINCE, [newestMs - LOOK_BACK_MS]),
      );
      for (const tenure of fresh) {
        known.set(`${tenure.account} ${tenure.holder} ${tenure.fromMs}`, tenure);
        newestMs = Math.max(newestMs, tenure.fromMs);
      }
    },
  };
};
