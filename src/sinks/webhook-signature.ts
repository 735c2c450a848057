import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

const PREFIX = 'whsec_';

/**
 * The signing keys in an option: one secret, or several separated by white space or given as a list, the newest first.
 * `whsec_…` is Base64 (Standard Webhooks); anything else is the key itself, as UTF-8. Prepared once: making a key out of
 * bytes costs several times what signing with it does.
 */
export const signingKeys = (secret: string | readonly string[]): readonly KeyObject[] =>
  splitSecrets(secret).map((text) => createSecretKey(keyOf(text)));

/** The secrets as they were written, for hiding them in reasons. */
export const splitSecrets = (secret: string | readonly string[]): readonly string[] =>
  [secret].flat().flatMap((text) => text.split(/\s+/).filter((part) => part !== ''));

/** Whether a single secret can be used: `whsec_` must be followed by Base64 of at least one byte. */
export const isUsableSecret = (secret: string): boolean =>
  !secret.startsWith(PREFIX) || /^(?=.{2,})[A-Za-z0-9+/]+={0,2}$/.test(secret.slice(PREFIX.length));

const keyOf = (secret: string): Buffer =>
  secret.startsWith(PREFIX)
    ? Buffer.from(secret.slice(PREFIX.length), 'base64')
    : Buffer.from(secret, 'utf8');

/**
 * The headers of the Standard Webhooks specification (standard-webhooks.md, "Webhook Headers" and "Signature scheme"):
 * `v1` signatures are HMAC-SHA256 over `id.timestamp.body`, one for each key, so that a receiver which knows any of
 * them is content while secrets are being changed. Without keys nothing is signed; id and time are still told.
 */
export const webhookHeaders = (
  id: string,
  nowMs: number,
  body: Uint8Array,
  keys: readonly KeyObject[],
): Readonly<Record<string, string>> => {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signatures = keys.map(
    (key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`,
  );
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(signatures.length === 0 ? {} : { 'webhook-signature': signatures.join(' ') }),
  };
};
