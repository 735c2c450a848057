import { setImmediate } from 'node:timers/promises';
import type { ChainReport, PublishedHead } from '../core/chain.ts';
import { ACTS_KEY } from './chain.ts';
import { createChainTables, type Keyed } from './chain-tables.ts';
import { createWalk, type Walk, type WalkDeps } from './chain-walk.ts';
import type { Connection, RunSteps } from './connection.ts';
import { silenceBreak } from './silence-check.ts';
import { connectToRead } from './sqlite-connection.ts';
import { all, type Steps } from './steps.ts';

/** How to verify. */
export interface VerifyOptions {
  readonly path: string;
  /** Only this account's events, and no acts. */
  readonly account: string | undefined;
  /** Heads that were published and must still be on the chains. */
  readonly heads: readonly PublishedHead[];
  /** Called now and then: what part is done, and how many events were read. */
  readonly onProgress: (done: number, events: number) => void;
  readonly signal: AbortSignal;
}

/** What verifying found. */
export interface Verification {
  readonly reports: readonly ChainReport[];
  readonly heads: {
    /** On the chain. */
    readonly found: number;
    /** Before the beginning of a chain whose beginning was pruned: nothing can be said about them. */
    readonly pruned: number;
    /** Hashes without a place that are on no chain. */
    readonly missing: readonly string[];
  };
  /** What SQLite finds wrong with the file, such as an index that has lost entries; undefined when it is whole. */
  readonly file: string | undefined;
  /** False: the signal aborted, this is what was found until then. */
  readonly complete: boolean;
}

/** Verifies all chains of the store at `path`, or an account's. Rejects with a StoreError; never writes. */
export const verifyChains = async (options: VerifyOptions): Promise<Verification> => {
  const connection = connectToRead(options.path);
  try {
    return await verifyStored(connection, options, () => {
      const found = connection.db.pragma('integrity_check(1)', { simple: true });
      return found === 'ok' ? undefined : String(found);
    });
  } finally {
    connection.close();
  }
};

/** The same over a connection. `checkFile` says what is wrong with the tables themselves. */
export const verifyStored = (
  connection: Connection,
  options: Omit<VerifyOptions, 'path'>,
  checkFile: () => string | undefined,
): Promise<Verification> =>
  // One snapshot: what the monitor commits and prunes meanwhile is not seen.
  connection.snapshot((run) => verifyWith(run, options, checkFile));

/** The same with what runs inside a snapshot, or inside the transaction that has written all of it. */
export const verifyWith = async (
  run: RunSteps,
  options: Omit<VerifyOptions, 'path'>,
  checkFile: () => string | undefined,
): Promise<Verification> => {
  const { signal } = options;
  const names = await run(namesByKey);
  const tables = createChainTables((key) => names.get(key) ?? '');
  const published = createPublished(options.heads);
  function* walkOf(key: number, chain: 'events' | 'acts', later: WalkDeps['later']): Steps<Walk> {
    const record = yield* tables.record(key);
    const account = chain === 'acts' ? '' : (names.get(key) ?? '');
    return createWalk({
      head: { chain, account },
      record,
      unchained: yield* tables.unchained(key),
      hole: tables.hole(key),
      later,
      published: published.of(chain, account, record?.beginPosition ?? 0, record?.headPosition ?? 0),
      onHash: published.saw,
    });
  }
  const walks = new Map<number, Walk>();
  for (const [key, name] of names)
    if (options.account === undefined || options.account === name)
      walks.set(key, await run(() => walkOf(key, 'events', tables.laterEvent(key))));

  const only = options.account === undefined ? undefined : [...walks.keys()][0];
  const lastSeq = await run(tables.lastSeq);
  const strangers = new Map<number, string>();
  function* feed(entries: readonly Keyed[]): Steps<void> {
    for (const entry of entries) {
      const walk = walks.get(entry.key);
      if (walk) yield* walk.feed(entry);
      else strangers.set(entry.key, entry.id);
    }
  }
  let read = 0;
  for (let after = 0; ; ) {
    const entries = await run(() => tables.eventsAfter(after, only));
    const last = entries.at(-1);
    if (!last) break;
    await run(() => feed(entries));
    after = last.seq;
    read += entries.length;
    options.onProgress(after / lastSeq, read);
    await setImmediate();
    if (signal.aborted) break;
  }
  const reports: ChainReport[] = [];
  for (const walk of walks.values()) {
    const report = await run(walk.finish);
    if (isWorthTelling(report)) reports.push(report);
  }
  for (const id of strangers.values()) reports.push(strange(id));
  if (options.account === undefined && !signal.aborted) {
    const walk = await run(() => walkOf(ACTS_KEY, 'acts', tables.laterAct));
    const report = await run(function* (): Steps<ChainReport> {
      for (let after = 0; ; ) {
        const acts = yield* tables.actsAfter(after);
        for (const act of acts) yield* walk.feed(act);
        const last = acts.at(-1);
        if (!last) return yield* walk.finish();
        after = last.seq;
      }
    });
    const broken = report.broken ?? (await run(silenceBreak));
    if (isWorthTelling({ ...report, broken })) reports.push({ ...report, broken });
  }
  const complete = !signal.aborted;
  return {
    reports: complete ? [...reports.map(published.beyond), ...published.unknownChains()] : [],
    heads: published.result(),
    // The walk reads the table. Everybody else finds events by its indexes, and a damaged one can hide some of them.
    file: complete && options.account === undefined ? checkFile() : undefined,
    complete,
  };
};

