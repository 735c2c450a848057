import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { refuseMissing } from '../app/deliveries.ts';
import { refuseExisting } from '../app/new-file.ts';
import { counted } from '../app/numbers.ts';
import { UsageError } from '../base/errors.ts';
import { placeText } from '../core/store-place.ts';
import { BackupStopped, backUp, isSameFile } from '../store/sqlite-backup.ts';
import { about, CONFIG } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { loadSettings } from './load-or-refuse.ts';
import { outputs } from './output.ts';
import { createProgress } from './progress.ts';

interface Options {
  readonly force?: boolean;
  readonly config?: string;
}

/** `backup`: a consistent copy of the store while the monitor runs. */
export const registerBackup = (program: Command, context: CommandContext): void => {
  const command = program
    .command('backup')
    .argument('<file>', 'where the copy goes')
    .description('copy the store, consistently, also while the monitor runs, and check the copy')
    .option('--force', 'replace the file if there is one')
    .option(...CONFIG)
    .action(async (file: string, options: Options) => {
      const { settings } = await loadSettings(options.config);
      const { place } = settings.store;
      if (place.kind === 'postgres')
        throw new UsageError(
          `the store is a database (${placeText(place)}), which its own tools copy: pg_dump --schema=vonage_audit_monitor, or the backup of the server`,
        );
      const source = place.path;
      refuseMissing(place);
      if (isSameFile(source, file)) throw new UsageError(`${file} is the store itself`);
      if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
        throw new UsageError(`${file} is a directory; name the file in it`);
      refuseExisting(file, options.force === true);
      const progress = createProgress(process.stderr, Date.now);
      const { out, err } = outputs();
      try {
        const made = await backUp({
          source,
          target: file,
          onProgress: (done) => progress.update(done, 'copied'),
          onCheck: () => progress.update(1, 'checking'),
          signal: context.signal,
        });
        progress.clear();
        await out.line(
          `${file}: ${counted(made.events, 'event')}, ${(made.bytes / 1e6).toFixed(1)} MB, found whole`,
        );
        for (const { account, watermarkMs } of made.accounts) {
          const head = made.heads.find((one) => one.chain === 'events' && one.account === account);
          const chain = head ? `, head ${head.position} ${head.hash}` : '';
          await out.line(
            `  account ${visibleText(account, 200)}: complete up to ${new Date(watermarkMs).toISOString()}${chain}`,
          );
        }
      } catch (error) {
        if (!(error instanceof BackupStopped)) throw error;
        progress.clear();
        await err.line('stopped early: nothing was written');
        context.exit(EXIT.failed);
      } finally {
        progress.clear();
      }
    });
  about(command, ['backup --force /backup/monitor.db'], {
    1: 'it was interrupted, or the copy is not whole: nothing was written',
  });
};
