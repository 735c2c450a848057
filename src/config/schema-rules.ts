import { z } from 'zod';
import { severalDays, severalHours, timezone } from './schema-times.ts';
import { name, text } from './values.ts';

const listFile = z.strictObject({
  file: text().describe(
    'A file with one text a line; empty lines and comments (`#`) are left out. Relative to the configuration file.',
  ),
});

const lists = z
  .record(
    name(),
    z.union([z.array(z.string()), listFile], {
      error: 'allowed: a list of texts, or a map with the key "file"',
    }),
  )
  .prefault({})
  .describe(
    'Named lists of texts, for `|expand` in rules: `%name%` there is any text of the list. Instead of a list, `{ file: PATH }` takes them from a file, one a line.',
  );

const timeWindow = z.strictObject({
  days: severalDays()
    .describe('Days of the week, such as `mon-fri` or `[mon-thu, sat]`. Absent: every day.')
    .meta({ allowed: 'day or range of days, or a list of these' }),
  hours: severalHours()
    .describe(
      'Hours by the wall clock, such as `09:00-17:30` or `[08:00-12:00, 13:00-17:00]`; the end is not part of them. A range over midnight belongs to the day on which it begins. Absent: all day.',
    )
    .meta({ allowed: 'range of hours, or a list of these' }),
  timezone: timezone().optional().describe('Zone of days and hours. Absent: the `timezone` above.'),
});

/** What rules are read from, and what they are read with. */
export const RULE_SECTIONS = {
  rules: z
    .array(text())
    .default(['rules'])
    .describe('Rule files, or folders that are searched for `*.yml` and `*.yaml`; relative to this file.'),
  lists,
  timezone: timezone().default('UTC').describe('Zone in which rules read the time of day.'),
  time_windows: z
    .record(name(), timeWindow)
    .prefault({})
    .describe('Named times, such as office hours, for `inside` and `outside` in rules.'),
} as const;
