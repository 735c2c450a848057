import type { ChainBreak, ChainBreakKind, ChainHead, ChainReport } from '../core/chain.ts';
import { hashText, linkHash } from './chain.ts';
import type { Steps } from './steps.ts';

/** An entry as it is stored. */
export interface Entry {
  readonly seq: number;
  /** Null, as {@link hash}, when an older version stored it. */
  readonly position: number | null;
  readonly hash: Buffer | null;
  readonly createdMs: number;
  readonly seenMs: number;
  /** What people know it by. */
  readonly id: string;
  readonly digest: () => string;
  /** Which columns contradict the content, for people; '' when none does. */
  readonly contradiction: () => string;
}

/** What is left of an entry that was pruned out of the middle. */
export interface HoleRow {
  readonly createdMs: number;
  readonly seenMs: number;
  readonly digest: Buffer;
}

/** What the store says of a chain beside its entries. */
export interface ChainRecord {
  readonly headPosition: number;
  readonly headHash: string;
  readonly beginPosition: number;
  readonly beginHash: string;
  readonly prunedMs: number | null;
  readonly prunedBeforeMs: number | null;
}

/** What a walk looks up. */
export interface WalkDeps {
  readonly head: Pick<ChainHead, 'chain' | 'account'>;
  /** Undefined: no entry was ever appended. */
  readonly record: ChainRecord | undefined;
  /** Entries without a hash that the store says there are, and the last seq one may have. */
  readonly unchained: { readonly entries: number; readonly seq: number };
  readonly hole: (position: number) => Steps<HoleRow | undefined>;
  /** The entry that claims a position, among those behind `seq`. */
  readonly later: (seq: number, position: number) => Steps<Entry | undefined>;
  /** Hashes that were published for a position. */
  readonly published: (position: number) => readonly string[];
  /** Told of every hash that holds, the one the chain begins with included. */
  readonly onHash: (hash: string) => void;
}

/** One chain being walked, entry by entry in the order of `seq`. */
export interface Walk {
  feed(entry: Entry): Steps<void>;
  /** After the last entry. */
  finish(): Steps<ChainReport>;
}

const iso = (ms: number): string => new Date(ms).toISOString();
const range = (from: number, to: number): string =>
  from === to ? `position ${from}` : `positions ${from} to ${to}`;
/** What is there to be read, when even the entry's own texts may be anything. */
const quoted = (text: string): string => JSON.stringify(text.slice(0, 100));

