import Database from 'better-sqlite3';

/** What a receiver reports. */
export interface Receiver {
  readonly path: string;
  readonly changed: number;
  readonly refused: number;
  readonly delaysMs: readonly number[];
  /** Ids of deliveries and how often each was taken. */
  readonly deliveries: readonly (readonly [id: string, times: number])[];
}

/** What became of the deliveries of one sink. */
export interface SinkTally {
  readonly sink: string;
  readonly sent: number;
  /** Told inside a digest that arrived. */
  readonly folded: number;
  /** Alerts without a delivery that arrived, itself or in a digest. */
  readonly lost: number;
  /** Arrivals beyond the first of the same delivery. */
  readonly again: number;
  readonly changed: number;
  readonly refused: number;
}

interface Row {
  readonly seq: number;
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly folded_into: number | null;
}

/**
 * Holds the outbox against what arrived. A delivery counts as told when its id arrived, or when the digest it was folded
 * into (or that one's digest) did; whatever the outbox says of it. What the outbox calls sent and nobody received, and
 * what was decided and has no delivery, is lost as well.
 */
export const accountFor = (
  path: string,
  receivers: readonly Receiver[],
  sinks: readonly string[],
  alerts: number,
): readonly SinkTally[] => {
  const db = new Database(path, { readonly: true });
  const select = db.prepare<[string], Row>(
    `SELECT d.seq, d.id, a.kind, d.state, d.folded_into FROM deliveries AS d JOIN alerts AS a ON a.seq = d.alert
     WHERE d.sink = ?`,
  );
  try {
    return sinks.map((sink) => {
      const receiver = receivers.find((candidate) => candidate.path === `/${sink}`);
      const times = new Map(receiver?.deliveries);
      const rows = new Map(select.all(sink).map((row) => [row.seq, row]));
      const isTold = (row: Row | undefined): boolean =>
        row !== undefined &&
        (times.has(row.id) ||
          (row.state === 'folded' && row.folded_into !== null && isTold(rows.get(row.folded_into))));
      const all = [...rows.values()];
      const decided = all.filter(({ kind }) => kind === 'rule').length;
      return {
        sink,
        sent: all.filter(({ state }) => state === 'sent').length,
        folded: all.filter((row) => row.state === 'folded' && isTold(row)).length,
        lost: alerts - decided + all.filter((row) => !isTold(row)).length,
        again: [...times.values()].reduce((sum, count) => sum + count - 1, 0),
        changed: receiver?.changed ?? 0,
        refused: receiver?.refused ?? 0,
      };
    });
  } finally {
    db.close();
  }
};