function* namesByKey(): Steps<ReadonlyMap<number, string>> {
  const rows = yield* all<{ key: number; name: string }>('SELECT key, name FROM accounts ORDER BY key');
  return new Map(rows.map(({ key, name }) => [key, name]));
}

const isWorthTelling = ({ position, unchained, broken }: ChainReport): boolean =>
  position > 0 || unchained > 0 || broken !== undefined;

const NOTHING = {
  position: 0,
  hash: '',
  verified: 0,
  holes: 0,
  prunedTo: 0,
  pruned: undefined,
  unchained: 0,
};

const strange = (id: string): ChainReport => ({
  chain: 'events',
  account: '',
  ...NOTHING,
  broken: { kind: 'inserted', position: undefined, id, detail: 'it belongs to no account' },
});

/** Compares published heads with what is walked. */
const createPublished = (heads: readonly PublishedHead[]) => {
  const placed = new Map<string, Map<number, string[]>>();
  const anywhere = new Set<string>();
  const asked = new Set<string>();
  const keyOf = (chain: 'events' | 'acts', account: string): string => `${chain} ${account}`;
  for (const { chain, account, position, hash } of heads) {
    if (chain === undefined || position === undefined) {
      anywhere.add(hash);
      continue;
    }
    const key = keyOf(chain, account);
    const positions = placed.get(key) ?? new Map<number, string[]>();
    placed.set(key, positions);
    const hashes = positions.get(position) ?? [];
    if (!hashes.includes(hash)) positions.set(position, [...hashes, hash]);
  }
  const foundAnywhere = new Set<string>();
  let found = 0;
  let pruned = 0;

  return {
    saw(hash: string): void {
      if (anywhere.has(hash)) foundAnywhere.add(hash);
    },
    of(chain: 'events' | 'acts', account: string, begin: number, end: number) {
      const key = keyOf(chain, account);
      asked.add(key);
      const positions = placed.get(key);
      for (const position of positions?.keys() ?? []) {
        if (position < begin) pruned += 1;
        else if (position <= end) found += 1;
      }
      return (position: number): readonly string[] => positions?.get(position) ?? [];
    },
    /** A chain that ends before a head that was published for it was cut off. */
    beyond(report: ChainReport): ChainReport {
      if (report.broken) return report;
      const positions = placed.get(keyOf(report.chain, report.account));
      const beyond = Math.max(0, ...(positions?.keys() ?? []));
      if (beyond <= report.position) return report;
      const hash = positions?.get(beyond)?.[0] ?? '';
      const detail = `the head ${hash} was published for position ${beyond}, and the chain ends at ${report.position}`;
      return {
        ...report,
        broken: { kind: 'truncated', position: report.position + 1, id: undefined, detail },
      };
    },
    unknownChains(): readonly ChainReport[] {
      return [...placed.keys()]
        .filter((key) => !asked.has(key))
        .map((key) => {
          const [chain, ...account] = key.split(' ');
          return {
            chain: chain === 'acts' ? 'acts' : 'events',
            account: account.join(' '),
            ...NOTHING,
            broken: {
              kind: 'truncated',
              position: undefined,
              id: undefined,
              detail: 'heads were published for it, and the store knows nothing of it',
            },
          };
        });
    },
    result: (): Verification['heads'] => ({
      found: found + foundAnywhere.size,
      pruned,
      missing: [...anywhere].filter((hash) => !foundAnywhere.has(hash)),
    }),
  };
};
