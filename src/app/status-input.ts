import type { Settings } from '../config/settings.ts';
import type { ReadOverview } from '../core/overview.ts';
import type { StatusAnswer } from '../server/status-shape.ts';
import type { CompiledRules } from './load.ts';
import type { Watched } from './watchdog.ts';

/** What only the running monitor knows of itself. */
export interface LiveStatus {
  /** Whether this process holds the lease. */
  readonly active: boolean;
  /** Epoch ms. */
  readonly startedAtMs: number;
  /** Of this process; none while it stands by. */
  readonly pollers: readonly Watched[];
  /** Rejects when the store cannot be written to. */
  probe(): Promise<void>;
  readonly config: StatusAnswer['config'];
  readonly apiBudget: StatusAnswer['api_budget'];
  /** Takes secrets out of reasons. */
  redact(text: string): string;
}

/** What {@link statusReport} is made from. */
export interface StatusInput {
  readonly settings: Settings;
  readonly rules: Pick<CompiledRules, 'rules' | 'skipped'>;
  /** Whether `rules` are only those of the disk that are right, while a monitor may run with others; left out: no. */
  readonly rulesWrong?: boolean;
  readonly overview: ReadOverview;
  /** Of which kind the store is. */
  readonly storeKind: StatusAnswer['store']['kind'];
  /** Undefined: no monitor was asked, the store alone is read. */
  readonly live: LiveStatus | undefined;
  readonly nowMs: number;
}

/** Something that is wrong, and how wrong. Lower ranks are worse. */
export interface Trouble {
  readonly rank: number;
  readonly severity: 'bad' | 'doubtful';
  /** What is wrong is told of all together that have the same key. */
  readonly key: string;
  readonly subject: string | null;
  /** How long it has been so, or how much it is: the largest one is told. */
  readonly size: number;
  /** The sentence about one or several subjects, of which it is the text. */
  text(who: string, size: number): string;
}

/** Order of what is wrong, worst first. */
export const RANK = {
  store: 0,
  nobody: 1,
  blind: 2,
  stale: 3,
  nothing: 4,
  circuit: 5,
  parked: 6,
  feed: 7,
  drill: 8,
  waiting: 9,
  rule: 20,
  behind: 21,
  failing: 22,
  retrying: 23,
  unverified: 24,
  clock: 25,
  reload: 26,
  orphans: 27,
  other: 30,
} as const;
