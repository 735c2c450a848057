import { createHmac } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { createDraw, permuteDigits, permuteHalves } from './permute.ts';

/** Other values in place of those that point to a person, the same for the same key and value, and of the same shape. */
export interface Pseudonyms {
  /** A valid address under `.example`; addresses of one domain stay addresses of one domain. */
  email(address: string): string;
  /** An address of the same family. IPv4 of one /24 (IPv6: /64) stay in one; no two IPv4 addresses become the same. */
  ip(address: string): string;
  /** Every digit is replaced, and nothing else; no two become the same. */
  phone(number: string): string;
  name(text: string): string;
  /** Digits of the same length for digits, hexadecimal digits of the same length for what looks like an API key. */
  account(id: string): string;
}

/** Beyond this, digits are no number that anybody calls or counts. */
const MAX_DIGITS = 28;

/** Makes {@link Pseudonyms} of a key, which must be kept secret as long as the pseudonyms are to protect anybody. */
export const createPseudonyms = (key: Buffer): Pseudonyms => {
  const draw = createDraw(key);
  const hex = (kind: string, text: string, digits: number): string =>
    createHmac('sha256', key).update(`${kind} ${text}`).digest('hex').slice(0, digits);

  const ipv4 = (address: string): string => {
    const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
    const network = (a << 16) | (b << 8) | c;
    const half = 4_096;
    const [high, low] = permuteHalves(
      draw,
      'ipv4 network',
      [Math.floor(network / half), network % half],
      [half, half],
    );
    const [top, bottom] = permuteHalves(draw, `ipv4 host ${network}`, [d >> 4, d & 15], [16, 16]);
    const other = high * half + low;
    return `${other >> 16}.${(other >> 8) & 255}.${other & 255}.${top * 16 + bottom}`;
  };

  const ipv6 = (address: string): string => {
    const groups = groupsOf(address);
    const network = hex('ipv6 network', groups.slice(0, 4).join(':'), 8);
    const host = hex('ipv6 host', groups.join(':'), 16);
    // 2001:db8::/32 is kept for documentation (RFC 3849).
    return `2001:db8:${(network + host).replace(/(.{4})(?=.)/g, '$1:')}`;
  };

  const digits = (text: string): string => {
    const found = text.replace(/\D/g, '');
    if (found.length > MAX_DIGITS) return hex('digits', found, 16);
    const others = permuteDigits(draw, found);
    let next = 0;
    return text.replace(/\d/g, () => others[next++] ?? '');
  };

  return {
    email: remembered((address) => {
      const normal = address.toLowerCase().replace('%40', '@');
      const domain = normal.slice(normal.lastIndexOf('@') + 1);
      return `user-${hex('email', normal, 12)}@d${hex('domain', domain, 8)}.example`;
    }),
    ip: remembered((address) => (isIPv4(address) ? ipv4(address) : isIPv6(address) ? ipv6(address) : '')),
    phone: remembered(digits),
    name: remembered((text) => `name-${hex('name', text.normalize().trim().toLowerCase(), 12)}`),
    account: remembered((id) => {
      if (/^\d+$/.test(id)) return digits(id);
      if (/^[0-9a-z]{6,32}$/i.test(id)) return hex('account', id.toLowerCase(), id.length);
      return `account-${hex('account', id, 12)}`;
    }),
  };
};

const REMEMBERED = 10_000;
/** Longer values come from nowhere twice. */
const MAX_REMEMBERED_LENGTH = 200;

/** The same few people and addresses stand in most events, and every pseudonym costs several hashes. */
const remembered = (make: (text: string) => string): ((text: string) => string) => {
  const known = new Map<string, string>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const made = make(text);
    if (known.size >= REMEMBERED) known.clear();
    if (text.length <= MAX_REMEMBERED_LENGTH) known.set(text, made);
    return made;
  };
};

/** The eight groups of an IPv6 address without leading zeros, however it is written. */
const groupsOf = (address: string): readonly string[] => {
  const plain = address.replace(/%.*$/, '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const group = (high: string, low: string): string => (Number(high) * 256 + Number(low)).toString(16);
    return `${group(a, b)}:${group(c, d)}`;
  });
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16).toString(16));
};
