import type { Settings } from '../config/settings.ts';
import { completenessOf } from '../core/completeness.ts';
import { proposedOverlapMs } from '../core/lateness.ts';
import { coveredOf } from '../core/ledger.ts';
import type { AccountFacts, Overview } from '../core/overview.ts';
import type { AccountStatus } from '../server/status-shape.ts';
import { completenessJson } from './completeness.ts';
import { lasted } from './numbers.ts';
import { type LiveStatus, RANK, type Trouble } from './status-input.ts';
import { staleAfterMs, type Watched } from './watchdog.ts';

/** How one account is. */
export interface JudgedAccount {
  readonly status: AccountStatus;
  readonly trouble: Trouble | undefined;
}

interface Verdict {
  readonly state: AccountStatus['state'];
  readonly reason: string | null;
  readonly trouble?: Omit<Trouble, 'subject'>;
}

const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());
const because = (failure: string | undefined): string =>
  failure === undefined ? '' : ` (it failed: ${failure})`;

/** How each configured account is, by what the store knows and, in the process that polls, by what its poller knows. */
export const judgeAccounts = (
  settings: Settings,
  overview: Overview,
  live: LiveStatus | undefined,
  nowMs: number,
): readonly JudgedAccount[] => {
  const known = new Map(overview.accounts.map((facts) => [facts.account, facts]));
  const pollers = new Map(live?.pollers.map((poller) => [poller.account, poller]));
  return settings.accounts.map(({ name }): JudgedAccount => {
    const facts = known.get(name);
    const poller = live?.active ? pollers.get(name) : undefined;
    const verdict = judge({ name, facts, poller, settings, overview, live, nowMs });
    return {
      status: { ...statusOf(name, facts, poller, settings, live, nowMs), ...stateOf(verdict) },
      trouble: verdict.trouble && { ...verdict.trouble, subject: name },
    };
  });
};

const stateOf = ({ state, reason }: Verdict): Pick<AccountStatus, 'state' | 'reason'> => ({ state, reason });

const statusOf = (
  name: string,
  facts: AccountFacts | undefined,
  poller: Watched | undefined,
  { poll }: Settings,
  live: LiveStatus | undefined,
  nowMs: number,
): Omit<AccountStatus, 'state' | 'reason'> => {
  const proposedMs = facts && proposedOverlapMs(facts.lateness);
  const overlapMs = poll.overlapAuto ? (proposedMs ?? poll.overlapMs) : poll.overlapMs;
  const failure = poller?.lastFailure();
  const ranges = facts?.ranges ?? [];
  return {
    name,
    ...(completenessJson(completenessOf(ranges)) as Pick<
      AccountStatus,
      'complete_until' | 'unverified' | 'never_read' | 'late'
    >),
    watermark: iso(facts?.watermarkMs),
    watermark_age_seconds: facts ? Math.max(nowMs - facts.watermarkMs, 0) / 1_000 : null,
    last_poll_at: iso(facts?.committedAtMs),
    last_poll_error: failure === undefined ? null : (live?.redact(failure) ?? failure),
    events: facts?.events ?? null,
    overlap_seconds: overlapMs / 1_000,
    proposed_overlap_seconds: proposedMs === undefined ? null : proposedMs / 1_000,
    backfills: (facts?.backfills ?? []).map(({ id, fromMs, toMs, events }) => ({
      id,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      // Read from the newest stretch back: what is read without a gap up to its end is done.
      unread_until: new Date(unreadUntilMs(ranges, fromMs, toMs)).toISOString(),
      events,
    })),
  };
};

const unreadUntilMs = (ranges: AccountFacts['ranges'], fromMs: number, toMs: number): number => {
  const last = coveredOf(ranges, { fromMs, toMs }).at(-1);
  return last?.toMs === toMs ? last.fromMs : toMs;
};

