import { basename, resolve } from 'node:path';
import { z } from 'zod';
import { parseDuration } from '../base/duration.ts';
import type { Verdict } from '../core/delivery.ts';
import { createTimeZone } from '../core/time-zone.ts';
import { createAppender, NoRegularFileError } from './file-appender.ts';
import { alertLine, eventLine, formatOption } from './format.ts';
import { createTurns } from './in-turn.ts';
import type { SinkType } from './sink-type.ts';
import { createReason, describe, unsendable } from './verdict.ts';

const SIZE = /^(\d{1,9})(KB|MB|GB)$/;
const UNIT_BYTES = { KB: 1_000, MB: 1_000_000, GB: 1_000_000_000 } as const;
const SIZE_ALLOWED = 'allowed: a size from 1KB such as 500KB, 100MB or 2GB, or off';
const KEEP_FOR_ALLOWED = 'allowed: a duration of at least 1h, such as 400d';
const ZONE_ALLOWED = 'allowed: a name of the IANA time zone database, such as UTC or Europe/London';

const bytesOf = (size: string): number | undefined => {
  const match = SIZE.exec(size);
  return match ? Number(match[1]) * UNIT_BYTES[match[2] as keyof typeof UNIT_BYTES] : undefined;
};

const isZone = (zone: string): boolean => /^[A-Za-z]/.test(zone) && createTimeZone(zone) !== undefined;

const DAY_MS = 86_400_000;

const options = z.strictObject({
  path: z
    .string()
    .min(1, { error: 'allowed: the path of a file' })
    .refine((path) => !path.includes('\0') && !/[/\\]$/.test(path), { error: 'allowed: the path of a file' })
    .describe(
      'The file that lines are appended to, relative to the working directory; made with its folder when it is not there, readable by its owner only. One sink per file.',
    ),
  format: formatOption(),
  max_size: z
    .string({ error: SIZE_ALLOWED })
    .refine((size) => size === 'off' || (bytesOf(size) ?? 0) > 0, { error: SIZE_ALLOWED })
    .default('100MB')
    .describe('A file that would grow beyond this is rotated before. `off`: whatever its size.'),
  daily: z.boolean().default(true).describe('Whether a new file is begun with the first line of a day.'),
  timezone: z
    .string({ error: ZONE_ALLOWED })
    .refine(isZone, { error: ZONE_ALLOWED })
    .default('UTC')
    .describe('Zone in which a day begins.'),
  gzip: z.boolean().default(true).describe('Whether rotated files are compressed.'),
  keep: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe('How many rotated files stay; the oldest are deleted. Absent: all.'),
  keep_for: z
    .string({ error: KEEP_FOR_ALLOWED })
    .refine((text) => (parseDuration(text) ?? 0) >= 3_600_000, { error: KEEP_FOR_ALLOWED })
    .optional()
    .describe('How long a rotated file stays after its last line. Absent: for ever.'),
  fsync: z
    .boolean()
    .default(true)
    .describe(
      'Whether an alert or a batch of events counts as sent only when the disk has it. `false` is faster, and a power cut may take the last lines.',
    ),
});

/** Lines of JSON in a file, rotated by size and day. For collectors that read files, and for archives. */
export const fileSink: SinkType<typeof options> = {
  type: 'file',
  options,
  secrets: [],
  takesEvents: () => true,
  exclusive: ({ path }) => `file ${resolve(path)}`,
  create: (name, settings, deps) => {
    const { path, format } = settings;
    const file = basename(path);
    const reason = createReason([]);
    const zone = createTimeZone(settings.timezone);
    const appender = createAppender({
      path,
      maxBytes: bytesOf(settings.max_size),
      dayOf: settings.daily ? (ms) => Math.floor((ms + (zone?.offsetMs(ms) ?? 0)) / DAY_MS) : undefined,
      gzip: settings.gzip,
      keep: settings.keep,
      keepForMs: settings.keep_for === undefined ? undefined : parseDuration(settings.keep_for),
      fsync: settings.fsync,
      now: deps.now,
    });
    const inTurn = createTurns();
    let closed = false;

    const append = (lines: readonly string[], signal: AbortSignal): Promise<Verdict> =>
      inTurn(async () => {
        if (closed) return { outcome: 'retry', reason: 'the sink was closed' };
        if (signal.aborted) return { outcome: 'retry', reason: 'called off before the line was written' };
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        try {
          await appender.append(bytes);
        } catch (error) {
          const outcome = error instanceof NoRegularFileError ? 'rejected' : 'retry';
          return { outcome, reason: reason(`${file}: `, describe(error)) };
        }
        const trouble = appender.trouble();
        const note = trouble === undefined ? '' : `; rotated files are not in order: ${describe(trouble)}`;
        const what = `${lines.length} ${lines.length === 1 ? 'line' : 'lines'}`;
        return {
          outcome: 'sent',
          receipt: reason(`${what} appended to `, `${file}${note}`),
          bytes: bytes.length,
        };
      });

    return {
      name,
      type: 'file',
      concurrency: 1,
      eventBatch: 500,
      async send(delivery, signal) {
        let line: string;
        try {
          line = alertLine(format, delivery, deps.version);
        } catch (error) {
          return unsendable(error, reason);
        }
        return append([line], signal);
      },
      sendEvents: (batch, signal) =>
        append(
          batch.map((event) => eventLine(format, event, deps.version)),
          signal,
        ),
      close: () =>
        inTurn(async () => {
          closed = true;
          await appender.close();
        }),
    };
  },
};
