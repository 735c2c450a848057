import { type Command, Option } from 'commander';
import { createAnonymiser } from '../app/anonymiser.ts';
import { refuseMissing } from '../app/deliveries.ts';
import { exportEvents } from '../app/export.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../app/export-record.ts';
import { createNewFile, refuseExisting } from '../app/new-file.ts';
import { counted } from '../app/numbers.ts';
import { UsageError } from '../base/errors.ts';
import type { StorePlace } from '../core/store-place.ts';
import { openHistoryAt } from '../store/open.ts';
import { about, CONFIG } from './about.ts';
import { listed, MOMENT, moment } from './arguments.ts';
import { type CommandContext, EXIT } from './context.ts';
import { loadSettings } from './load-or-refuse.ts';
import { outputs } from './output.ts';
import { createProgress } from './progress.ts';

interface Options {
  readonly from?: number;
  readonly to?: number;
  readonly account?: string;
  readonly type: readonly string[];
  readonly output: ExportFormat;
  readonly alerts?: boolean;
  readonly anonymise?: boolean;
  readonly anonymiseKey?: string;
  readonly file?: string;
  readonly force?: boolean;
  readonly config?: string;
}

/** `export`: the stored history for other programs and other people. */
export const registerExport = (program: Command, context: CommandContext): void => {
  const command = program
    .command('export')
    .description('write the stored events, in order of time, for other programs or other people')
    .option('--from <time>', `only events from then on: ${MOMENT}`, moment)
    .option('--to <time>', 'only events before, written likewise', moment)
    .option('--account <name>', 'only those of one account')
    .option('--type <type>', 'only events of this type (repeatable)', listed, [])
    .addOption(
      new Option('-o, --output <format>', 'one JSON object a line, a table, or one array')
        .choices(EXPORT_FORMATS)
        .default('ndjson'),
    )
    .option('--alerts', 'with the alerts that each event took part in')
    .option('--anonymise', 'with pseudonyms in place of e-mails, addresses, numbers, names and account ids')
    .option('--anonymise-key <file>', 'the key of the pseudonyms, so that they are the same in every export')
    .option('--file <file>', 'into a file, readable by its owner only, instead of standard output')
    .option('--force', 'replace the file if there is one')
    .option(...CONFIG)
    .action(async (options: Options) => {
      if (options.from !== undefined && options.to !== undefined && options.from >= options.to)
        throw new UsageError('--from must be before --to');
      const { settings } = await loadSettings(options.config);
      refuseMissing(settings.store.place);
      context.exit(await run(options, settings.store.place, context.signal));
    });
  about(
    command,
    [
      'export --from 30d --alerts > events.ndjson',
      'export --output csv --type USER_LOGIN --file logins.csv',
      'export --anonymise --anonymise-key key.txt --file shared.ndjson',
    ],
    { 1: 'it was interrupted' },
  );
};

const run = async (options: Options, place: StorePlace, signal: AbortSignal): Promise<number> => {
  const { account, from: fromMs, to: toMs, type, file: path } = options;
  const anonymiser =
    options.anonymise || options.anonymiseKey !== undefined
      ? createAnonymiser(options.anonymiseKey)
      : undefined;
  const { out, err } = outputs();
  const stored = await openHistoryAt(place);
  // On one terminal the bar and the events would write over each other.
  const drawn =
    path === undefined && out.columns !== undefined ? { isTTY: false, write() {} } : process.stderr;
  const progress = createProgress(drawn, Date.now);
  try {
    await refuseUnknown(stored.history.accounts(), account);
    if (path !== undefined) refuseExisting(path, options.force === true);
    const file = path === undefined ? undefined : await createNewFile(path);
    // A reader that went away wants nothing more.
    const gone = new AbortController();
    const write = async (text: string): Promise<void> => {
      if (file) return file.write(text);
      await out.write(text);
      if (out.closed) gone.abort();
    };
    try {
      const events = await exportEvents(
        {
          stored,
          query: { account, fromMs, toMs, types: type.length === 0 ? undefined : type },
          format: options.output,
          alerts: options.alerts === true,
          anonymiser,
          write,
          onProgress: (done, count) => progress.update(done, counted(count, 'event')),
        },
        AbortSignal.any([signal, gone.signal]),
      );
      progress.clear();
      if (signal.aborted) {
        await err.line(file ? 'stopped early: nothing was written' : 'stopped early: this is not all');
        return EXIT.failed;
      }
      await file?.finish();
      if (file) await err.line(`${counted(events, 'event')} in ${path}`);
      return EXIT.ok;
    } finally {
      await file?.abandon();
    }
  } finally {
    progress.clear();
    await stored.close();
  }
};

const refuseUnknown = async (
  known: Promise<readonly string[]>,
  account: string | undefined,
): Promise<void> => {
  const names = await known;
  if (account === undefined || names.includes(account)) return;
  throw new UsageError(`the store knows no account "${account}"; there are ${names.join(', ') || 'none'}`);
};