/** Walks a chain. Stops judging at the first break: what follows a break cannot be told. */
export const createWalk = (deps: WalkDeps): Walk => {
  const { record } = deps;
  let position = record?.beginPosition ?? 0;
  let hash = record?.beginHash ?? '';
  let last: Entry | undefined;
  let verified = 0;
  let holes = 0;
  let unchained = 0;
  let broken: ChainBreak | undefined;

  const found = (
    kind: ChainBreakKind,
    at: number | undefined,
    id: string | undefined,
    detail: string,
  ): void => {
    broken ??= { kind, position: at, id, detail };
  };
  const holds = (): void => {
    deps.onHash(hash);
    const wrong = deps.published(position).find((published) => published !== hash);
    if (wrong !== undefined)
      found(
        'rewritten',
        position,
        last?.id,
        `the head ${wrong} was published for position ${position}; the chain agrees with itself, but has ${hash} there`,
      );
  };
  if (record) holds();

  /** Steps over what was pruned out of the middle, up to a position. */
  function* stepOverHoles(until: number): Steps<void> {
    for (; position < until; holes += 1) {
      const hole = broken ? undefined : yield* deps.hole(position + 1);
      if (!hole) return;
      const bound = record?.prunedBeforeMs ?? Number.NEGATIVE_INFINITY;
      position += 1;
      if (hole.createdMs >= bound) {
        found(
          'removed',
          position,
          undefined,
          `the entry of ${iso(hole.createdMs)} was removed as if it had been pruned, but nothing so young was ever pruned`,
        );
        return;
      }
      hash = linkHash(hash, position, hole.createdMs, hole.seenMs, hashText(hole.digest));
      holds();
    }
  }

  const judgeUnchained = (entry: Entry): void => {
    unchained += 1;
    if (entry.seq > deps.unchained.seq)
      found('inserted', undefined, entry.id, 'it carries no hash: the monitor did not store it');
  };

  function* judgePlace(entry: Entry, claims: number): Steps<void> {
    const expected = position + 1;
    if (claims < expected) {
      const twice = last?.position === claims ? `, as ${quoted(last.id)} does` : '';
      found(
        'inserted',
        claims,
        entry.id,
        `it claims position ${claims}${twice}, which was taken already; one of them was never committed there`,
      );
      return;
    }
    const other = yield* deps.later(entry.seq, expected);
    if (other) {
      found(
        'reordered',
        expected,
        entry.id,
        `it was committed as number ${claims} and stands before ${quoted(other.id)}, which was committed as number ${expected}`,
      );
      return;
    }
    const count = claims - expected;
    found(
      'removed',
      expected,
      undefined,
      `${count === 1 ? 'an entry is' : `${count} entries are`} missing (${range(expected, claims - 1)}), behind ${last ? quoted(last.id) : 'the beginning'} and before ${quoted(entry.id)}`,
    );
  }

  function* judgeContent(entry: Entry, stored: string): Steps<void> {
    const next = yield* deps.later(entry.seq, position + 2);
    const follows = next
      ? linkHash(stored, position + 2, next.createdMs, next.seenMs, next.digest())
      : record?.headHash;
    const expected = next ? next.hash && hashText(next.hash) : stored;
    const rest =
      follows === expected
        ? 'what follows still fits the hash it was stored with'
        : 'what follows does not fit it either';
    const where = entry.contradiction();
    found(
      'changed',
      position + 1,
      entry.id,
      `its content, time or hash is not what was committed${where === '' ? '' : ` (${where})`}; ${rest}`,
    );
  }

  return {
    *feed(entry) {
      if (broken) return;
      if (entry.position === null || entry.hash === null) {
        judgeUnchained(entry);
        return;
      }
      if (!record) {
        found('changed', undefined, entry.id, 'the record of the chain itself is gone');
        return;
      }
      yield* stepOverHoles(entry.position - 1);
      if (broken) return;
      if (entry.position !== position + 1) {
        yield* judgePlace(entry, entry.position);
        return;
      }
      const stored = hashText(entry.hash);
      const computed = linkHash(hash, entry.position, entry.createdMs, entry.seenMs, entry.digest());
      if (computed !== stored) {
        yield* judgeContent(entry, stored);
        return;
      }
      position = entry.position;
      hash = computed;
      last = entry;
      verified += 1;
      holds();
    },

    *finish() {
      const headPosition = record?.headPosition ?? 0;
      yield* stepOverHoles(headPosition);
      if (position < headPosition)
        found(
          'removed',
          position + 1,
          undefined,
          `the end is missing (${range(position + 1, headPosition)}), behind ${last ? quoted(last.id) : 'the beginning'}`,
        );
      if (position > headPosition)
        found(
          'inserted',
          headPosition + 1,
          last?.id,
          `the chain was committed up to position ${headPosition}`,
        );
      if (record && hash !== record.headHash)
        found('changed', position, last?.id, 'the last entry is not the one that was committed as the head');
      if (unchained !== deps.unchained.entries)
        found(
          unchained < deps.unchained.entries ? 'removed' : 'inserted',
          undefined,
          undefined,
          `older versions stored ${deps.unchained.entries} entries without a hash, and there are ${unchained}`,
        );
      const { prunedMs = null, prunedBeforeMs = null } = record ?? {};
      return {
        ...deps.head,
        position: headPosition,
        hash: record?.headHash ?? '',
        verified,
        holes,
        prunedTo: record?.beginPosition ?? 0,
        pruned:
          prunedMs === null || prunedBeforeMs === null
            ? undefined
            : { atMs: prunedMs, beforeMs: prunedBeforeMs },
        unchained,
        broken,
      };
    },
  };
};
