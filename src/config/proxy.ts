import type { Environment } from './environment.ts';
import { isLoopback } from './values.ts';

/** Which proxy requests go through. */
export interface ProxySettings {
  /** URL of the proxy for a request to `target` (an absolute URL), or undefined: no proxy. */
  urlFor(target: string): string | undefined;
}

/** What the environment says about proxies. */
export interface ProxyEnvironment {
  readonly proxy: ProxySettings;
  readonly problems: readonly string[];
  /** Proxy URLs that hold a password. */
  readonly secrets: readonly string[];
}

/**
 * Reads HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as curl and undici do: the lower-case name wins, an https target without
 * HTTPS_PROXY uses HTTP_PROXY. NO_PROXY lists hosts, separated by commas or spaces: each stands for itself and its
 * subdomains, a leading `.` or `*.` makes no difference, `:port` limits it to a port, `*` is every host. This machine
 * (localhost, 127.0.0.0/8, ::1) is never reached through a proxy.
 */
export const readProxy = (env: Environment): ProxyEnvironment => {
  const problems: string[] = [];
  const secrets: string[] = [];
  const read = (name: string): string | undefined => {
    const used = env[name.toLowerCase()] ? name.toLowerCase() : name;
    const value = env[used]?.trim();
    if (!value) return undefined;
    const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol) || new URL(url).hostname === '') {
      problems.push(
        `environment variable ${used}: found a text (not shown), allowed: an http or https URL of a proxy`,
      );
      return undefined;
    }
    if (new URL(url).password !== '') secrets.push(url);
    return url;
  };
  const http = read('HTTP_PROXY');
  const https = read('HTTPS_PROXY') ?? http;
  const exempt = (env['no_proxy'] || env['NO_PROXY'] || '')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(exemption);

  return {
    problems,
    secrets,
    proxy: {
      urlFor(target) {
        if (!URL.canParse(target)) return undefined;
        const url = new URL(target);
        const host = bare(url.hostname);
        const port = url.port || (url.protocol === 'https:' ? '443' : '80');
        if (isLoopback(host) || exempt.some((applies) => applies(host, port))) return undefined;
        return url.protocol === 'https:' ? https : http;
      },
    },
  };
};

const bare = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');

const exemption = (entry: string): ((host: string, port: string) => boolean) => {
  if (entry === '*') return () => true;
  // An IPv6 address holds colons itself, so its port can only stand behind a bracket.
  const match = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry);
  const name = bare((match?.[1] ?? entry).replace(/^\*?\./, ''));
  const onlyPort = match?.[2];
  return (host, port) =>
    name !== '' &&
    (host === name || host.endsWith(`.${name}`)) &&
    (onlyPort === undefined || onlyPort === port);
};
