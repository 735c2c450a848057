import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Access, Who } from './api-access.ts';

/** How long a session lasts. */
const SESSION_MS = 12 * 3_600_000;

const MAX_COOKIE_LENGTH = 1_024;

/** Sessions of browsers. */
export interface Sessions {
  /** How long a session lasts. */
  readonly lifeSeconds: number;
  /** The text of a cookie for somebody who has shown a token. */
  open(who: Who): string;
  /** Whose session a cookie's text is; undefined when it is none, or is over. */
  who(text: string): Who | undefined;
  /** Ends a session for as long as this process lives. */
  close(text: string): void;
}

/** Name, print of the token, when it expires (epoch seconds), and what tells it from others. */
type Claim = readonly [name: string, print: string, expiresSeconds: number, nonce: string];

/**
 * Sessions that are nowhere stored: the cookie names the token, holds a print of it that cannot be used as one, and is
 * signed. So a session ends by itself, and at once when its token is changed or taken away; the role is always that of
 * the configuration in force. `key` is the secret of the store: what is signed with it is signed for this use alone.
 */
export const createSessions = (options: {
  readonly key: Buffer;
  readonly access: Access;
  readonly now: () => number;
}): Sessions => {
  const { access, now } = options;
  const key = createHmac('sha256', options.key).update('api session').digest();
  const mac = (text: string): Buffer => createHmac('sha256', key).update(`cookie\0${text}`).digest();
  const printOf = (digest: Buffer): string =>
    createHmac('sha256', key).update('token\0').update(digest).digest('base64url').slice(0, 22);
  /** Ended by their owners, with when they would have ended by themselves. */
  const closed = new Map<string, number>();

  const read = (text: string): Claim | undefined => {
    if (text.length > MAX_COOKIE_LENGTH) return undefined;
    const [body = '', signature = '', more] = text.split('.');
    const given = Buffer.from(signature, 'base64url');
    const right = mac(body);
    if (more !== undefined || given.length !== right.length || !timingSafeEqual(given, right))
      return undefined;
    // Whatever is signed was written by us.
    return JSON.parse(Buffer.from(body, 'base64url').toString()) as Claim;
  };
  return {
    lifeSeconds: SESSION_MS / 1_000,
    open({ name }) {
      const found = access.find(name);
      if (!found) throw new Error(`no token is called ${name}`);
      const expiresSeconds = Math.floor((now() + SESSION_MS) / 1_000);
      const claim: Claim = [
        name,
        printOf(found.digest),
        expiresSeconds,
        randomBytes(9).toString('base64url'),
      ];
      const body = Buffer.from(JSON.stringify(claim)).toString('base64url');
      return `${body}.${mac(body).toString('base64url')}`;
    },
    who(text) {
      const claim = read(text);
      if (!claim) return undefined;
      const [name, print, expiresSeconds, nonce] = claim;
      const found = access.find(name);
      if (!found || print !== printOf(found.digest) || closed.has(nonce)) return undefined;
      // Also for one from the future: a clock that was set back must not make it last longer.
      const leftMs = expiresSeconds * 1_000 - now();
      if (leftMs <= 0 || leftMs > SESSION_MS) return undefined;
      return { name, role: found.role, via: 'session' };
    },
    close(text) {
      const claim = read(text);
      if (!claim) return;
      for (const [nonce, endsMs] of closed) if (endsMs <= now()) closed.delete(nonce);
      closed.set(claim[3], claim[2] * 1_000);
    },
  };
};
