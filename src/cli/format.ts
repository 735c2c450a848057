import { type Command, Option } from 'commander';
import { csvRecord } from '../export/csv.ts';
import { escapeJsonControls, showControls } from '../logs/terminal.ts';
import type { Output } from './output.ts';
import { type Column, type Paint, printTable } from './table.ts';

/** How a list can be written: for people, one JSON object a line, one JSON array, or for spreadsheets. */
export const LIST_FORMATS = ['table', 'ndjson', 'json', 'csv'] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

/** How one answer can be written. */
export const ANSWER_FORMATS = ['text', 'json'] as const;
export type AnswerFormat = (typeof ANSWER_FORMATS)[number];

/** Gives a command that lists things `--output` and, as the short form for programs, `--json`. */
export const withListFormats = (command: Command): Command =>
  command
    .addOption(
      new Option('-o, --output <format>', 'how it is written').choices(LIST_FORMATS).default('table'),
    )
    .addOption(new Option('--json', 'one JSON object a line: --output ndjson').implies({ output: 'ndjson' }));

/** How several answers can be written: as a text, or one JSON object a line. */
export const RECORD_FORMATS = ['text', 'ndjson'] as const;
export type RecordFormat = (typeof RECORD_FORMATS)[number];

/** Gives a command with several answers, which are no table, the same options. */
export const withRecordFormats = (command: Command): Command =>
  command
    .addOption(
      new Option('-o, --output <format>', 'how it is written').choices(RECORD_FORMATS).default('text'),
    )
    .addOption(new Option('--json', 'one JSON object a line: --output ndjson').implies({ output: 'ndjson' }));

/** Gives a command with one answer the same options. */
export const withAnswerFormats = (command: Command): Command =>
  command
    .addOption(
      new Option('-o, --output <format>', 'how it is written').choices(ANSWER_FORMATS).default('text'),
    )
    .addOption(new Option('--json', 'one JSON object: --output json').implies({ output: 'json' }));

/** How the items of a list are written. */
export interface ListStyle<T> {
  readonly columns: readonly Column[];
  /** One text for each column, without control characters. */
  cells(item: T): readonly string[];
  /** What programs get: snake_case, times in ISO 8601. For CSV its members are the columns. */
  json(item: T): object;
  /** The same as JSON on one line, where that is not what serialising makes of it; for CSV it is not asked. */
  readonly text?: (item: T) => string;
  paint?(text: string, item: T, column: number): string;
  /** What is said to people when there is nothing. */
  readonly nothing: string;
}

/** Takes the items of a list, one by one, and writes them. */
export interface ListWriter<T> {
  add(item: T): Promise<void>;
  /** Writes what is left; `foot` stands under the table for people. */
  end(foot?: string): Promise<void>;
}

/** So many rows are aligned together: a table of a million rows must not wait for its last, nor be kept. */
const BLOCK = 500;

/** A value as one cell that cannot steer a terminal; lists and maps as JSON. */
const cell = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  return showControls(typeof value === 'string' ? value : JSON.stringify(value));
};

/** Makes the writer of a list in a format. Memory is bounded whatever the number of items. */
export const createListWriter = <T>(out: Output, format: ListFormat, style: ListStyle<T>): ListWriter<T> => {
  const text = (item: T): string =>
    escapeJsonControls(style.text ? style.text(item) : JSON.stringify(style.json(item)));
  let count = 0;
  let block: T[] = [];
  const flush = async (): Promise<void> => {
    const items = block;
    block = [];
    const paint: Paint = (text, row, column) => {
      const item = items[row];
      return item !== undefined && style.paint ? style.paint(text, item, column) : text;
    };
    await printTable(out, style.columns, items.map(style.cells), { paint, heads: count <= BLOCK });
  };
  return {
    async add(item) {
      count += 1;
      switch (format) {
        case 'ndjson':
          return out.line(text(item));
        case 'json':
          await out.write(count === 1 ? '[\n' : ',\n');
          return out.write(text(item));
        case 'csv': {
          const record = style.json(item);
          if (count === 1) await out.write(csvRecord(Object.keys(record)));
          return out.write(csvRecord(Object.values(record).map(cell)));
        }
        case 'table':
          block.push(item);
          if (block.length >= BLOCK) await flush();
          return;
      }
    },
    async end(foot) {
      if (format === 'json') return out.write(count === 0 ? '[]\n' : '\n]\n');
      if (format !== 'table') return;
      if (block.length > 0) await flush();
      if (count === 0) await out.line(style.nothing);
      else if (foot !== undefined) await out.line(out.colours.faint(foot));
    },
  };
};
