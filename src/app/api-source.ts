import { fileURLToPath } from 'node:url';
import type { SecretNotice } from '../config/secrets.ts';
import { isLoopback, type ListenAddress } from '../config/values.ts';
import type { Log } from '../core/log.ts';
import { createAccess } from '../server/api-access.ts';
import type { ApiSource } from '../server/server.ts';
import type { ConsoleOptions } from './console.ts';

/** The built dashboard, beside the program whether it is compiled or not. */
const DASHBOARD = fileURLToPath(new URL('../../dist/dashboard', import.meta.url));

/** The HTTP API of a running monitor, and who may read its metrics. */
export interface MonitorApi extends ApiSource {
  /** By the header `Authorization` and the address of whoever asks. */
  mayReadMetrics(authorization: string | undefined, address: string): boolean;
}

/**
 * Offers the HTTP API of a monitor. Nothing of it is loaded until somebody asks: most of the time nobody does, and neither
 * the start nor the idle process should pay for it.
 */
export const createApiSource = (
  options: ConsoleOptions & {
    readonly listen: ListenAddress;
    /** Where the dashboard lies; where it is built to unless said. */
    readonly dashboard?: string;
    /** For rate limits; does not jump. */
    readonly clockMs?: () => number;
  },
): MonitorApi => {
  const { settings, listen, log, now } = options;
  const clockMs = options.clockMs ?? (() => performance.now());
  const access = createAccess({
    tokens: () =>
      settings().http.tokens.map(({ name, role, current }) => ({
        name,
        role,
        current: () => current((notice) => tellOfToken(log, name, notice)),
      })),
    clockMs,
  });
  return {
    isAllowed: () => isLoopback(listen.host) || access.guarded(),
    mayReadMetrics(authorization, address) {
      if (settings().http.metrics === 'open') return true;
      const who = access.bearer(authorization, address);
      return typeof who === 'object' && 'role' in who;
    },
    async open() {
      const [{ createApi }, { createConsole }, { createDashboardPages }] = await Promise.all([
        import('../server/api-app.ts'),
        import('./console.ts'),
        import('../server/dashboard-files.ts'),
      ]);
      const console = createConsole(options);
      const api = await createApi({
        console,
        access,
        key: await options.store.linkKey(),
        listenHost: listen.host,
        externalUrl: settings().http.externalUrl,
        log,
        now,
        clockMs,
        pages: createDashboardPages(options.dashboard ?? DASHBOARD),
      });
      return {
        handle: api.handle,
        async close() {
          console.close();
          await api.close();
        },
      };
    },
  };
};

/** One line for what became of a token's file that has changed. */
const tellOfToken = (log: Log, token: string, notice: SecretNotice): void => {
  const { kind, file } = notice;
  switch (kind) {
    case 'changed':
      return log.info('secret.changed', { token, reason: `the token in ${file} has changed` });
    case 'kept':
      return log.error('secret.kept', {
        token,
        reason: `the file ${file} cannot be used (${notice.reason}); the token that was read before stays in force`,
      });
    case 'open':
      return log.warn('secret.open', {
        token,
        reason: `every user of this machine can read ${file} (mode ${notice.mode}); do: chmod 600 ${file}`,
      });
  }
};
