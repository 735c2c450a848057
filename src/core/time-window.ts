import { createTimeZone, type TimeZone } from './time-zone.ts';

/** A named time window as the configuration gives it, such as office hours. */
export interface TimeWindowSettings {
  /** `mon` … `sun`, or ranges such as `mon-fri`; every day when missing. */
  readonly days?: string | readonly string[];
  /** `09:00-17:30`, several allowed; a range over midnight belongs to the day it begins on. All day when missing. */
  readonly hours?: string | readonly string[];
  /** IANA name of the zone; the configured `timezone` when missing. */
  readonly timezone?: string;
}

/** A text that an operator wrote, quoted and cut for a message. */
const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text);

/** Whether a moment (epoch ms) lies in the window. */
export type TimeWindow = (atMs: number) => boolean;

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const DAY_MS = 86_400_000;

const listOf = (value: string | readonly string[] | undefined): readonly string[] | undefined =>
  typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;

const dayIndex = (text: string): number => DAYS.indexOf(text.trim().toLowerCase().slice(0, 3));

const readDays = (texts: readonly string[]): Set<number> | string => {
  const days = new Set<number>();
  for (const text of texts) {
    const [from, to = from, more] = text.split('-') as [string, string?, string?];
    const first = dayIndex(from);
    const last = dayIndex(to);
    if (first < 0 || last < 0 || more !== undefined)
      return `${shown(text)} is no day; allowed are ${DAYS.join(', ')} and ranges such as mon-fri`;
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return days;
};

const readHours = (texts: readonly string[]): [number, number][] | string => {
  const ranges: [number, number][] = [];
  for (const text of texts) {
    const match = /^\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*$/.exec(text);
    const [from, to] = match
      ? [Number(match[1]) * 60 + Number(match[2]), Number(match[3]) * 60 + Number(match[4])]
      : [-1, -1];
    const minutesRight = match && Number(match[2]) < 60 && Number(match[4]) < 60;
    if (!minutesRight || from > 1_440 || to > 1_440 || from === to)
      return `${shown(text)} is no range of hours such as 09:00-17:30 or 22:00-06:00`;
    ranges.push([from, to]);
  }
  return ranges;
};

/**
 * Compiles a time window; a text says what is wrong with the settings. The wall clock decides, so 09:00 is 09:00 on
 * both sides of a change to summer time.
 */
export const createTimeWindow = (settings: TimeWindowSettings, fallback: TimeZone): TimeWindow | string => {
  const zone = settings.timezone === undefined ? fallback : createTimeZone(settings.timezone);
  if (!zone) return `unknown time zone ${shown(settings.timezone ?? '')}`;
  const days = readDays(listOf(settings.days) ?? DAYS);
  if (typeof days === 'string') return days;
  const hours = readHours(listOf(settings.hours) ?? ['00:00-24:00']);
  if (typeof hours === 'string') return hours;
  return (atMs) => {
    const wall = atMs + zone.offsetMs(atMs);
    const dayNumber = Math.floor(wall / DAY_MS);
    const minute = Math.floor((wall - dayNumber * DAY_MS) / 60_000);
    // Day 0 of the epoch was a Thursday.
    const today = (((dayNumber + 3) % 7) + 7) % 7;
    const yesterday = (today + 6) % 7;
    return hours.some(([from, to]) =>
      from < to
        ? days.has(today) && minute >= from && minute < to
        : (days.has(today) && minute >= from) || (days.has(yesterday) && minute < to),
    );
  };
};

const MINUTE_MS = 60_000;
/** A window repeats every week; a day more covers the changes of summer time. */
const LONGEST_SEARCH_MS = 8 * DAY_MS;

/**
 * Answers when `isOpen`, which asks time windows, is true next: at the given time itself, or the minute in which it
 * becomes true. What is not open within eight days never is; then it is eight days from then, so that nothing waits for
 * ever. What was found to be closed is remembered: of a flood of alerts only the first one looks for Monday morning.
 */
export const createNextOpening = (isOpen: (atMs: number) => boolean): ((atMs: number) => number) => {
  let closed = { fromMs: 0, toMs: 0 };
  return (atMs) => {
    if (isOpen(atMs)) return atMs;
    const lastMs = atMs + LONGEST_SEARCH_MS;
    const isKnown = atMs >= closed.fromMs && atMs < closed.toMs;
    let minute = isKnown ? closed.toMs : Math.floor(atMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
    while (minute < lastMs && !isOpen(minute)) minute += MINUTE_MS;
    closed = { fromMs: isKnown ? closed.fromMs : atMs, toMs: minute };
    return Math.min(minute, lastMs);
  };
};
