import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';

/*
 * What parameters of requests are made of. Every one says what it allows in a text that completes a message:
 * "query.from: found x, allowed: …".
 */

/** A moment as it was asked for; a duration before now needs the time of the request. */
export type Moment = (nowMs: number) => number;

const MOMENT_ALLOWED =
  'allowed: a time with its zone such as 2026-01-31T12:00:00Z, a day such as 2026-01-31, or a duration before now such as 24h';
const TIME = /^(\d{4})-(\d\d)-(\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;

const readMoment = (text: string): Moment | undefined => {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return (nowMs) => Math.max(0, nowMs - agoMs);
  const match = TIME.exec(text);
  const ms = Date.parse(text);
  if (!match || Number.isNaN(ms)) return undefined;
  // JavaScript reads 31 February as 3 March.
  const [, year, month, day] = match.map(Number);
  const date = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day ?? 0));
  return date.getUTCDate() === day ? () => ms : undefined;
};

/** A {@link Moment}. */
export const moment = () =>
  z
    .string({ error: MOMENT_ALLOWED })
    .refine((text) => readMoment(text) !== undefined, { error: MOMENT_ALLOWED })
    .transform((text): Moment => readMoment(text) ?? (() => 0));

/** Several values of an enumeration, with commas between. */
export const listOf = <T extends string>(allowed: readonly T[]) => {
  const error = `allowed: one or several of ${allowed.join(', ')}, with commas between`;
  const split = (text: string): string[] => text.split(',').map((part) => part.trim());
  return z
    .string({ error })
    .refine((text) => split(text).every((part) => (allowed as readonly string[]).includes(part)), { error })
    .transform((text): readonly T[] => [...new Set(split(text))] as T[]);
};

const MAX_NAMES = 100;
const NAMES_ALLOWED = `allowed: 1 to ${MAX_NAMES} names with commas between`;

/** Several names, with commas between. */
export const names = () => {
  const split = (text: string): string[] =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  return z
    .string({ error: NAMES_ALLOWED })
    .refine((text) => split(text).length > 0 && split(text).length <= MAX_NAMES, { error: NAMES_ALLOWED })
    .transform((text): readonly string[] => [...new Set(split(text))]);
};

/** A text that is not empty and not longer than `max`. */
export const text = (max: number) => {
  const error = `allowed: a text of 1 to ${max} characters`;
  return z.string({ error }).min(1, { error }).max(max, { error });
};

/** One of a few words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(allowed: T) =>
  z.enum(allowed, { error: `allowed: ${allowed.join(', ')}` });

/** A whole number in a query, both bounds included. */
export const whole = (min: number, max: number) => {
  const error = `allowed: a whole number from ${min} to ${max}`;
  const isRight = (text: string): boolean =>
    /^\d{1,10}$/.test(text) && Number(text) >= min && Number(text) <= max;
  return z.string({ error }).refine(isRight, { error }).transform(Number);
};

/** Only `true`: what a query asks for beside the usual. */
export const flag = () =>
  z
    .enum(['true', 'false'], { error: 'allowed: true or false' })
    .transform((text) => text === 'true')
    .optional();

/** A duration such as `2h`, as milliseconds. */
export const duration = () => {
  const error = 'allowed: a duration such as 30m, 2h or 7d';
  return z
    .string({ error })
    .refine((text) => (parseDuration(text) ?? 0) > 0, { error })
    .transform((text) => parseDuration(text) ?? 0);
};

/** Where a part of a list begins, and how long it is. */
export const paging = {
  after: text(400).optional().describe('`next` of the part before.'),
  limit: whole(1, 1_000).optional().describe('Items of one part, at most; 100 unless said.'),
};

/** The order of a list. */
export const order = oneOf(['newest', 'oldest']).optional().describe('`newest` first unless said.');
