import { createRequire } from 'node:module';
import type { prettyFactory } from 'pino-pretty';
import { mapJsonStrings } from './json-strings.ts';
import { showControls } from './terminal.ts';

const HEAD = new Set(['time', 'level', 'event']);

/**
 * Makes a function that turns lines of JSON (each ended by a line feed) into lines for people:
 * `12:00:00 INFO: poll.completed account=default fresh=3`. Runs in this process and synchronously; the package is
 * loaded here, so that a log of JSON does not pay for it.
 */
export const createPrettifier = (colour: boolean): ((lines: string) => string) => {
  const load = createRequire(import.meta.url);
  const { prettyFactory: create } = load('pino-pretty') as { prettyFactory: typeof prettyFactory };
  const pretty = create({
    colorize: colour,
    messageKey: 'event',
    timestampKey: 'time',
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    messageFormat: (line, _key, _label, { colors }) =>
      [
        String(line['event']),
        ...Object.entries(line)
          .filter(([name]) => !HEAD.has(name))
          .map(([name, value]) => `${colors.gray(`${name}=`)}${shown(value)}`),
      ].join(' '),
  });
  return (lines) =>
    lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => pretty(JSON.parse(mapJsonStrings(line, showControls))))
      .join('');
};

/** Plain words bare, everything else as JSON, so that where a value ends is never in doubt. */
const shown = (value: unknown): string =>
  typeof value === 'string' && /^[\p{L}\p{N}_.:/@+-]+$/u.test(value)
    ? value
    : JSON.stringify(value).replaceAll('\\\\u', '\\u');
