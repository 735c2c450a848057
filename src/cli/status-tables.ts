import { visibleText } from '../alerts/visible-text.ts';
import { counted, grouped } from '../app/numbers.ts';
import type { AccountStatus, SinkStatus, StatusAnswer } from '../server/status-shape.ts';
import type { Colours, Output } from './output.ts';
import { type Column, printTable } from './table.ts';
import { agoCell, spanText } from './times.ts';

/* The tables of `status`: accounts and sinks. */

/** More accounts or sinks than this are summed up, unless all are asked for: only those in trouble are shown. */
const MAX_ROWS = 12;
const NAME = 24;

/** Those that are shown: all, or when they are many those in trouble. */
const chosen = <T extends { readonly state: string }>(items: readonly T[], all: boolean): readonly T[] =>
  all || items.length <= MAX_ROWS
    ? items
    : items
        .filter(({ state }) => state !== 'ok' && state !== 'standby' && state !== 'off')
        .slice(0, MAX_ROWS);

const hiddenText = (of: string, total: number, printed: number): string =>
  `${grouped(total - printed)} ${printed > 0 ? 'more ' : ''}${of}; --all shows them`;

/** Prints the accounts. `all`: however many. */
export const printAccounts = async (
  out: Output,
  { accounts, now }: StatusAnswer,
  all: boolean,
): Promise<void> => {
  const rows = chosen(accounts, all);
  if (rows.length > 0)
    await printTable(
      out,
      ACCOUNT_COLUMNS,
      rows.map((account) => [
        visibleText(account.name, NAME),
        account.state,
        account.watermark_age_seconds === null ? '-' : spanText(account.watermark_age_seconds * 1_000),
        agoCell(account.last_poll_at, now),
        completeText(account),
        account.events === null ? '-' : grouped(account.events),
        visibleText(account.reason ?? backfillText(account), 200),
      ]),
      {
        paint: (text, row, column) =>
          column === 1
            ? paintAccount(out.colours, rows[row], text)
            : column === 6
              ? out.colours.faint(text)
              : text,
      },
    );
  if (rows.length < accounts.length)
    await out.line(out.colours.faint(hiddenText('accounts', accounts.length, rows.length)));
};

const ACCOUNT_COLUMNS: readonly Column[] = [
  { head: 'ACCOUNT', min: 12 },
  { head: 'STATE' },
  { head: 'BEHIND', right: true },
  { head: 'LAST PASS', right: true },
  { head: 'COMPLETE', drop: 1 },
  { head: 'EVENTS', right: true, drop: 2 },
  { head: '', min: 16 },
];

const backfillText = ({ backfills }: AccountStatus): string => {
  const [first] = backfills;
  return first ? `backfill from ${first.from.slice(0, 10)}: ${counted(first.events, 'event')} so far` : '';
};

/** What is proven about the trail, in a few words. */
export const completeText = (account: AccountStatus): string => {
  const { unverified, never_read: never } = account;
  if (account.complete_until === null && unverified.length === 0) return '-';
  const gaps = never.filter(({ from }) => from !== null).length;
  const parts = [
    ...(unverified.length > 0 ? [`${unverified.length} unverified`] : []),
    ...(gaps > 0 ? [`${gaps} never read`] : []),
  ];
  return parts.length === 0 ? 'yes' : parts.join(', ');
};

/** The state of an account in its colour. */
export const paintAccount = (colours: Colours, account: AccountStatus | undefined, text: string): string => {
  switch (account?.state) {
    case 'ok':
    case 'standby':
      return colours.good(text);
    case 'failing':
      return colours.bad(text);
    case 'starting':
    case 'behind':
    case undefined:
      break;
  }
  return colours.doubtful(text);
};

/** Prints the sinks. `all`: however many. */
export const printSinks = async (out: Output, { sinks, now }: StatusAnswer, all: boolean): Promise<void> => {
  const rows = chosen(sinks, all);
  if (rows.length > 0)
    await printTable(
      out,
      SINK_COLUMNS,
      rows.map((sink) => [
        visibleText(sink.name, NAME),
        visibleText(sink.type, 16),
        sink.state.replace('_', ' '),
        grouped(sink.queue),
        sink.oldest_due_at === null
          ? '-'
          : spanText(Math.max(Date.parse(now) - Date.parse(sink.oldest_due_at), 0)),
        grouped(sink.parked),
        grouped(sink.sent),
        lastSuccess(sink, now),
        visibleText(sink.reason ?? feedText(sink), 200),
      ]),
      {
        paint: (text, row, column) =>
          column === 2
            ? paintSink(out.colours, rows[row], text)
            : column === 8
              ? out.colours.faint(text)
              : text,
      },
    );
  if (rows.length < sinks.length)
    await out.line(out.colours.faint(hiddenText('sinks', sinks.length, rows.length)));
};

const SINK_COLUMNS: readonly Column[] = [
  { head: 'SINK', min: 12 },
  { head: 'TYPE', drop: 3 },
  { head: 'STATE' },
  { head: 'QUEUE', right: true },
  { head: 'OLDEST', right: true },
  { head: 'PARKED', right: true, drop: 1 },
  { head: 'SENT', right: true, drop: 2 },
  { head: 'LAST SENT', right: true },
  { head: '', min: 16 },
];

const lastSuccess = ({ last_success_at: last, sent }: SinkStatus, now: string): string =>
  last === null ? (sent > 0 ? 'long ago' : '-') : agoCell(last, now);

const feedText = ({ feed, held }: SinkStatus): string => {
  if (feed && feed.events > 0) return `${counted(feed.events, 'event')} to be fed`;
  return held ? `${grouped(held)} held on purpose` : '';
};

const paintSink = (colours: Colours, sink: SinkStatus | undefined, text: string): string => {
  switch (sink?.state) {
    case 'ok':
      return colours.good(text);
    case 'off':
      return colours.faint(text);
    case 'circuit_open':
    case 'parked':
      return colours.bad(text);
    case 'retrying':
    case 'paused':
    case 'behind':
    case undefined:
      break;
  }
  return colours.doubtful(text);
};
