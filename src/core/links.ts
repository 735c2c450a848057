import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** What a reader of an alert can do by following a link. */
export const LINK_ACTIONS = ['silence', 'expected'] as const;
export type LinkAction = (typeof LINK_ACTIONS)[number];

/** What a link stands for. */
export interface LinkClaim {
  readonly action: LinkAction;
  readonly alertId: string;
  /** The sink whose message carries the link: who has it, as far as we know. */
  readonly sink: string;
  /** Epoch ms, whole seconds. */
  readonly expiresAtMs: number;
}

/** Signs links, and tells those it has signed from others. */
export interface LinkSigner {
  /** The token of a claim, for a URL. The same claim has the same token. */
  sign(claim: LinkClaim): string;
  /** The claim of a token; `expired` when it is too old, `invalid` when it was not signed by us. */
  verify(token: string, nowMs: number): LinkClaim | 'expired' | 'invalid';
}

/** Identity of a link for the history: tells links apart and cannot be used as one. */
export const linkId = (token: string): string =>
  createHash('sha256').update(token).digest('hex').slice(0, 12);

const MAX_TOKEN_LENGTH = 1_024;

/** Makes a {@link LinkSigner}: HMAC-SHA256 over the claim, under a key of at least 32 bytes that only the monitor knows. */
export const createLinkSigner = (key: Buffer): LinkSigner => {
  const mac = (text: string): Buffer => createHmac('sha256', key).update(`alert link\0${text}`).digest();
  return {
    sign({ action, alertId, sink, expiresAtMs }) {
      const fields = [action, alertId, sink, Math.floor(expiresAtMs / 1_000)];
      const text = Buffer.from(JSON.stringify(fields)).toString('base64url');
      return `${text}.${mac(text).toString('base64url')}`;
    },
    verify(token, nowMs) {
      const [text = '', signature = '', more] = token.length > MAX_TOKEN_LENGTH ? [] : token.split('.');
      const given = Buffer.from(signature, 'base64url');
      const right = mac(text);
      if (more !== undefined || given.length !== right.length || !timingSafeEqual(given, right))
        return 'invalid';
      // Whatever is signed was written by us.
      const [action, alertId, sink, expires] = JSON.parse(
        Buffer.from(text, 'base64url').toString('utf8'),
      ) as [LinkAction, string, string, number];
      const claim = { action, alertId, sink, expiresAtMs: expires * 1_000 };
      return nowMs >= claim.expiresAtMs ? 'expired' : claim;
    },
  };
};
