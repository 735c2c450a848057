import { isIPv4, isIPv6 } from 'node:net';
import type { Pseudonyms } from './pseudonyms.ts';

/** What a value is, as far as it points to a person or an account. */
export type Kind = 'email' | 'ip' | 'phone' | 'name' | 'account';

const KEYS: readonly (readonly [Kind, RegExp])[] = [
  ['email', /(^|_)e?_?mails?(_|$)|email/],
  ['ip', /(^|_)ips?(_|$)|ip_?address|remote_addr/],
  ['phone', /phone|msisdn|mobile|(^|_)(fax|lvn|caller|callee|numbers?|to|from)$/],
  ['account', /(^|_)(accounts?(_ids?)?|api_?keys?|sub_?accounts?|(user|customer|owner|member)_?ids?)$/],
  [
    'name',
    /(^|_)(names?|users?|username|first_?name|last_?name|surname|contact|company|organi[sz]ation|owner|author|address|street|city)(_(line_?)?\d)?$/,
  ],
];

/** Keys come from outside; most are the same few. */
const MAX_REMEMBERED = 10_000;
const rememberedKinds = new Map<string, Kind | undefined>();

/** What values under a key are; undefined when the key says nothing. Spelling (`userEmail`, `user-email`) does not matter. */
export const kindOfKey = (key: string): Kind | undefined => {
  if (rememberedKinds.has(key)) return rememberedKinds.get(key);
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
  const kind = KEYS.find(([, pattern]) => pattern.test(words))?.[0];
  if (rememberedKinds.size >= MAX_REMEMBERED) rememberedKinds.clear();
  if (key.length <= 100) rememberedKinds.set(key, kind);
  return kind;
};

const LOCAL = String.raw`[^\s@<>()[\],;:"'\\/=?&%]`;
const EMAIL = String.raw`(?<!${LOCAL})${LOCAL}+(?:@|%40)[\p{L}\p{N}](?:[\p{L}\p{N}.-]{0,253}[\p{L}\p{N}])?`;
const IPV6 = String.raw`(?<![\p{L}\p{N}:])(?:[0-9a-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{0,4})(?![\p{L}\p{N}:])`;
const IPV4 = String.raw`(?<!\d|\d\.)(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)`;
const PHONE = String.raw`\+\d{1,3}[ -]?(?:\(\d{1,5}\)[ -]?)?\d[\d -]{3,16}\d(?![\p{L}\p{N}]|\.\d)|(?<![\p{L}\p{N}.])\d{7,15}(?![\p{L}\p{N}])`;
/** What looks like numbers and is none: identities and times. */
const PASS = String.raw`(?<![\p{L}\p{N}])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\p{L}\p{N}])|\d{4}-\d\d-\d\d[T ]\d\d:\d\d`;

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** What can be seen without knowing anything: in one expression, and in one for texts without an e-mail address. */
const NUMBERS = `(?<pass>${PASS})|(?<ipv6>${IPV6})|(?<ipv4>${IPV4})|(?<phone>${PHONE})`;
const seenWithEmail = new RegExp(`(?<email>${EMAIL})|${NUMBERS}`, 'giu');
const seenWithoutEmail = new RegExp(NUMBERS, 'giu');
/** Found nowhere. */
const NEVER = /(?!)/g;

const seenIn = (text: string): RegExp => {
  if (/@|%40/.test(text)) return seenWithEmail;
  return /[\d:]/.test(text) ? seenWithoutEmail : NEVER;
};

/** As a word of its own, which patterns must not tear. */
const asWord = (literal: string): string => `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}]|\\.\\d|@|%40)`;

/** Anywhere, but for what is a part of too many other things: short words, and short numbers inside longer ones. */
const anywhere = (word: string): string => {
  if (word.length < 4) return asWord(escaped(word));
  return /^\d{1,6}$/.test(word) ? `(?<!\\d)${word}(?!\\d)` : escaped(word);
};

/** Events of one person know the same values. */
const rememberedKnown = new Map<string, RegExp>();

const expressionOf = (known: ReadonlyMap<string, string>): RegExp => {
  if (known.size === 0) return NEVER;
  const words = [...known.keys()].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  const name = words.join('\n');
  const before = rememberedKnown.get(name);
  if (before) return before;
  const whole = words.map((word) => asWord(escaped(word))).join('|');
  const made = new RegExp(`(?<word>${whole})|(?<known>${words.map(anywhere).join('|')})`, 'giu');
  if (rememberedKnown.size >= 100) rememberedKnown.clear();
  if (name.length <= 1_000) rememberedKnown.set(name, made);
  return made;
};

