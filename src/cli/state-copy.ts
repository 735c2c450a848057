import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { counted } from '../app/numbers.ts';
import { UsageError } from '../base/errors.ts';
import { placeText } from '../core/store-place.ts';
import { CopyRefused } from '../store/copy.ts';
import { copyPlaces } from '../store/copy-place.ts';
import { about } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { outputs } from './output.ts';
import { createProgress } from './progress.ts';
import { placeOf } from './store-option.ts';

interface Options {
  readonly from: string;
  readonly to: string;
}

/** `state copy`: moves a store from a file to a database, or back. */
export const registerStateCopy = (group: Command, context: CommandContext): void => {
  const command = group
    .command('copy')
    .description(
      'copy everything that is stored into an empty store, and verify it; the monitor must not run',
    )
    .requiredOption(
      '--from <store>',
      'sqlite:FILE, postgres://… or url_file:FILE, a file that holds such a URL',
    )
    .requiredOption('--to <store>', 'the same: a file that is not there, or a database without a store')
    .action(async (options: Options) => {
      const [from, to] = [placeOf('--from', options.from), placeOf('--to', options.to)];
      if (placeText(from) === placeText(to)) throw new UsageError('--from and --to are the same store');
      const progress = createProgress(process.stderr, Date.now);
      const { out, err } = outputs();
      try {
        const { rows, verification } = await copyPlaces({
          from,
          to,
          now: Date.now,
          onProgress: (done, what) => progress.update(done, what),
          signal: context.signal,
        });
        progress.clear();
        const all = [...rows.values()].reduce((sum, count) => sum + count, 0);
        await out.line(
          `${placeText(to)}: ${counted(rows.get('events') ?? 0, 'event')}, ${counted(rows.get('alerts') ?? 0, 'alert')}, ${counted(rows.get('deliveries') ?? 0, 'delivery')}; ${counted(all, 'row')}, each counted in both stores`,
        );
        for (const { chain, account, position, hash, broken } of verification.reports) {
          const state = broken ? 'BROKEN, just as in the source: run verify' : 'holds';
          await out.line(
            `  ${chain === 'acts' ? 'acts' : `account ${visibleText(account, 200)}`}: chain of ${position} ${state}, head ${hash}`,
          );
        }
      } catch (error) {
        progress.clear();
        if (!(error instanceof CopyRefused)) throw error;
        await err.line(error.message);
        context.exit(EXIT.failed);
      }
    });
  about(command, ['state copy --from sqlite:data/monitor.db --to url_file:/run/secrets/database_url'], {
    1: 'nothing was copied: a monitor works on the source, the target holds something, or the copy does not hold',
  });
};
