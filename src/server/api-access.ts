import { createHash, timingSafeEqual } from 'node:crypto';
import type { Role } from '../core/role.ts';
import { createRateLimits } from './rate-limit.ts';

/** One token as the configuration names it. */
export interface ApiToken {
  readonly name: string;
  readonly role: Role;
  /** The token as it is now; '' lets nobody in. */
  current(): string;
}

/** Who asks. */
export interface Who {
  /** Name of the token, or `local`: the `by` of acts. */
  readonly name: string;
  readonly role: Role;
  readonly via: 'token' | 'session' | 'loopback';
}

/** Why somebody is not let in: nothing was shown, something wrong was, or wait so many seconds. */
export type Stranger = 'nothing' | 'wrong' | { readonly waitSeconds: number };

/** Whoever reaches a loopback address where no token is configured. */
export const LOCAL: Who = { name: 'local', role: 'operate', via: 'loopback' };

/** Failed attempts of one address: that many at once, then one in so many seconds. */
const FAILURES_BURST = 10;
const FAILURES_PER_SECOND = 1 / 6;

/** A token that was right from an address is known there for so long, and not kept waiting for the mistakes of others. */
const KNOWN_MS = 3_600_000;
const MAX_KNOWN = 2_000;

/** Tells who holds a token. */
export interface Access {
  /** Whether there is any token at all. */
  guarded(): boolean;
  /** Who holds a token that somebody at an address has shown. */
  holder(token: string, address: string): Who | Exclude<Stranger, 'nothing'>;
  /** The same for the header `Authorization: Bearer TOKEN`. */
  bearer(header: string | undefined, address: string): Who | Stranger;
  /** The token of a name, for sessions; undefined: there is none, or it lets nobody in. */
  find(name: string): { readonly role: Role; readonly digest: Buffer } | undefined;
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Makes {@link Access}. Hashes are compared, each with every token and each in constant time, so that how long it takes
 * says nothing about any of them. `tokens` is asked every time: they change with the configuration and with files.
 */
export const createAccess = (options: {
  readonly tokens: () => readonly ApiToken[];
  /** Does not jump. */
  readonly clockMs: () => number;
}): Access => {
  const { clockMs } = options;
  const failures = createRateLimits({ burst: FAILURES_BURST, perSecond: FAILURES_PER_SECOND, clockMs });
  const usable = (): readonly { readonly token: ApiToken; readonly digest: Buffer }[] =>
    options.tokens().flatMap((token) => {
      const text = token.current();
      return text === '' ? [] : [{ token, digest: digestOf(text) }];
    });
  // Behind a proxy all have one address: whoever guesses there must not lock out those who are at work.
  const known = new Map<string, number>();
  const isKnown = (key: string): boolean =>
    clockMs() - (known.get(key) ?? Number.NEGATIVE_INFINITY) < KNOWN_MS;
  const remember = (key: string): void => {
    known.delete(key);
    known.set(key, clockMs());
    const [oldest] = known.keys();
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
  };
  const holder: Access['holder'] = (token, address) => {
    const given = digestOf(token);
    const key = `${address} ${given.toString('base64')}`;
    const waitSeconds = failures.wait(address);
    if (waitSeconds !== undefined && !isKnown(key)) return { waitSeconds };
    let found: ApiToken | undefined;
    for (const each of usable()) if (timingSafeEqual(each.digest, given)) found = each.token;
    if (found) {
      remember(key);
      return { name: found.name, role: found.role, via: 'token' };
    }
    failures.take(address);
    return 'wrong';
  };
  return {
    guarded: () => usable().length > 0,
    holder,
    bearer(header, address) {
      if (header === undefined) return 'nothing';
      const token = /^Bearer +([!-~]{1,500})$/i.exec(header)?.[1];
      return token === undefined ? 'wrong' : holder(token, address);
    },
    find(name) {
      const found = usable().find(({ token }) => token.name === name);
      return found && { role: found.token.role, digest: found.digest };
    },
  };
};
