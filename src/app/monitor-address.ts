import { readFileSync } from 'node:fs';
import { errorText, UsageError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import { ROLES } from '../core/role.ts';
import type { MonitorAddress } from './monitor-api.ts';

/** Where somebody wants the monitor to be asked. */
export interface WishedAddress {
  readonly url?: string | undefined;
  readonly tokenFile?: string | undefined;
}

const MAX_TOKEN_BYTES = 10_000;

/** The token in a file; throws a UsageError. */
const tokenOfFile = (file: string): string => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--token-file: ${errorText(error)}`);
  }
  const token = text.trim();
  if (!/^[!-~]+$/.test(token) || text.length > MAX_TOKEN_BYTES)
    throw new UsageError(`--token-file: ${file} holds no token (one line of printable ASCII)`);
  return token;
};

/** `http://host:port` of what was typed; throws a UsageError. */
const baseOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isBase =
    url && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '';
  if (!isBase)
    throw new UsageError(
      `--url: found ${JSON.stringify(text.slice(0, 200))}, allowed: such as http://127.0.0.1:8080`,
    );
  return url.href.replace(/\/+$/, '');
};

/** Where a server that listens on any address is reached from its own machine. */
const reachable = (host: string): string =>
  host === '0.0.0.0' || host === '' ? '127.0.0.1' : host === '::' ? '::1' : host;

/**
 * Where the monitor of a configuration answers, or where it was said to. Undefined: it serves nothing, or at a port that
 * only it knows.
 */
export const monitorAddress = (
  wished: WishedAddress,
  settings: Pick<Settings, 'http'> | undefined,
): MonitorAddress | undefined => {
  const token = wished.tokenFile === undefined ? undefined : tokenOfFile(wished.tokenFile);
  if (wished.url !== undefined) return { url: baseOf(wished.url), token };
  const { listen, tokens = [] } = settings?.http ?? {};
  if (!listen || listen.port === 0) return undefined;
  const host = reachable(listen.host);
  // Whoever can read the configuration has its tokens. Those that may do the most come first.
  const own = tokens.toSorted((a, b) => ROLES.indexOf(b.role) - ROLES.indexOf(a.role))[0];
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${listen.port}`,
    token: token ?? own?.current(),
  };
};