/** What a text that looks like something becomes; undefined when it is something else. */
const seenAs = (
  pseudonyms: Pseudonyms,
  text: string,
  found: Readonly<Record<string, string | undefined>>,
): string | undefined => {
  if (found['pass'] !== undefined) return text;
  if (found['email'] !== undefined) {
    const other = pseudonyms.email(text);
    return text.includes('@') ? other : other.replace('@', '%40');
  }
  if (found['ipv6'] !== undefined) return isIPv6(text) ? pseudonyms.ip(text) : undefined;
  if (found['ipv4'] !== undefined) return isIPv4(text) ? pseudonyms.ip(text) : undefined;
  const digits = text.replace(/\D/g, '').length;
  return digits >= 7 && digits <= 15 ? pseudonyms.phone(text) : undefined;
};

/** Replaces in a text what is known to be sensitive, and what looks like it. What was put in is never looked at again. */
export type Scan = (text: string) => string;

/** Makes a {@link Scan}. `known` are values that were found to be sensitive by their keys, with their pseudonyms. */
export const createScan = (pseudonyms: Pseudonyms, known: ReadonlyMap<string, string>): Scan => {
  const byLower = new Map([...known].map(([word, pseudonym]) => [word.toLowerCase(), pseudonym]));
  const knownIn = expressionOf(known);

  const next = (expression: RegExp, text: string, from: number): RegExpExecArray | undefined => {
    expression.lastIndex = from;
    return expression.exec(text) ?? undefined;
  };

  const pass = (text: string, names: RegExp): string => {
    const seen = seenIn(text);
    let out = '';
    let at = 0;
    let look = next(seen, text, 0);
    let name = next(names, text, 0);
    while (look ?? name) {
      // The first one counts. Of two that begin together: a known word, what is seen, a known part of a word; so that a
      // known value never cuts an address or a number in two that it only begins.
      const isName =
        name !== undefined &&
        (look === undefined ||
          name.index < look.index ||
          (name.index === look.index && name.groups?.['word'] !== undefined));
      const match = (isName ? name : look) as RegExpExecArray;
      const [taken] = match;
      const other =
        byLower.get(taken.toLowerCase()) ??
        (isName ? pseudonyms.name(taken) : seenAs(pseudonyms, taken, match.groups ?? {}));
      if (other === undefined) {
        // It only looked like something, and must not hide what begins inside it.
        look = next(seen, text, match.index + 1);
        continue;
      }
      out += text.slice(at, match.index) + other;
      at = match.index + taken.length;
      if (look && look.index < at) look = next(seen, text, at);
      if (name && name.index < at) name = next(names, text, at);
    }
    return out + text.slice(at);
  };

  return (text) => {
    const out = pass(text, knownIn);
    if (next(knownIn, out, 0) === undefined) return out;
    // What was seen has taken the beginning of a known value that stands right behind it. Then known values go first, at
    // the price of tearing what they are a part of.
    let strict = '';
    let at = 0;
    for (let name = next(knownIn, text, 0); name; name = next(knownIn, text, at)) {
      const [taken] = name;
      strict += pass(text.slice(at, name.index), NEVER) + (byLower.get(taken.toLowerCase()) ?? '');
      at = name.index + taken.length;
    }
    return strict + pass(text.slice(at), NEVER);
  };
};

/**
 * The pseudonym of a whole value under a key of some kind; undefined when the value shows that it is something else (`sip`
 * under `to`, `unknown` under `ip`), so that only its text counts.
 */
export const pseudonymOf = (pseudonyms: Pseudonyms, kind: Kind, value: string): string | undefined => {
  const text = value.trim();
  if (text === '') return undefined;
  const [, address = '', prefix = ''] = /^([0-9a-f.:]+)(\/\d{1,3})?$/i.exec(text) ?? [];
  if (isIPv4(address) || isIPv6(address)) return `${pseudonyms.ip(address)}${prefix}`;
  if (/^[^\s@:/]+(@|%40)[^\s@:/]+$/i.test(text)) return pseudonyms.email(text);
  if (/^\d{4}-\d\d-\d\d/.test(text)) return undefined;
  if (/^\+?[\d ().-]+$/.test(text) && text.replace(/\D/g, '').length >= 4 && kind !== 'ip')
    return pseudonyms.phone(text);
  if (kind === 'account') return pseudonyms.account(text);
  if (kind === 'name' || kind === 'email') return pseudonyms.name(text);
  return undefined;
};
