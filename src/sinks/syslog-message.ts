import type { Level } from '../core/alert.ts';
import { isoTime, oneLine } from './text.ts';

/** Facilities of RFC 5424, 6.2.1, by their usual names. */
export const FACILITIES = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  audit: 13,
  alert: 14,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;
export type Facility = keyof typeof FACILITIES;

/** Severity of RFC 5424 by level; an event has no level and counts as informational. */
export const SEVERITIES: Readonly<Record<Level, number>> = {
  critical: 2,
  high: 3,
  medium: 4,
  low: 5,
  informational: 6,
};

/** What a message says of where it comes from. */
export interface SyslogOrigin {
  readonly facility: Facility;
  readonly hostname: string;
  readonly appName: string;
  readonly procId: string;
  /** Private enterprise number that makes the name of our structured data ours. */
  readonly enterpriseId: number;
  readonly bom: boolean;
}

/** One message before it is written down. */
export interface SyslogMessage {
  readonly severity: number;
  /** Epoch ms. */
  readonly timeMs: number;
  readonly msgId: string;
  /** Parameters of the structured data; undefined and empty ones are left out. */
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly text: string;
}

const BOM = '\ufeff';
const MAX_PARAM = 1_000;
const NIL = '-';

/** A header field: printable ASCII without spaces, at most `max` long, `-` when nothing is left. */
const headerField = (text: string, max: number): string =>
  text
    .replace(/[^\u0021-\u007e]+/g, '_')
    .slice(0, max)
    .replace(/^_$/, '') || NIL;

const paramValue = (text: string): string => oneLine(text.slice(0, MAX_PARAM)).replace(/["\\\]]/g, '\\$&');

const structuredData = ({ enterpriseId }: SyslogOrigin, params: SyslogMessage['params']): string => {
  const shown = Object.entries(params)
    .filter((param): param is [string, string] => param[1] !== undefined && param[1] !== '')
    .map(([name, value]) => ` ${name}="${paramValue(value)}"`)
    .join('');
  return shown === '' ? NIL : `[vonage@${enterpriseId}${shown}]`;
};

/** The part of a message before its text, with the space that separates them. */
const headOf = (origin: SyslogOrigin, message: SyslogMessage): string => {
  const priority = FACILITIES[origin.facility] * 8 + message.severity;
  const time = isoTime(message.timeMs);
  // RFC 3339 has four digits for the year.
  const stamp = time === null || !/^\d{4}-/.test(time) ? NIL : time;
  const fields = [
    stamp,
    headerField(origin.hostname, 255),
    headerField(origin.appName, 48),
    headerField(origin.procId, 128),
    headerField(message.msgId, 32),
    structuredData(origin, message.params),
  ];
  return `<${priority}>1 ${fields.join(' ')} ${origin.bom ? BOM : ''}`;
};

const CUT_NOTE = ' … (cut)';

/**
 * The message as RFC 5424 writes it, in UTF-8, at most `maxBytes` long (undefined: whatever its length): a longer text
 * is cut between two characters, with a note at its end.
 */
export const syslogBytes = (
  origin: SyslogOrigin,
  message: SyslogMessage,
  maxBytes: number | undefined,
): Buffer => {
  const whole = Buffer.from(headOf(origin, message) + message.text.toWellFormed());
  if (maxBytes === undefined || whole.length <= maxBytes) return whole;
  const note = Buffer.from(CUT_NOTE);
  let end = Math.max(maxBytes - note.length, 0);
  // Bytes 10xxxxxx go on with a character.
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return Buffer.concat([whole.subarray(0, end), note]);
};
