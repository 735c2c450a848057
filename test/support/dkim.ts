import { createHash, createVerify, type KeyObject } from 'node:crypto';

/** What a DKIM-Signature header says (RFC 6376, 3.5), and whether it is true. */
export interface DkimCheck {
  readonly domain: string | undefined;
  readonly selector: string | undefined;
  /** Names of the headers that are signed, in lower case. */
  readonly headers: readonly string[];
  readonly bodyIntact: boolean;
  readonly signatureValid: boolean;
}

/** Relaxed canonical form of a header (RFC 6376, 3.4.2), without its line end. */
const relaxedHeader = (header: string): string => {
  const colon = header.indexOf(':');
  const value = header
    .slice(colon + 1)
    .replaceAll('\r\n', '')
    .replace(/[ \t]+/g, ' ')
    .trim();
  return `${header.slice(0, colon).trim().toLowerCase()}:${value}`;
};

/** Relaxed canonical form of a body (RFC 6376, 3.4.4). */
const relaxedBody = (body: string): string => {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  const text = lines.join('\r\n').replace(/(\r\n)+$/, '');
  return text === '' ? '' : `${text}\r\n`;
};

/**
 * Verifies the rsa-sha256, relaxed/relaxed signature of a raw message as a receiver does, with the key that it would find in
 * the DNS. Undefined when the message has no DKIM-Signature.
 */
export const checkDkim = (raw: string, key: KeyObject): DkimCheck | undefined => {
  const end = raw.indexOf('\r\n\r\n');
  const headers = raw.slice(0, end).split(/\r\n(?![ \t])/);
  const own = headers.find((header) => /^dkim-signature:/i.test(header));
  if (own === undefined) return undefined;
  const tags = new Map(
    own
      .slice(own.indexOf(':') + 1)
      .split(';')
      .map((tag) => tag.replace(/\s+/g, ''))
      .map((tag) => [tag.slice(0, tag.indexOf('=')), tag.slice(tag.indexOf('=') + 1)] as const),
  );
  if (tags.get('a') !== 'rsa-sha256' || tags.get('c') !== 'relaxed/relaxed' || tags.get('v') !== '1')
    throw new Error(`this verifier does not know ${own}`);
  const signed = (tags.get('h') ?? '').toLowerCase().split(':');
  // Of several headers of a name, the last is signed first (5.4.2).
  const left = headers.filter((header) => header !== own).reverse();
  const lines = signed.flatMap((name) => {
    const at = left.findIndex((header) => header.toLowerCase().startsWith(`${name}:`));
    return at < 0 ? [] : left.splice(at, 1).map((header) => `${relaxedHeader(header)}\r\n`);
  });
  const unsigned = relaxedHeader(own).replace(/(\bb=)[^;]*/, '$1');
  const verify = createVerify('RSA-SHA256');
  verify.update(lines.join('') + unsigned, 'latin1');
  const hash = createHash('sha256')
    .update(relaxedBody(raw.slice(end + 4)), 'latin1')
    .digest('base64');
  return {
    domain: tags.get('d'),
    selector: tags.get('s'),
    headers: signed,
    bodyIntact: hash === tags.get('bh'),
    signatureValid: verify.verify(key, tags.get('b') ?? '', 'base64'),
  };
};