interface Case {
  readonly name: string;
  readonly facts: AccountFacts | undefined;
  readonly poller: Watched | undefined;
  readonly settings: Settings;
  readonly overview: Overview;
  readonly live: LiveStatus | undefined;
  readonly nowMs: number;
}

const judge = (about: Case): Verdict => {
  const { name, facts, settings, overview, live, nowMs } = about;
  const blindSinceMs = overview.conditions.get(`blind:${name}`);
  if (blindSinceMs !== undefined) return blind(nowMs - blindSinceMs);
  const late = about.poller ? byPoller(about.poller, about) : byStore(about);
  if (late) return late;
  const { settleMs, intervalMs } = settings.poll;
  const behindMs = facts ? nowMs - facts.watermarkMs : 0;
  // A watermark that is away further than a pass or a few can explain: much is being read.
  if (behindMs > settleMs + staleAfterMs(intervalMs))
    return {
      state: 'behind',
      reason: `${lasted(behindMs)} behind, catching up`,
      trouble: {
        rank: RANK.behind,
        severity: 'doubtful',
        key: 'behind',
        size: behindMs,
        text: (who, size) => `Events of ${who} are seen ${lasted(size)} late: the trail is being read up`,
      },
    };
  if (live && !live.active) return { state: 'standby', reason: 'another process polls it' };
  return { state: 'ok', reason: null };
};

const blind = (sinceMs: number): Verdict => ({
  state: 'failing',
  reason: `the Audit API has refused its key for ${lasted(sinceMs)}`,
  trouble: {
    rank: RANK.blind,
    severity: 'bad',
    key: 'blind',
    size: sinceMs,
    text: (who, size) =>
      `The Audit API has refused the key of ${who} for ${lasted(size)}: what happens there is not seen`,
  },
});

const stale = (silentMs: number, failure: string | undefined): Verdict => ({
  state: 'failing',
  reason: `no pass was completed for ${lasted(silentMs)}${because(failure)}`,
  trouble: {
    rank: RANK.stale,
    severity: 'bad',
    key: 'stale',
    size: silentMs,
    text: (who, size) =>
      `No pass of ${who} was completed for ${lasted(size)}${because(failure)}: new events are not seen`,
  },
});

/** What the poller of this process says; undefined: nothing against it. */
const byPoller = (poller: Watched, { settings, live, nowMs }: Case): Verdict | undefined => {
  const limitMs = staleAfterMs(settings.poll.intervalMs);
  const raw = poller.lastFailure();
  const failure = raw === undefined ? undefined : (live?.redact(raw) ?? raw);
  const lastMs = poller.lastCompletedMs();
  // A clock that was set back must not make an old pass a fresh one.
  const silentMs = Math.abs(nowMs - (lastMs ?? live?.startedAtMs ?? nowMs));
  if (silentMs > limitMs) return stale(silentMs, failure);
  if (failure !== undefined)
    return {
      state: 'failing',
      reason: `the latest pass failed: ${failure}`,
      trouble: {
        rank: RANK.failing,
        severity: 'doubtful',
        key: 'failing',
        size: 0,
        text: (who) => `The latest pass of ${who} failed and is tried again: ${failure}`,
      },
    };
  return lastMs === undefined ? { state: 'starting', reason: 'its first pass is under way' } : undefined;
};

/** What the store says, where nobody else can be asked. */
const byStore = ({ facts, settings, overview, name, nowMs }: Case): Verdict | undefined => {
  if (!facts)
    return {
      state: 'starting',
      reason: 'it was never polled',
      trouble: {
        rank: RANK.behind,
        severity: 'doubtful',
        key: 'never',
        size: 0,
        text: (who) => `There was no pass of ${who} yet`,
      },
    };
  const silentMs = Math.abs(nowMs - facts.committedAtMs);
  const isStale =
    silentMs > staleAfterMs(settings.poll.intervalMs) || overview.conditions.has(`stale:${name}`);
  return isStale ? stale(silentMs, undefined) : undefined;
};
