import { type AuditClient, createAuditClient } from '../audit/client.ts';
import type { SecretNotice } from '../config/secrets.ts';
import type { AccountSettings } from '../config/settings.ts';
import type { Log } from '../core/log.ts';
import type { Pace } from './pace.ts';
import type { Monitor } from './parts.ts';

/** The pace of those who may ask only while they hold a lease. Who woke up after it had passed on learns it here: asking aborts what runs. */
export const whileHeld =
  (isHeld: () => boolean, pace: Pace | undefined): Pace =>
  async (signal) => {
    if (isHeld()) await pace?.(signal);
    isHeld();
  };

/** The client that asks the API for one account, with its secret as it is at each request and at the pace that all accounts share. */
export const createAccountClient = (
  settings: AccountSettings,
  monitor: Monitor,
  pace: Pace | undefined,
  isHeld: () => boolean,
): AuditClient => {
  const { log, now, ticks, random } = monitor.parts;
  const { api, proxy } = monitor.parts.settings;
  const account = settings.name;
  return createAuditClient({
    account,
    baseUrl: api.baseUrl,
    pageSize: api.pageSize,
    timeoutMs: api.timeoutMs,
    credentials() {
      const { apiKey, apiSecret } = settings.credentials((notice) => tellOfSecret(log, account, notice));
      return { key: apiKey, secret: apiSecret };
    },
    proxyUrl: proxy.urlFor(api.baseUrl),
    pace: whileHeld(isHeld, pace),
    now,
    ...(ticks && { ticks }),
    random,
    log,
    telemetry: monitor.telemetry,
    tracer: monitor.tracer,
  });
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
