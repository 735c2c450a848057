import { isatty } from 'node:tty';
import { pino } from 'pino';
import { errorText } from '../base/errors.ts';
import type { Clock } from '../core/clock.ts';
import type { Log, LogFields } from '../core/log.ts';
import type { LogEvent } from '../core/log-events.ts';
import { createPrettifier } from './pretty.ts';
import { createRedactor, type Secrets } from './redact.ts';
import { escapeJsonControls } from './terminal.ts';
import { createWriter, type TextStream } from './writer.ts';

/** Least severe line that is written; `silent` writes none. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A {@link Log} whose level can be changed while it is used. */
export interface AdjustableLog extends Log {
  setLevel(level: LogLevel): void;
}

/** The names that begin every line and that no field may take. */
const RESERVED = ['time', 'level', 'event'] as const;
/** How deep errors are looked for in fields; deeper ones are left to JSON. */
const ERROR_DEPTH = 2;

/**
 * The structured log. Every line is one JSON object `{level, time, event, …fields}` with `time` in ISO 8601, or, with
 * `pretty`, one line for people. Errors among the fields become their text with causes; a field that is named `time`,
 * `level` or `event` gets an underscore behind its name, so that content cannot pose as the head of a line. No line
 * holds a secret of `secrets` (see {@link createRedactor}) or a raw control character. Logging never throws.
 *
 * @param options.destination a stream or a file descriptor, written synchronously; stdout by default.
 * @param options.colour only with `pretty`; by default when the destination is a terminal.
 */
export const createLog = (options: {
  readonly level: LogLevel;
  readonly pretty: boolean;
  readonly secrets: Secrets;
  readonly destination?: TextStream | number;
  readonly colour?: boolean;
  readonly now?: Clock;
}): AdjustableLog => {
  const destination = options.destination ?? 1;
  const colour = options.colour ?? (typeof destination === 'number' && isatty(destination));
  const redact = createRedactor(options.secrets);
  const finish = options.pretty ? createPrettifier(colour) : escapeJsonControls;
  const lines = pino(
    {
      level: options.level,
      base: null,
      timestamp: createTimestamp(options.now ?? Date.now),
      formatters: { level: (label) => ({ level: label }) },
    },
    createWriter(destination, (text) => finish(redact(text))),
  );

  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (event: LogEvent, fields: LogFields = {}): void => {
      if (!lines.isLevelEnabled(level)) return;
      try {
        lines[level]({ event, ...expressible(fields) });
      } catch (error) {
        lines[level]({ event, unloggable: errorText(error) });
      }
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    setLevel(level) {
      lines.level = level;
    },
  };
};

/** The `time` member; made once per millisecond, since it is the dearest part of a short line. */
const createTimestamp = (now: Clock): (() => string) => {
  let atMs = Number.NaN;
  let member = '';
  return () => {
    const nowMs = now();
    if (nowMs !== atMs) {
      atMs = nowMs;
      member = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return member;
  };
};

const expressible = (fields: LogFields): LogFields => {
  const out = holdsError(fields, ERROR_DEPTH) ? (withErrorTexts(fields, ERROR_DEPTH) as LogFields) : fields;
  if (!RESERVED.some((name) => Object.hasOwn(out, name))) return out;
  return Object.fromEntries(
    Object.entries(out).map(([name, value]) => [
      RESERVED.some((head) => head === name) ? `${name}_` : name,
      value,
    ]),
  );
};

/** Asked of every line before anything is copied: errors are rare and events are large. */
const holdsError = (value: unknown, depth: number): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Error) return true;
  if (depth === 0) return false;
  for (const name in value) {
    const inner = (value as LogFields)[name];
    // Looked at here, since most are texts and numbers: a call for each is felt in thousands of lines a second.
    if (typeof inner === 'object' && holdsError(inner, depth - 1)) return true;
  }
  return false;
};

const withErrorTexts = (value: unknown, depth: number): unknown => {
  if (value instanceof Error) return errorText(value);
  if (!holdsError(value, depth)) return value;
  if (Array.isArray(value)) return value.map((item) => withErrorTexts(item, depth - 1));
  return Object.fromEntries(
    Object.entries(value as LogFields).map(([name, item]) => [name, withErrorTexts(item, depth - 1)]),
  );
};
