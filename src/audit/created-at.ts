const FORM =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:([Zz])|([+-])(\d\d):?(\d\d)?)?$/;

/** What {@link parseCreatedAt} accepts, for messages. */
export const CREATED_AT_FORM =
  'a date such as 2018-08-13T10:15:31 (fraction, Z or offset may follow), year 1970 to 9999';

/**
 * Epoch milliseconds of an event's `created_at`; undefined when the text is no date of the calendar. Without a zone
 * it is UTC: the API documents `2018-08-13T10:15:31` and says nothing of a zone. Fractions are kept to the millisecond.
 * Years before 1970 are refused: `0001-01-01` is how some platforms write "no date".
 */
export const parseCreatedAt = (text: string): number | undefined => {
  const match = FORM.exec(text);
  if (!match) return undefined;
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6]);
  if (year < 1970 || hour > 23 || minute > 59 || second > 59) return undefined;
  const ms = match[7] === undefined ? 0 : Number(match[7].padEnd(3, '0').slice(0, 3));
  const utc = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  // Date.UTC lets months and days overflow into the next; a date of the calendar comes back as it went in.
  const date = new Date(utc);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (match[9] === undefined) return utc;
  const offsetHour = Number(match[10]);
  const offsetMinute = Number(match[11] ?? 0);
  if (offsetHour > 23 || offsetMinute > 59) return undefined;
  return utc - (match[9] === '+' ? 1 : -1) * (offsetHour * 60 + offsetMinute) * 60_000;
};

/** How a bound of a query is written: the API's own form without zone, or the same with a trailing `Z`. */
export type DateForm = 'local' | 'zulu';

const atSecond = (ms: number, form: DateForm): string =>
  new Date(ms).toISOString().slice(0, 19) + (form === 'zulu' ? 'Z' : '');

/** A lower bound, rounded down to the second (the API's resolution), so that nothing inside it is cut off. */
export const lowerBound = (ms: number, form: DateForm): string =>
  atSecond(Math.floor(ms / 1_000) * 1_000, form);

/** An upper bound, rounded up to the second. */
export const upperBound = (ms: number, form: DateForm): string =>
  atSecond(Math.ceil(ms / 1_000) * 1_000, form);
