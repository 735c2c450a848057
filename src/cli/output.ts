import type { Writable } from 'node:stream';
import { processEnvironment } from '../config/process-environment.ts';
import type { Level } from '../core/alert.ts';
import { escapeJsonControls } from '../logs/terminal.ts';

/** Text in colours; every member answers the text unchanged where colour is not wanted. */
export interface Colours {
  bad(text: string): string;
  good(text: string): string;
  doubtful(text: string): string;
  strong(text: string): string;
  faint(text: string): string;
}

/** A stream as commands use it. */
export interface Output {
  readonly colours: Colours;
  /** Width in columns; undefined when it is no terminal. */
  readonly columns: number | undefined;
  /** Whether the reader has gone away (`… | head`): what is written from then on goes nowhere. */
  readonly closed: boolean;
  /** Resolves when more may be written, so that a slow reader slows the writer down. Never rejects for a closed pipe. */
  write(text: string): Promise<void>;
  /** One line. */
  line(text?: string): Promise<void>;
  /** A value as JSON on one line, in which nothing can steer a terminal. */
  json(value: unknown): Promise<void>;
}

/** What is asked of a stream: stdout and stderr are such. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

const painted =
  (code: string, wanted: boolean) =>
  (text: string): string =>
    wanted ? `\u001b[${code}m${text}\u001b[0m` : text;

/** Colours for a stream: only on a terminal, and not with NO_COLOR (https://no-color.org). */
const coloursFor = (stream: OutputStream, noColor: string | undefined): Colours => {
  const wanted = stream.isTTY === true && !noColor;
  return {
    bad: painted('31', wanted),
    good: painted('32', wanted),
    doubtful: painted('33', wanted),
    strong: painted('1', wanted),
    faint: painted('2', wanted),
  };
};

/** A text in the colour of a level. */
export const paintLevel = (colours: Colours, level: Level, text: string): string => {
  if (level === 'critical' || level === 'high') return colours.bad(text);
  return level === 'medium' ? colours.doubtful(text) : text;
};

/** What commands write to, over a stream. `noColor` is the variable NO_COLOR. */
export const createOutput = (stream: OutputStream, noColor: string | undefined): Output => {
  let closed = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    closed = true;
  });
  const write = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      if (closed) return resolve();
      stream.write(text, (error) => {
        if (!error || ('code' in error && error.code === 'EPIPE')) resolve();
        else reject(error);
      });
    });
  return {
    colours: coloursFor(stream, noColor),
    columns: stream.isTTY ? (stream.columns ?? 80) : undefined,
    get closed() {
      return closed;
    },
    write,
    line: (text = '') => write(`${text}\n`),
    json: (value) => write(`${escapeJsonControls(JSON.stringify(value))}\n`),
  };
};

let made: { readonly out: Output; readonly err: Output } | undefined;

/** stdout for what was asked for, stderr for what is said beside it. */
export const outputs = (): { readonly out: Output; readonly err: Output } => {
  if (!made) {
    const { NO_COLOR } = processEnvironment();
    made = { out: createOutput(process.stdout, NO_COLOR), err: createOutput(process.stderr, NO_COLOR) };
  }
  return made;
};
