import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../base/duration.ts';
import { parseStart } from '../config/values.ts';
import { matchValueProblem, parseMatcher } from '../core/matcher.ts';

/* Readers of options that several commands have. Each throws an InvalidArgumentError that says what is allowed. */

/** How moments are written, for descriptions of options. */
export const MOMENT = '2026-01-31, 2026-01-31T12:00:00Z, or 2h for two hours ago';

/** Epoch ms of a day, a time with its zone, or a duration before now. */
export const moment = (text: string): number => {
  const parsed = parseStart(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (!parsed)
    throw new InvalidArgumentError(
      'Allowed: a day such as 2026-01-31, a time such as 2026-01-31T12:00:00Z, or a duration before now such as 30d.',
    );
  if (parsed.kind === 'at') return parsed.ms;
  return Math.floor((Date.now() - (parsed.kind === 'ago' ? parsed.ms : 0)) / 1_000) * 1_000;
};

/** Milliseconds, more than none. */
export const duration = (text: string): number => {
  const ms = parseDuration(text);
  if (ms === undefined || ms === 0) throw new InvalidArgumentError('Allowed: a duration such as 14d or 12h.');
  return ms;
};

/** A whole number from 1 to a million. */
export const count = (text: string): number => {
  if (!/^[1-9]\d{0,5}$|^1000000$/.test(text))
    throw new InvalidArgumentError('Allowed: a whole number from 1 to 1000000.');
  return Number(text);
};

/** Adds a text to those before: for options that can be repeated. */
export const listed = (text: string, before: readonly string[]): readonly string[] => [...before, text];

/** Adds a matcher such as `rule=x` to those before; the values of one key are alternatives. */
export const matcher = (
  text: string,
  before: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> => {
  const parsed = parseMatcher(text);
  const problem = parsed ? matchValueProblem(parsed[1]) : 'no matcher';
  if (!parsed || problem !== undefined)
    throw new InvalidArgumentError(
      `${problem}. Allowed: key=value, key!=value, key=~expression, key!~expression; keys as in routes.`,
    );
  const [key, value] = parsed;
  return { ...before, [key]: [...(before[key] ?? []), value] };
};
