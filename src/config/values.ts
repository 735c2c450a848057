import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';

/*
 * The kinds of value that the configuration is made of. Every one says what it allows in a text that completes a
 * message: "poll.interval: found 30, allowed: a duration …".
 */

/** Names of accounts, sinks and lists: they appear in log lines, metrics and routes. */
export const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
export const NAME_ALLOWED = 'allowed: 1 to 64 letters, digits, "_", "." or "-"';

/** A name. */
export const name = () => z.string().regex(NAME, { error: NAME_ALLOWED });

/** Any text but the empty one. */
export const text = () => z.string().min(1, { error: 'allowed: a text that is not empty' });

/** A whole number within bounds, both included. */
export const whole = (min: number, max: number) => {
  const error = `allowed: a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
};

/** A duration such as `30s` within bounds, both included; becomes milliseconds. */
export const duration = (min: string, max: string, fallback: string) => {
  const minMs = parseDuration(min) ?? 0;
  const maxMs = parseDuration(max) ?? 0;
  const error = `allowed: a duration from ${min} to ${max}, such as ${fallback} (units ms s m h d w)`;
  return z
    .string({ error })
    .regex(/^\d{1,9}(ms|s|m|h|d|w)$/, { error, abort: true })
    .refine((value) => isWithin(parseDuration(value), minMs, maxMs), { error })
    .transform((value) => parseDuration(value) ?? 0)
    .prefault(fallback)
    .meta({ allowed: `duration, ${min} to ${max}` });
};

/** A duration as {@link duration} takes it, or the word `auto`. */
export const durationOrAuto = (min: string, max: string, fallback: string) => {
  const minMs = parseDuration(min) ?? 0;
  const maxMs = parseDuration(max) ?? 0;
  const error = `allowed: auto, or a duration from ${min} to ${max}, such as ${fallback} (units ms s m h d w)`;
  return z
    .string({ error })
    .refine((value) => value === 'auto' || isWithin(parseDuration(value), minMs, maxMs), { error })
    .transform((value) => (value === 'auto' ? ('auto' as const) : (parseDuration(value) ?? 0)))
    .prefault(fallback)
    .meta({ allowed: `\`auto\`, or duration, ${min} to ${max}` });
};

const isWithin = (ms: number | undefined, min: number, max: number): boolean =>
  ms !== undefined && ms >= min && ms <= max;

/** Where reading begins for an account that was never read: at the start, some time ago, or at a time. */
export type PollStart =
  | { readonly kind: 'now' }
  | { readonly kind: 'ago'; readonly ms: number }
  | { readonly kind: 'at'; readonly ms: number };

/** {@link PollStart} of a text, or undefined. A time must name its zone, since a guess could skip hours of events. */
export const parseStart = (value: string): PollStart | undefined => {
  if (value === 'now') return { kind: 'now' };
  const ago = parseDuration(value);
  if (ago !== undefined) return { kind: 'ago', ms: ago };
  const match = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.exec(value);
  const ms = Date.parse(value);
  if (!match || Number.isNaN(ms)) return undefined;
  // JavaScript reads 31 February as 3 March.
  const [, year, month, day] = match.map(Number);
  const date = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day ?? 0));
  return date.getUTCDate() === day ? { kind: 'at', ms } : undefined;
};

/** Host and port to listen on. */
export interface ListenAddress {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** {@link ListenAddress} of `host:port` or `[ipv6]:port`; undefined when the text is neither. */
export const parseListen = (value: string): ListenAddress | undefined => {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]+)):(\d{1,5})$/.exec(value);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) return undefined;
  if (match?.[1] !== undefined && !URL.canParse(`http://[${host}]/`)) return undefined;
  return { host, port };
};

/** A base URL without its trailing slashes, or undefined when it is none a client could use. */
export const parseBaseUrl = (value: string): string | undefined => {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  const web = url.protocol === 'http:' || url.protocol === 'https:';
  if (
    !web ||
    url.username ||
    url.password ||
    url.search ||
    url.hash ||
    value.includes('?') ||
    value.includes('#')
  )
    return undefined;
  return url.href.replace(/\/+$/, '');
};

/** Whether a host of a URL is this machine. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  hostname === '[::1]' ||
  hostname === '::1' ||
  /^127\.\d+\.\d+\.\d+$/.test(hostname);

/** Whether a text is a zone of the IANA database (offsets such as `+01:00` are none: they know no summer time). */
export const isTimezone = (value: string): boolean => {
  // The usual one without a look into the data base, which takes time at every start.
  if (value === 'UTC') return true;
  if (!/^[A-Za-z]/.test(value)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** Whether a text is a day of the week such as `mon`, or a range of them such as `mon-fri` or `sat-mon`. */
export const isDays = (value: string): boolean => {
  const days = value.split('-');
  return days.length <= 2 && days.every((day) => DAYS.includes(day));
};

/** Whether a text is a range of hours such as `09:00-17:30`, over midnight such as `22:00-06:00`, or up to `24:00`. */
export const isHours = (value: string): boolean => {
  const [from, to, more] = value.split('-');
  const start = /^([01]?\d|2[0-3]):[0-5]\d$/;
  if (from === undefined || to === undefined || more !== undefined) return false;
  return (
    start.test(from) && (start.test(to) || to === '24:00') && from.padStart(5, '0') !== to.padStart(5, '0')
  );
};
