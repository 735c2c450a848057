/** Parts of a time that rules can look at. */
export const TIME_PARTS = ['minute', 'hour', 'day', 'week', 'month', 'year'] as const;
export type TimePart = (typeof TIME_PARTS)[number];

/** Wall-clock facts of moments in one IANA time zone. */
export interface TimeZone {
  readonly name: string;
  /** Milliseconds to add to an epoch time so that its UTC reading is the wall clock here. */
  offsetMs(atMs: number): number;
}

// No zone has changed its offset within a quarter of an hour of the epoch grid since 1972.
const STEP_MS = 900_000;
const MAX_CACHED = 4_096;

/** Makes the zone, or undefined when no zone has this name. `UTC` costs nothing; others cache by quarter hours. */
export const createTimeZone = (name: string): TimeZone | undefined => {
  if (name === 'UTC') return { name, offsetMs: () => 0 };
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      era: 'short',
    });
  } catch {
    return undefined;
  }
  const cache = new Map<number, number>();
  return {
    name,
    offsetMs(atMs) {
      const step = Math.floor(atMs / STEP_MS);
      const known = cache.get(step);
      if (known !== undefined) return known;
      const start = step * STEP_MS;
      const parts: Record<string, number> = {};
      for (const part of format.formatToParts(start)) parts[part.type] = Number(part.value);
      const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
      const offset = Date.UTC(year, month - 1, day, hour, minute, second) - start;
      if (cache.size >= MAX_CACHED) cache.clear();
      cache.set(step, offset);
      return offset;
    },
  };
};

// ISO 8601 week: weeks begin on Monday, and week 1 is the one with the year's first Thursday.
const isoWeek = (wall: Date): number => {
  const weekday = (wall.getUTCDay() + 6) % 7;
  const thursday = wall.getTime() + (3 - weekday) * 86_400_000;
  const yearStart = Date.UTC(new Date(thursday).getUTCFullYear(), 0, 1);
  return Math.floor((thursday - yearStart) / 604_800_000) + 1;
};

/** A part of the wall-clock time of `atMs`; months from 1, days of the month from 1, weeks after ISO 8601. */
export const timePart = (zone: TimeZone, part: TimePart, atMs: number): number => {
  const wall = new Date(atMs + zone.offsetMs(atMs));
  switch (part) {
    case 'minute':
      return wall.getUTCMinutes();
    case 'hour':
      return wall.getUTCHours();
    case 'day':
      return wall.getUTCDate();
    case 'week':
      return isoWeek(wall);
    case 'month':
      return wall.getUTCMonth() + 1;
    case 'year':
      break;
  }
  return wall.getUTCFullYear();
};

/** Epoch ms of an ISO 8601 date or time; without a zone it is UTC. Undefined for any other text. */
export const parseTime = (text: string): number | undefined => {
  if (!/^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.test(text))
    return undefined;
  const zoned = /[T ].*(?:Z|[+-]\d{2}:?\d{2})$/.test(text) || text.length === 10;
  const ms = Date.parse(zoned ? text.replace(' ', 'T') : `${text.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) ? undefined : ms;
};
