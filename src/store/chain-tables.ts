import type { Database } from 'better-sqlite3';
import { actDigest, eventDigest, hashText } from './chain.ts';
import type { ChainRecord, Entry, HoleRow } from './chain-walk.ts';

interface RawEvent {
  readonly seq: number;
  readonly account: number;
  readonly type: string;
  readonly createdMs: number;
  readonly seenMs: number;
  readonly id: string;
  readonly json: string;
  readonly position: number | null;
  readonly hash: Buffer | null;
}

interface RawAct {
  readonly seq: number;
  readonly act: string;
  readonly atMs: number;
  readonly by: string;
  readonly subject: string;
  readonly detail: string;
  readonly position: number | null;
  readonly hash: Buffer | null;
}

/** An entry with the key of its chain. */
export interface Keyed extends Entry {
  readonly key: number;
}

const SELECT_EVENT = `SELECT e.seq, e.account, t.name AS type, e.created_ms AS createdMs, e.seen_ms AS seenMs, e.id,
  e.json, e.position, e.hash FROM events AS e LEFT JOIN event_types AS t ON t.key = e.type`;
const SELECT_ACT = 'SELECT seq, act, at_ms AS atMs, by, subject, detail, position, hash FROM acts';

/** Which of the columns that are used say something else than the JSON. */
const contradiction = ({ id, type, createdMs, json }: RawEvent): string => {
  try {
    const fields: unknown = JSON.parse(json);
    if (typeof fields !== 'object' || fields === null) return '';
    const said = fields as Readonly<Record<string, unknown>>;
    const wrong = [
      said['id'] !== id && typeof said['id'] === 'string' && said['id'].toWellFormed() !== id ? 'id' : '',
      said['event_type'] !== type && typeof said['event_type'] === 'string' ? 'event type' : '',
      typeof said['created_at'] === 'string' &&
      Math.abs(Date.parse(`${said['created_at'].replace(/(?:Z|\+0000)?$/, '')}Z`) - createdMs) >= 1_000
        ? 'time'
        : '',
    ].filter(Boolean);
    return wrong.length === 0 ? '' : `${wrong.join(' and ')} beside the JSON and in it differ`;
  } catch {
    return 'its JSON cannot be read any more';
  }
};

/** Reads entries of chains in the order of their commits. */
export const prepareChainTables = (db: Database, accountName: (key: number) => string) => {
  const event = (row: RawEvent): Keyed => ({
    key: row.account,
    seq: row.seq,
    position: row.position,
    hash: row.hash,
    createdMs: row.createdMs,
    seenMs: row.seenMs,
    id: row.id,
    digest: () => eventDigest(accountName(row.account), row.id, row.type ?? '', row.json),
    contradiction: () => contradiction(row),
  });
  const act = (row: RawAct): Entry => ({
    seq: row.seq,
    position: row.position,
    hash: row.hash,
    createdMs: row.atMs,
    seenMs: 0,
    id: `${row.act} ${row.subject}`,
    digest: () => actDigest(row.act, row.by, row.subject, row.detail),
    contradiction: () => '',
  });
  const every = db.prepare<[], RawEvent>(`${SELECT_EVENT} ORDER BY e.seq`);
  const ofAccount = db.prepare<[number], RawEvent>(`${SELECT_EVENT} WHERE e.account = ? ORDER BY e.seq`);
  const laterEvent = db.prepare<[number, number, number], RawEvent>(
    `${SELECT_EVENT} WHERE e.seq > ? AND e.account = ? AND e.position = ? ORDER BY e.seq LIMIT 1`,
  );
  const acts = db.prepare<[], RawAct>(`${SELECT_ACT} ORDER BY seq`);
  const laterAct = db.prepare<[number, number], RawAct>(
    `${SELECT_ACT} WHERE seq > ? AND position = ? ORDER BY seq LIMIT 1`,
  );
  const record = db.prepare<[number], RawRecord>(
    `SELECT head_position AS headPosition, head_hash AS headHash, begin_position AS beginPosition,
            begin_hash AS beginHash, pruned_ms AS prunedMs, pruned_before_ms AS prunedBeforeMs
     FROM chains WHERE account = ?`,
  );
  const unchained = db.prepare<[number], { entries: number; seq: number }>(
    'SELECT entries, seq FROM unchained WHERE account = ?',
  );
  const hole = db.prepare<[number, number], HoleRow>(
    `SELECT created_ms AS createdMs, seen_ms AS seenMs, digest FROM chain_holes
     WHERE account = ? AND position = ?`,
  );
  const lastSeq = db.prepare<[], number | null>('SELECT max(seq) FROM events').pluck();
  return {
    /** All events, or those of one account. */
    *events(key: number | undefined): Generator<Keyed> {
      for (const row of key === undefined ? every.iterate() : ofAccount.iterate(key)) yield event(row);
    },
    laterEvent: (key: number) => (seq: number, position: number) => {
      const row = laterEvent.get(seq, key, position);
      return row && event(row);
    },
    *acts(): Generator<Entry> {
      for (const row of acts.iterate()) yield act(row);
    },
    laterAct: (seq: number, position: number) => {
      const row = laterAct.get(seq, position);
      return row && act(row);
    },
    record(key: number): ChainRecord | undefined {
      const row = record.get(key);
      return row && { ...row, headHash: hashText(row.headHash), beginHash: hashText(row.beginHash) };
    },
    unchained: (key: number) => unchained.get(key) ?? { entries: 0, seq: 0 },
    hole: (key: number) => (position: number) => hole.get(key, position),
    lastSeq: () => lastSeq.get() ?? 0,
  };
};

interface RawRecord extends Omit<ChainRecord, 'headHash' | 'beginHash'> {
  readonly headHash: Buffer;
  readonly beginHash: Buffer;
}
