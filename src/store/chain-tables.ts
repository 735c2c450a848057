import { actDigest, eventDigest, hashText } from './chain.ts';
import type { ChainRecord, Entry, HoleRow } from './chain-walk.ts';
import { get, type Sql, type Steps, some, value } from './steps.ts';

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

const SELECT_EVENT = `SELECT e.seq, e.account, t.name AS type, e.created_ms AS "createdMs", e.seen_ms AS "seenMs", e.id,
  e.json, e.position, e.hash FROM events AS e LEFT JOIN event_types AS t ON t.key = e.type`;
const SELECT_ACT = 'SELECT seq, act, at_ms AS "atMs", by, subject, detail, position, hash FROM acts';

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

/** Entries read at once, or fewer when they are large: events of a megabyte each have been seen. */
const PAGE = 2_000;
const PAGE_CHARS = 8_000_000;

// The sign keeps SQLite from sorting all events of an account for each page, instead of walking on from the last one.
const EVENTS_AFTER: Sql = {
  sqlite: `${SELECT_EVENT} WHERE e.seq > ? AND (? IS NULL OR +e.account = ?) ORDER BY e.seq LIMIT ?`,
  // The server would send the whole page before anything of it is looked at.
  postgres: `SELECT * FROM (
      ${SELECT_EVENT.replace(' FROM ', ', sum(octet_length(e.json)) OVER (ORDER BY e.seq) AS upto FROM ')}
      WHERE e.seq > ? AND (?::bigint IS NULL OR e.account = ?) ORDER BY e.seq LIMIT ?) AS page
    WHERE upto - octet_length(json) <= ${PAGE_CHARS} ORDER BY seq`,
};
const ACTS_AFTER = `${SELECT_ACT} WHERE seq > ? ORDER BY seq LIMIT ?`;
const LATER_EVENT = `${SELECT_EVENT} WHERE e.seq > ? AND e.account = ? AND e.position = ? ORDER BY e.seq LIMIT 1`;
const LATER_ACT = `${SELECT_ACT} WHERE seq > ? AND position = ? ORDER BY seq LIMIT 1`;
const RECORD = `SELECT head_position AS "headPosition", head_hash AS "headHash", begin_position AS "beginPosition",
    begin_hash AS "beginHash", pruned_ms AS "prunedMs", pruned_before_ms AS "prunedBeforeMs"
  FROM chains WHERE account = ?`;
const UNCHAINED = 'SELECT entries, seq FROM unchained WHERE account = ?';
const HOLE = `SELECT created_ms AS "createdMs", seen_ms AS "seenMs", digest FROM chain_holes
  WHERE account = ? AND position = ?`;

/** Reads entries of chains in the order of their commits. */
export const createChainTables = (accountName: (key: number) => string) => {
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
  return {
    /** The next of all events, or of those of one account; none: that was all. */
    *eventsAfter(seq: number, key: number | undefined): Steps<readonly Keyed[]> {
      let chars = 0;
      const enough = (row: RawEvent): boolean => {
        chars += row.json.length;
        return chars > PAGE_CHARS;
      };
      const account = key ?? null;
      return (yield* some<RawEvent>(EVENTS_AFTER, enough, seq, account, account, PAGE)).map(event);
    },
    laterEvent: (key: number) =>
      function* (seq: number, position: number): Steps<Entry | undefined> {
        const row = yield* get<RawEvent>(LATER_EVENT, seq, key, position);
        return row && event(row);
      },
    /** The next acts; none: that was all. */
    *actsAfter(seq: number): Steps<readonly Entry[]> {
      return (yield* some<RawAct>(ACTS_AFTER, () => false, seq, PAGE)).map(act);
    },
    *laterAct(seq: number, position: number): Steps<Entry | undefined> {
      const row = yield* get<RawAct>(LATER_ACT, seq, position);
      return row && act(row);
    },
    *record(key: number): Steps<ChainRecord | undefined> {
      const row = yield* get<RawRecord>(RECORD, key);
      return row && { ...row, headHash: hashText(row.headHash), beginHash: hashText(row.beginHash) };
    },
    *unchained(key: number): Steps<{ readonly entries: number; readonly seq: number }> {
      const row = yield* get<{ entries: number; seq: number }>(UNCHAINED, key);
      return row ?? { entries: 0, seq: 0 };
    },
    hole: (key: number) => (position: number) => get<HoleRow>(HOLE, key, position),
    *lastSeq(): Steps<number> {
      return (yield* value<number | null>('SELECT max(seq) FROM events')) ?? 0;
    },
  };
};

interface RawRecord extends Omit<ChainRecord, 'headHash' | 'beginHash'> {
  readonly headHash: Buffer;
  readonly beginHash: Buffer;
}
