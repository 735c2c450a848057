import { parseSingle } from '../audit/page.ts';
import { own } from '../base/json.ts';
import { FLEET } from '../core/fleet.ts';
import type { EventAlert, StoredEvent } from '../core/history.ts';
import type { Anonymise } from '../export/anonymise.ts';
import { csvRecord } from '../export/csv.ts';
import type { Pseudonyms } from '../export/pseudonyms.ts';
import { escapeJsonControls } from '../logs/terminal.ts';

/** How an export is written: one JSON object a line, a table after RFC 4180, or one JSON array. */
export const EXPORT_FORMATS = ['ndjson', 'csv', 'json'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What is done to everything that leaves. */
export interface Anonymiser {
  readonly event: Anonymise;
  readonly pseudonyms: Pseudonyms;
}

/** One format: what stands before, between and after the records, and a record. */
export interface RecordWriter {
  readonly before: string;
  readonly between: string;
  readonly after: string;
  /** `alerts` undefined: not asked for. */
  record(event: StoredEvent, alerts: readonly EventAlert[] | undefined): string;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** JSON as it was stored, on one line and unable to steer a terminal: line ends stand only between the tokens of JSON. */
const oneLine = (json: string): string => escapeJsonControls(json.replace(/[\r\n]+/g, ' ').trim());

/** The JSON of an object with one member more. */
const withMember = (json: string, name: string, value: object): string => {
  const head = json.slice(0, -1).trimEnd();
  return `${head}${head === '{' ? '' : ','}${JSON.stringify(name)}:${escapeJsonControls(JSON.stringify(value))}}`;
};

const COLUMNS = [
  'account',
  'id',
  'event_type',
  'created_at',
  'seen_at',
  'account_id',
  'user_id',
  'user_email',
  'source',
  'source_ip',
  'source_country',
] as const;

/** Makes the writer of a format. With `alerts`, tables have a column for them. `ofOneAccount`: nothing is told of others. */
export const createRecordWriter = (
  format: ExportFormat,
  alerts: boolean,
  anonymiser: Anonymiser | undefined,
  ofOneAccount = false,
): RecordWriter => {
  const textOf = (event: StoredEvent): string =>
    oneLine(anonymiser ? anonymiser.event(event.json) : event.json);
  const accountOf = (event: StoredEvent): string =>
    anonymiser ? anonymiser.pseudonyms.account(event.account) : event.account;

  const alertJson = ({
    account,
    id,
    kind,
    level,
    ruleId,
    title,
    message,
    decidedAtMs,
  }: EventAlert): object => ({
    id,
    kind,
    level,
    rule: ruleId,
    title,
    // It tells in prose what an event says, of this event and of others: who gets one account must not read of the rest.
    ...(!anonymiser && !(ofOneAccount && account === FLEET) && { message }),
    decided_at: iso(decidedAtMs),
  });

  const line = (event: StoredEvent, found: readonly EventAlert[] | undefined): string =>
    withMember(textOf(event), '_monitor', {
      account: accountOf(event),
      seen_at: iso(event.seenAtMs),
      ...(found && { alerts: found.map(alertJson) }),
    });

  const row = (event: StoredEvent, found: readonly EventAlert[] | undefined): string => {
    const json = textOf(event);
    const parsed = parseSingle('', json);
    const fields = 'value' in parsed ? parsed.value.fields : {};
    const ours: Readonly<Record<string, string>> = {
      account: accountOf(event),
      id: event.id,
      event_type: event.eventType,
      created_at: iso(event.createdAtMs),
      seen_at: iso(event.seenAtMs),
    };
    const cells = COLUMNS.map((name) => {
      const value = ours[name] ?? own(fields, name) ?? '';
      return typeof value === 'object' ? JSON.stringify(value) : String(value);
    });
    const told = found?.map(({ level, title, id }) => `${level}: ${title} (${id})`).join('; ');
    return csvRecord([...cells, ...(told === undefined ? [] : [told]), json]);
  };

  if (format === 'csv')
    return {
      before: csvRecord([...COLUMNS, ...(alerts ? ['alerts'] : []), 'event']),
      between: '',
      after: '',
      record: row,
    };
  if (format === 'json') return { before: '[\n', between: ',\n', after: '\n]\n', record: line };
  return { before: '', between: '\n', after: '\n', record: line };
};
