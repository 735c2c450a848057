import { formatDuration } from '../base/duration.ts';

/** A number for people: `12,345`. */
export const grouped = (value: number): string => value.toLocaleString('en-US');

/** A duration for people who are told how things are: whole seconds, and never none. */
export const lasted = (ms: number): string => formatDuration(Math.max(Math.round(ms / 1_000), 1) * 1_000);

/** `1 rule`, `2 rules`, `no rule`; the plural is given where it is not made with an `s`. */
export const counted = (count: number, what: string, plural = `${what}s`): string =>
  count === 0 ? `no ${what}` : `${grouped(count)} ${count === 1 ? what : plural}`;
