import { type AuditClient, createAuditClient } from '../audit/client.ts';
import type { AccountSettings, Settings } from '../config/settings.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { noTelemetry } from '../core/telemetry.ts';

/** Retries need no word here: a read that fails for good rejects. */
const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** The client of an account for commands that read beside a monitor: without log lines and metrics. */
export const createQuietClient = (
  { api, proxy }: Settings,
  account: AccountSettings,
  now: Clock,
  random: Random,
): AuditClient =>
  createAuditClient({
    account: account.name,
    baseUrl: api.baseUrl,
    pageSize: api.pageSize,
    timeoutMs: api.timeoutMs,
    credentials() {
      const { apiKey, apiSecret } = account.credentials();
      return { key: apiKey, secret: apiSecret };
    },
    proxyUrl: proxy.urlFor(api.baseUrl),
    now,
    random,
    log: quietLog,
    telemetry: noTelemetry,
  });
