import type { IncomingHttpHeaders } from 'node:http';
import type { Role } from '../core/role.ts';
import { type Access, LOCAL, type Who } from './api-access.ts';
import { ApiError } from './api-error.ts';
import type { Sessions } from './api-session.ts';

/** What a browser's form or image cannot send by itself. */
const CSRF_HEADER = 'x-requested-by';
const CSRF_VALUE = 'vonage-audit-monitor';

/** Decides who may ask what. Throws an {@link ApiError} for whoever may not. */
export interface Guard {
  /** Refuses a request of any kind that came under a name which is not ours, or from a page of another site. */
  checkOrigin(method: string, headers: IncomingHttpHeaders): void;
  /** Who asks, when that is enough for the role. */
  admit(role: Role, method: string, headers: IncomingHttpHeaders, address: string): Who;
  /** Logs in: whose token it is, and the cookie for the browser. */
  open(token: string, address: string): { readonly who: Who; readonly cookie: string };
  /** Logs out: ends the session of the request. Answers the cookie that takes the old one away. */
  close(headers: IncomingHttpHeaders): string;
  /** Whether somebody who was let in would still be. */
  stillIn(who: Who, headers: IncomingHttpHeaders): boolean;
}

const hostName = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

/** Names under which a browser on this machine reaches it; a name of somebody's domain may be made to point here. */
const isOwnName = (name: string): boolean =>
  name === 'localhost' || name === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);

const waitError = (seconds: number, what: string): ApiError =>
  new ApiError(429, `${what}; try again in ${seconds} s`, { headers: { 'retry-after': String(seconds) } });

/** Makes a {@link Guard}. */
export const createGuard = (options: {
  readonly access: Access;
  readonly sessions: Sessions;
  /** As configured. */
  readonly listenHost: string;
  readonly externalUrl: string | undefined;
}): Guard => {
  const { access, sessions, externalUrl } = options;
  const external = externalUrl === undefined ? undefined : new URL(externalUrl);
  const isHttps = external?.protocol === 'https:';
  const cookieName = isHttps ? '__Host-vam_session' : 'vam_session';
  const cookieOf = (value: string, maxAgeSeconds: number): string =>
    `${cookieName}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${isHttps ? '; Secure' : ''}`;
  const sessionText = (headers: IncomingHttpHeaders): string | undefined =>
    headers.cookie
      ?.split(';')
      .map((pair) => pair.trim())
      .find((pair) => pair.startsWith(`${cookieName}=`))
      ?.slice(cookieName.length + 1);

  const identify = (headers: IncomingHttpHeaders, address: string): Who => {
    const guarded = access.guarded();
    // The header decides where there is one: a program that shows a token means that.
    if (guarded && headers.authorization === undefined) {
      const text = sessionText(headers);
      const who = text === undefined ? undefined : sessions.who(text);
      if (who) return who;
    }
    if (!guarded) return LOCAL;
    const found = access.bearer(headers.authorization, address);
    if (found === 'nothing' || found === 'wrong')
      throw new ApiError(
        401,
        found === 'nothing'
          ? 'this takes a token: send it as "Authorization: Bearer TOKEN", or log in'
          : 'this token is none of the configuration',
        { headers: { 'www-authenticate': 'Bearer realm="vonage-audit-monitor"' } },
      );
    if ('waitSeconds' in found) throw waitError(found.waitSeconds, 'too many wrong tokens from this address');
    return found;
  };

  return {
    checkOrigin(method, headers) {
      const host = headers.host ?? '';
      if (!access.guarded()) {
        const name = hostName(host);
        if (!isOwnName(name) && name !== options.listenHost.toLowerCase() && name !== external?.hostname)
          throw new ApiError(
            403,
            `host: found ${JSON.stringify(name.slice(0, 80))}, allowed: localhost, 127.0.0.1, [::1] or the host of http.external_url, as long as there are no http.tokens`,
          );
      }
      const { origin } = headers;
      if (method === 'GET' || method === 'HEAD' || origin === undefined) return;
      // A page of another site has another origin; a proxy in front may have changed the host that we see.
      const same = origin === `http://${host}` || origin === `https://${host}` || origin === external?.origin;
      if (!same) throw new ApiError(403, 'origin: found another site, allowed: pages of this server');
    },
    admit(role, method, headers, address) {
      const who = identify(headers, address);
      if (
        who.via === 'session' &&
        method !== 'GET' &&
        method !== 'HEAD' &&
        headers[CSRF_HEADER] !== CSRF_VALUE
      )
        throw new ApiError(
          403,
          `header ${CSRF_HEADER}: found ${headers[CSRF_HEADER] === undefined ? 'nothing' : 'something else'}, allowed: ${CSRF_VALUE} (with a session, against requests that other sites make)`,
        );
      if (role === 'operate' && who.role !== 'operate')
        throw new ApiError(
          403,
          `this takes the role operate; the token "${who.name}" has the role ${who.role}`,
        );
      return who;
    },
    open(token, address) {
      if (!access.guarded()) return { who: LOCAL, cookie: '' };
      const found = access.holder(token, address);
      if (found === 'wrong') throw new ApiError(401, 'this token is none of the configuration');
      if ('waitSeconds' in found)
        throw waitError(found.waitSeconds, 'too many wrong tokens from this address');
      return { who: found, cookie: cookieOf(sessions.open(found), sessions.lifeSeconds) };
    },
    close(headers) {
      const text = sessionText(headers);
      if (text !== undefined) sessions.close(text);
      return cookieOf('', 0);
    },
    stillIn(who, headers) {
      switch (who.via) {
        case 'loopback':
          return !access.guarded();
        case 'token':
          return access.find(who.name) !== undefined;
        case 'session':
          break;
      }
      const text = sessionText(headers);
      return text !== undefined && sessions.who(text) !== undefined;
    },
  };
};
