import { errorText } from '../base/errors.ts';
import { LEVELS } from '../core/alert.ts';
import { LATENESS_KEPT_MS } from '../core/lateness.ts';
import type { LeaseState, Overview } from '../core/overview.ts';
import type { StatusAnswer } from '../server/status-shape.ts';
import { isDead } from './holder.ts';
import { plannerFor } from './planner.ts';
import { judgeAccounts } from './status-accounts.ts';
import type { StatusInput } from './status-input.ts';
import { conditionTroubles, problemsOf, summaryOf, wholeTroubles } from './status-problems.ts';
import { judgeSinks, orphans } from './status-sinks.ts';
import { splitKey } from './trouble.ts';
import { packageVersion } from './version.ts';

const DAY_MS = 86_400_000;

const iso = (ms: number): string => new Date(ms).toISOString();

/**
 * The answer to "is everything all right?": the same for the command, the API and the page. With `live` by what the
 * running monitor knows, else by the store alone. Rejects when the store cannot be read; that it cannot be written is in
 * the answer. Costs the same however much is stored.
 */
export const statusReport = async (input: StatusInput): Promise<StatusAnswer> => {
  const { settings, rules, live, nowMs } = input;
  const overview = await input.overview({
    nowMs,
    lease: 'monitor',
    sinks: settings.sinks.map(({ name }) => name),
    latenessSinceMs: nowMs - LATENESS_KEPT_MS,
    alertsSinceMs: nowMs - DAY_MS,
  });
  const unwritable = await live?.probe().then(
    () => undefined,
    (error: unknown) => live.redact(errorText(error)),
  );
  const held = heldLease(overview.lease, live?.active === true, nowMs);
  const accounts = judgeAccounts(settings, overview, live, nowMs);
  const sinks = judgeSinks(settings, overview, nowMs);
  const nobody = !live && held === undefined;
  const conditions = conditionTroubles(overview, nowMs);
  const problems = problemsOf([
    {
      kind: 'account',
      troubles: [
        ...wholeTroubles(input, overview, held !== undefined, unwritable),
        ...accounts
          .map(({ trouble }) => trouble)
          .filter((trouble) => trouble !== undefined)
          // That nobody polls says it of all of them.
          .filter(({ key }) => !nobody || key === 'blind'),
        ...conditions.accounts,
      ],
    },
    {
      kind: 'sink',
      troubles: [...sinks.flatMap(({ troubles }) => troubles), ...orphans(settings, overview)],
    },
    { kind: 'rule', troubles: conditions.rules },
  ]);
  const accountStatuses = accounts.map(({ status }) => status);
  return {
    summary: summaryOf(problems, settings, accountStatuses),
    healthy: problems.every(({ severity }) => severity !== 'bad'),
    problems: [...problems],
    now: iso(nowMs),
    version: packageVersion(),
    role: live ? (live.active ? 'active' : 'standby') : 'offline',
    lease: held
      ? { holder: held.holder, renewed_at: iso(held.renewedAtMs), expires_at: iso(held.expiresAtMs) }
      : null,
    started_at: live ? iso(live.startedAtMs) : null,
    config: live?.config ?? { file: settings.file, hash: null, loaded_at: null, last_reload: null },
    accounts: accountStatuses,
    sinks: sinks.map(({ status }) => status),
    rules: {
      loaded: rules.rules.length,
      shadow: rules.rules.filter(({ info }) => info.shadow).length,
      skipped: rules.skipped.length,
      failing: openOf(overview, 'rule_failing').map(({ subject, since }) => ({ title: subject, since })),
    },
    conditions: openOf(overview),
    silences: silencesOf(input, overview),
    alerts_24h: Object.fromEntries(
      LEVELS.map((level) => [level, overview.alerts[level] ?? 0]),
    ) as StatusAnswer['alerts_24h'],
    replicas: overview.replicas.map(
      ({ id, version, configHash, refusal, startedAtMs, seenAtMs, ...holds }) => ({
        id,
        version,
        config_hash: configHash,
        config_refused: refusal ?? null,
        started_at: iso(startedAtMs),
        seen_at: iso(seenAtMs),
        accounts: holds.accounts,
        sinks: holds.sinks,
        feeds: holds.feeds,
        duties: holds.duties,
      }),
    ),
    config_skew: new Set(overview.replicas.map(({ configHash }) => configHash)).size > 1,
    api_budget: live?.apiBudget ?? null,
    store: {
      ...overview.totals,
      kind: input.storeKind,
      writable: live ? unwritable === undefined : null,
    },
  };
};

/** The lease when somebody holds it: not released, not expired, and not of a process of this machine that is dead. */
const heldLease = (lease: LeaseState | undefined, byUs: boolean, nowMs: number): LeaseState | undefined =>
  lease && lease.holder !== '' && lease.expiresAtMs > nowMs && (byUs || !isDead(lease)) ? lease : undefined;

const openOf = ({ conditions }: Overview, only?: string): StatusAnswer['conditions'] =>
  [...conditions]
    .map(([key, sinceMs]) => {
      const [name, subject] = splitKey(key);
      return { name, subject, since: iso(sinceMs) };
    })
    .filter(({ name }) => only === undefined || name === only);

const silencesOf = ({ settings, nowMs }: StatusInput, { silences }: Overview): StatusAnswer['silences'] => {
  if (silences.length === 0) return { in_force: 0, hidden: 0 };
  const planner = plannerFor(settings);
  const inForce = silences.filter((silence) => planner.inForce(silence, nowMs));
  return {
    in_force: inForce.length,
    hidden: inForce.reduce((sum, { hidden }) => sum + hidden, 0),
  };
};
