import type { Command } from 'commander';
import { askStatus } from '../app/ask-status.ts';
import { sleep } from '../base/sleep.ts';
import { about } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { type AnswerFormat, withAnswerFormats } from './format.ts';
import { outputs } from './output.ts';
import { printStatus } from './status-screen.ts';
import { loading, type TargetOptions, withTarget } from './target.ts';

interface Options extends TargetOptions {
  readonly output: AnswerFormat;
  readonly watch?: boolean;
  readonly all?: boolean;
}

const EVERY_MS = 2_000;
/** Home, and everything behind it away: the screen is drawn over itself without a flicker. */
const AFRESH = '\u001b[H\u001b[J';

/** `status`: whether everything is all right, on one screen. */
export const registerStatus = (program: Command, context: CommandContext): void => {
  const command = program
    .command('status')
    .description('tell on one screen whether everything is all right')
    .option('-w, --watch', 'look again every two seconds, until it is stopped')
    .option('-a, --all', 'every account and sink, also those of which nothing is to be said');
  about(
    withTarget(withAnswerFormats(command)),
    ['status', 'status --watch', 'status --json --url http://monitor:8080 --token-file token.txt'],
    { 0: 'nothing is bad; something may be doubtful', 1: 'something is bad' },
  ).action(async (options: Options) => {
    const { out } = outputs();
    const load = loading(options);
    do {
      const answered = await askStatus(options, load, Date.now(), context.signal);
      if (options.output === 'json') await out.json(answered.status);
      else {
        if (options.watch) await out.write(out.columns === undefined ? '\n' : AFRESH);
        await printStatus(out, answered, options.all === true);
      }
      context.exit(answered.status.healthy ? EXIT.ok : EXIT.failed);
      if (options.watch) await sleep(EVERY_MS, context.signal);
    } while (options.watch && !context.signal.aborted && !out.closed);
  });
};
