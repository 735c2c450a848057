import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { refuseMissing } from '../app/deliveries.ts';
import { counted } from '../app/numbers.ts';
import { bareHead, headsOfLog } from '../app/published-heads.ts';
import { UsageError } from '../base/errors.ts';
import type { ChainReport, PublishedHead } from '../core/chain.ts';
import type { StorePlace } from '../core/store-place.ts';
import type { Verification } from '../store/chain-verify.ts';
import { openHistoryAt, verifyChainsAt } from '../store/open.ts';
import { about, CONFIG } from './about.ts';
import { listed } from './arguments.ts';
import { type CommandContext, EXIT } from './context.ts';
import { type AnswerFormat, withAnswerFormats } from './format.ts';
import { type Output, outputs } from './output.ts';
import { createProgress } from './progress.ts';
import { storeFor } from './store-option.ts';

interface Options {
  readonly account?: string;
  readonly head: readonly string[];
  readonly heads: readonly string[];
  readonly store?: string;
  readonly output: AnswerFormat;
  readonly config?: string;
}

/** `verify`: whether the stored history is what was committed. */
export const registerVerify = (program: Command, context: CommandContext): void => {
  const command = withAnswerFormats(program.command('verify'))
    .description(
      'check that the stored history is what was committed: nothing changed, removed, added or moved',
    )
    .option('--account <name>', 'only the events of one account')
    .option(
      '--head <hash>',
      'a head that was published and must still be there, such as an alert shows it (repeatable)',
      listed,
      [],
    )
    .option(
      '--heads <file>',
      'log lines, or bodies of heartbeats, with heads that must still be there (repeatable)',
      listed,
      [],
    )
    .option(
      '--store <store>',
      'another store than that of the configuration, such as a backup: sqlite:FILE, postgres://… or url_file:FILE',
    )
    .option(...CONFIG)
    .action(async (options: Options) => {
      const place = await storeFor(options);
      refuseMissing(place);
      await refuseUnknownAccount(place, options.account);
      const heads: PublishedHead[] = options.head.map(bareHead);
      for (const file of options.heads)
        heads.push(...ofAccount(await headsOfLog(file, context.signal), options.account));
      const progress = createProgress(process.stderr, Date.now);
      let found: Verification;
      try {
        found = await verifyChainsAt(place, {
          account: options.account,
          heads,
          onProgress: (done, events) => progress.update(done, counted(events, 'event')),
          signal: context.signal,
        });
      } finally {
        progress.clear();
      }
      const { out, err } = outputs();
      if (options.output === 'json') await out.json(asJson(found));
      else await print(out, found, heads.length);
      if (!found.complete) await err.line('stopped early: nothing can be said');
      context.exit(isWhole(found) ? EXIT.ok : EXIT.failed);
    });
  about(
    command,
    ['verify', 'verify --heads /var/log/monitor.log', 'verify --store /backup/monitor.db --json'],
    { 1: 'the history is not what was committed, or it was interrupted' },
  );
};

const ofAccount = (heads: readonly PublishedHead[], account: string | undefined): readonly PublishedHead[] =>
  account === undefined ? heads : heads.filter((head) => head.chain === 'events' && head.account === account);

const refuseUnknownAccount = async (place: StorePlace, account: string | undefined): Promise<void> => {
  if (account === undefined) return;
  const stored = await openHistoryAt(place);
  try {
    const names = await stored.history.accounts();
    if (!names.includes(account))
      throw new UsageError(
        `the store knows no account "${account}"; there are ${names.join(', ') || 'none'}`,
      );
  } finally {
    await stored.close();
  }
};

const isWhole = ({ complete, reports, heads, file }: Verification): boolean =>
  complete &&
  file === undefined &&
  heads.missing.length === 0 &&
  reports.every(({ broken }) => broken === undefined);

const iso = (ms: number): string => new Date(ms).toISOString();
const titleOf = ({ chain, account }: ChainReport): string =>
  chain === 'acts' ? 'acts of people' : `account ${visibleText(account, 200)}`;
const entries = ({ chain }: ChainReport, count: number): string =>
  counted(count, chain === 'acts' ? 'act' : 'event');

const print = async (out: Output, found: Verification, published: number): Promise<void> => {
  const { good, bad, doubtful, faint } = out.colours;
  if (found.complete && found.reports.length === 0) await out.line('nothing is stored yet');
  for (const report of found.reports) {
    const { broken, pruned } = report;
    if (broken) {
      const where = broken.position === undefined ? '' : ` at position ${broken.position}`;
      const id = broken.id === undefined ? '' : ` ${visibleText(broken.id, 200)}`;
      await out.line(`${bad('BROKEN')}  ${titleOf(report)}: ${broken.kind}${where}:${id}`);
      await out.line(`        ${visibleText(broken.detail, 1_000)}`);
      await out.line(`        ${entries(report, report.verified)} before it hold`);
    } else if (report.position === 0)
      await out.line(`${doubtful('nothing')} ${titleOf(report)}: nothing has a hash yet`);
    else
      await out.line(
        `${good('whole')}   ${titleOf(report)}: ${entries(report, report.verified)}, head ${report.position} ${report.hash}`,
      );
    if (pruned)
      await out.line(
        faint(
          `        begins behind position ${report.prunedTo}: older than ${iso(pruned.beforeMs)} was pruned, last at ${iso(pruned.atMs)}`,
        ),
      );
    if (report.unchained > 0)
      await out.line(
        doubtful(
          `        ${entries(report, report.unchained)} of an older version without a hash: nothing vouches for them`,
        ),
      );
  }
  if (found.file !== undefined)
    await out.line(`${bad('BROKEN')}  the file itself: ${visibleText(found.file, 300)}`);
  const { heads } = found;
  if (published === 0 || !found.complete) return;
  await out.line(
    `${counted(heads.found, 'published head')} looked up${heads.pruned > 0 ? `, ${heads.pruned} lie before the beginning of what is kept` : ''}`,
  );
  for (const hash of heads.missing)
    await out.line(
      `${bad('BROKEN')}  head ${hash} is on no chain: the history was rewritten or cut off, or it was pruned up to there`,
    );
};

const asJson = (found: Verification): object => ({
  whole: isWhole(found),
  complete: found.complete,
  chains: found.reports.map((report) => ({
    chain: report.chain,
    account: report.chain === 'acts' ? null : report.account,
    head: { position: report.position, hash: report.hash },
    verified: report.verified,
    holes: report.holes,
    pruned_to: report.prunedTo,
    pruned_at: report.pruned ? iso(report.pruned.atMs) : null,
    pruned_before: report.pruned ? iso(report.pruned.beforeMs) : null,
    unchained: report.unchained,
    broken: report.broken
      ? {
          kind: report.broken.kind,
          position: report.broken.position ?? null,
          id: report.broken.id ?? null,
          detail: report.broken.detail,
        }
      : null,
  })),
  heads: found.heads,
  file: found.file ?? null,
});
