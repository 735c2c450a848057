import { createAuditClient } from '../audit/client.ts';
import { createPoller, type Poller } from '../collect/poller.ts';
import type { SecretNotice, TellOfSecret } from '../config/secrets.ts';
import type { AccountSettings } from '../config/settings.ts';
import type { Trouble } from '../core/conditions.ts';
import type { Lease } from '../core/lease.ts';
import type { Log } from '../core/log.ts';
import { createCommittedReporter } from './committed.ts';
import { createDecider } from './decide.ts';
import { readEventTypes } from './event-types.ts';
import type { Monitor } from './parts.ts';
import type { RuleFailures } from './rule-failures.ts';
import { runTogether, type Task } from './tasks.ts';

/** One account being watched. */
export interface Account {
  readonly poller: Poller;
  readonly run: Task;
  close(): Promise<void>;
}

/** How many pages of one window may be under way at once. */
const PAGE_CONCURRENCY = 4;
/** How often a window is read again when the API's counts disagree. */
const REREADS = 2;
/** A clock that is off by more than this is worth a word even with a tiny settle time. */
const MIN_SKEW_REPORTED_MS = 5_000;

/** Puts together client, decider and poller of one account. */
export const createAccount = (
  settings: AccountSettings,
  monitor: Monitor,
  lease: Lease,
  trouble: Trouble,
  failures: RuleFailures,
  pace: ((signal: AbortSignal) => Promise<void>) | undefined,
): Account => {
  const { store, telemetry } = monitor;
  const { log, now, random } = monitor.parts;
  const { api, poll, proxy, log: logSettings } = monitor.parts.settings;
  const account = settings.name;

  const tell: TellOfSecret = (notice) => tellOfSecret(log, account, notice);
  const client = createAuditClient({
    account,
    baseUrl: api.baseUrl,
    pageSize: api.pageSize,
    timeoutMs: api.timeoutMs,
    credentials() {
      const { apiKey, apiSecret } = settings.credentials(tell);
      return { key: apiKey, secret: apiSecret };
    },
    proxyUrl: proxy.urlFor(api.baseUrl),
    ...(pace && { pace }),
    now,
    random,
    log,
    telemetry,
  });
  const decider = createDecider({
    account,
    evaluator: monitor.liveRules.engine,
    store: store.collect,
    now,
    log,
    telemetry,
    onRuleFailure: (rule, reason) => failures.note(rule.title, reason),
  });
  const report = createCommittedReporter({
    account,
    events: logSettings.events,
    now,
    log,
    telemetry,
    wake: monitor.wake,
  });
  const poller = createPoller(
    {
      account,
      reader: client,
      pageSize: api.pageSize,
      maxWindowEvents: poll.maxWindowEvents,
      pageConcurrency: PAGE_CONCURRENCY,
      rereads: REREADS,
      start: poll.start,
      overlapMs: poll.overlapMs,
      settleMs: poll.settleMs,
      maxClockSkewMs: Math.max(poll.settleMs, MIN_SKEW_REPORTED_MS),
      intervalMs: poll.intervalMs,
    },
    {
      store: store.collect,
      decider,
      lease: () => lease,
      now,
      random,
      log,
      telemetry,
      trouble,
      async onCommitted(committed) {
        if (committed.fresh.length > 0) for (const bell of monitor.feedWakes.values()) bell.ring();
        report(committed);
        await failures.report();
      },
    },
  );
  return {
    poller,
    run: (signal) =>
      runTogether([poller.run, (until) => readEventTypes(account, client, log, until)], signal),
    close: () => client.close(),
  };
};

/** One line for what became of a secret file that has changed. */
const tellOfSecret = (log: Log, account: string, notice: SecretNotice): void => {
  const { kind, file } = notice;
  switch (kind) {
    case 'changed':
      return log.info('secret.changed', { account, reason: `the secret in ${file} has changed` });
    case 'kept':
      return log.error('secret.kept', {
        account,
        reason: `the secret file ${file} cannot be used (${notice.reason}); the secret that was read before stays in force`,
      });
    case 'open':
      return log.warn('secret.open', {
        account,
        reason: `every user of this machine can read ${file} (mode ${notice.mode}); do: chmod 600 ${file}`,
      });
  }
};
