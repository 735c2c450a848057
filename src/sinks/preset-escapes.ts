import { oneLine, printable } from './text.ts';

/**
 * What keeps a text from being taken for more than text by one kind of receiver: `clean` for a whole value, `escape`
 * for every code point of it.
 */
export interface Escape {
  readonly clean: (text: string) => string;
  readonly escape: (codePoint: string) => string;
  /** Whether a value is left out where it has no room, since a part of it would be another value. */
  readonly whole?: boolean;
}

const same = (codePoint: string): string => codePoint;

/** A joiner without width: breaks a name or an address for machines, not for eyes. */
const JOINER = '\u2060';

/** `@name`, `#name`, `/command` and addresses with a scheme, which many clients act upon wherever they stand. */
const unlinked = (text: string): string =>
  text
    .replace(/:\/\//g, `:${JOINER}//`)
    .replace(/\bwww\./gi, (www) => `${www.slice(0, -1)}${JOINER}.`)
    .replace(/((?<![\p{L}\p{N}])[@#]|(?<!\S)\/)(?=[\p{L}\p{N}_])/gu, (mark) => mark + JOINER);

const AT_NAME = /(?<![\p{L}\p{N}])@(?=[\p{L}\p{N}_])/gu;

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const html = (codePoint: string): string => HTML[codePoint] ?? codePoint;

/** Everything that any dialect of Markdown gives a meaning; a backslash before it is one of CommonMark's escapes. */
const MARKUP = new Set('\\`*_{}[]()<>#+-|~:');

/**
 * Escapes by the name under which a preset asks for them. Every one of them leaves neither a mention nor a link nor
 * formatting of what an event brings, in the place that it is made for.
 */
export const ESCAPES: Readonly<Record<string, Escape>> = {
  /** For places that show plain text. */
  none: { clean: printable, escape: same },
  /** For machines: every character as it came. */
  raw: { clean: same, escape: same },
  /** For plain text that clients search for names and addresses. */
  unlinked: { clean: (text) => unlinked(printable(text)), escape: same },
  /** For `& < > "` of HTML, as in cards of Google Chat and in Telegram's HTML mode. */
  html: { clean: printable, escape: html },
  /** As `html`, and nothing is linked or mentioned outside of `<code>` either. */
  html_unlinked: { clean: (text) => unlinked(printable(text)), escape: html },
  /** For Markdown with backslash escapes, as of Discord and Mattermost. */
  markdown: {
    clean: (text) => printable(text).replace(AT_NAME, `@${JOINER}`),
    escape: (codePoint) => (MARKUP.has(codePoint) ? `\\${codePoint}` : codePoint),
  },
  /** For the inside of a pair of single backticks, where nothing else means anything: what is copied is exact. */
  code: {
    clean: (text) => oneLine(text).replace(/`/g, '\u02cb'),
    escape: same,
  },
  /** For addresses of our own, which are to be followed. */
  url: { clean: printable, escape: same, whole: true },
  url_html: { clean: printable, escape: html, whole: true },
};
