import type { LogEvent } from './log-events.ts';

/** Facts of a log line. Names are snake_case, times ISO 8601, durations `…_ms`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log: every line has a stable `event` name from {@link LOG_EVENTS}. Secrets are redacted behind it. */
export interface Log {
  debug(event: LogEvent, fields?: LogFields): void;
  info(event: LogEvent, fields?: LogFields): void;
  warn(event: LogEvent, fields?: LogFields): void;
  error(event: LogEvent, fields?: LogFields): void;
}
