import { z } from 'zod';
import { isDays, isHours, isTimezone } from './values.ts';

/* Times by the wall clock, as sections name them. */

const TIMEZONE_ALLOWED = 'allowed: a name of the IANA time zone database, such as UTC or Europe/London';
const DAYS_ALLOWED = 'allowed: mon, tue, wed, thu, fri, sat, sun and ranges such as mon-fri';
const HOURS_ALLOWED = 'allowed: a range of hours such as 09:00-17:30, over midnight such as 22:00-06:00';

export const timezone = () =>
  z.string().refine(isTimezone, { error: TIMEZONE_ALLOWED }).meta({ allowed: 'IANA time zone' });

/** One text or a list of them; becomes a list. */
const several = (isRight: (value: string) => boolean, error: string) => {
  const one = z.string({ error }).refine(isRight, { error });
  return z
    .union([one, z.array(one).min(1, { error })], { error })
    .transform((value): readonly string[] => (typeof value === 'string' ? [value] : value))
    .optional();
};

export const severalDays = () => several(isDays, DAYS_ALLOWED);

export const severalHours = () => several(isHours, HOURS_ALLOWED);
