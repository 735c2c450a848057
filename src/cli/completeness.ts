import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { type AccountCompleteness, completenessJson, storedCompleteness } from '../app/completeness.ts';
import { formatDuration } from '../base/duration.ts';
import { UsageError } from '../base/errors.ts';
import { didYouMean } from '../base/similar.ts';
import { placeText } from '../core/store-place.ts';
import { isStoreAt, openHistoryAt } from '../store/open.ts';
import { about, CONFIG } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { type RecordFormat, withRecordFormats } from './format.ts';
import { loadSettings } from './load-or-refuse.ts';
import { type Output, outputs } from './output.ts';

interface Options {
  readonly config?: string;
  readonly account?: string;
  readonly output: RecordFormat;
}

/** `completeness`: what is proven to be read, account by account. */
export const registerCompleteness = (program: Command, context: CommandContext): void => {
  const command = withRecordFormats(program.command('completeness'))
    .description('tell up to when the trail is completely read, and every exception')
    .option('--account <name>', 'only this account')
    .option(...CONFIG)
    .action(async (options: Options) => {
      const { settings } = await loadSettings(options.config);
      const { place } = settings.store;
      if (!isStoreAt(place))
        throw new UsageError(`there is no store at ${placeText(place)}; "run" makes it at its first start`);
      const stored = await openHistoryAt(place);
      let answers: readonly AccountCompleteness[];
      let known: readonly string[];
      try {
        known = await stored.history.accounts();
        answers = await storedCompleteness(stored, options.account, Date.now());
      } finally {
        await stored.close();
      }
      const { account } = options;
      if (account !== undefined && answers.length === 0)
        throw new UsageError(
          `nothing was read of an account "${account}"; there are ${known.join(', ') || 'none'}${didYouMean(account, known)}`,
        );
      const { out } = outputs();
      if (answers.length === 0) await out.line('nothing has been read yet');
      for (const answer of answers) {
        if (options.output === 'ndjson')
          await out.json({
            account: answer.account,
            ...completenessJson(answer),
            proposed_overlap_seconds: answer.proposedOverlapMs / 1_000,
          });
        else await print(answer, out);
      }
      const isProven = answers.every(
        ({ unverified, neverRead }) =>
          unverified.length === 0 && neverRead.every(({ fromMs }) => fromMs === undefined),
      );
      context.exit(isProven ? EXIT.ok : EXIT.failed);
    });
  about(command, ['completeness --account default'], {
    1: 'there is an exception other than the time before the start',
  });
};

const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

const print = async (answer: AccountCompleteness, { line, colours }: Output): Promise<void> => {
  const { completeUntilMs, unverified, neverRead } = answer;
  await line(colours.strong(answer.account));
  await line(
    completeUntilMs === undefined
      ? `  ${colours.bad('nothing is proven complete')}`
      : `  complete up to ${colours.good(time(completeUntilMs))}${unverified.length > 0 ? ', but for what follows' : ''}`,
  );
  for (const { fromMs, toMs, againAtMs, reason } of unverified) {
    const again = againAtMs === undefined ? 'given up' : `read again at ${time(againAtMs)}`;
    const why = reason === '' ? '' : `: ${visibleText(reason, 300)}`;
    await line(
      `  ${colours.doubtful('unverified')}     ${time(fromMs)} to ${time(toMs)} (${formatDuration(toMs - fromMs)}), ${again}${why}`,
    );
  }
  for (const { fromMs, toMs } of neverRead)
    await line(
      fromMs === undefined
        ? `  never read     before ${time(toMs)} (the start)`
        : `  ${colours.doubtful('never read')}     ${time(fromMs)} to ${time(toMs)} (${formatDuration(toMs - fromMs)})`,
    );
  await line(
    colours.faint(
      `  found late: ${answer.late}; an overlap of ${formatDuration(answer.proposedOverlapMs)} would fit`,
    ),
  );
};
