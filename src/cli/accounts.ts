import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { askStatus } from '../app/ask-status.ts';
import { counted, grouped } from '../app/numbers.ts';
import type { AccountStatus } from '../server/status-shape.ts';
import { about } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { createListWriter, type ListFormat, type ListStyle, withListFormats } from './format.ts';
import { type Output, outputs } from './output.ts';
import { completeText, paintAccount } from './status-tables.ts';
import { loading, type TargetOptions, withTarget } from './target.ts';
import { agoCell, spanText, timeCell } from './times.ts';

interface Options extends TargetOptions {
  readonly output: ListFormat;
}

/** `accounts`: every account with how far its trail is read. */
export const registerAccounts = (program: Command, context: CommandContext): void => {
  const command = program.command('accounts').description('list the accounts, and how far each is read');
  about(withTarget(withListFormats(command)), ['accounts', 'accounts --json'], {
    1: 'an account is not polled as it should be',
  }).action(async (options: Options) => {
    const { status } = await askStatus(options, loading(options), Date.now(), context.signal);
    const { out } = outputs();
    const list = createListWriter(out, options.output, styleOf(out, status.now));
    for (const account of status.accounts) await list.add(account);
    await list.end(counted(status.accounts.length, 'account'));
    context.exit(status.accounts.some(({ state }) => state === 'failing') ? EXIT.failed : EXIT.ok);
  });
};

const span = (seconds: number | null): string => (seconds === null ? '-' : spanText(seconds * 1_000));

const styleOf = (out: Output, now: string): ListStyle<AccountStatus> => ({
  columns: [
    { head: 'ACCOUNT', min: 12 },
    { head: 'STATE' },
    { head: 'READ UP TO (UTC)' },
    { head: 'LAST PASS', right: true, drop: 5 },
    { head: 'COMPLETE' },
    { head: 'LATE', right: true, drop: 3 },
    { head: 'OVERLAP', right: true, drop: 4 },
    { head: 'EVENTS', right: true },
    { head: 'REASON', min: 16 },
  ],
  cells: (account) => [
    visibleText(account.name, 64),
    account.state,
    timeCell(account.watermark),
    agoCell(account.last_poll_at, now),
    completeText(account),
    grouped(account.late),
    span(account.overlap_seconds),
    account.events === null ? '-' : grouped(account.events),
    visibleText(account.reason ?? '', 200),
  ],
  json: (account) => account,
  paint: (text, account, column) => (column === 1 ? paintAccount(out.colours, account, text) : text),
  nothing: 'there are none',
});
