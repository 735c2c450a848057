import type { Command } from 'commander';
import { summary } from '../app/summary.ts';
import { showLines } from '../logs/terminal.ts';
import { about, CONFIG } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { INSECURE, loadFor, problemLines } from './load-or-refuse.ts';

/** `check`: all problems of the configuration and the rules at once, and what would run. */
export const registerCheck = (program: Command, context: CommandContext): void => {
  const command = program
    .command('check')
    .description('check the configuration and all rules, and say what would run')
    .option(...CONFIG)
    .option(...INSECURE)
    .action(async (options: { config?: string; insecure?: boolean }) => {
      const loaded = await loadFor(options.config, {
        everyPreset: true,
        openSecrets: options.insecure === true ? 'warn' : 'refuse',
      });
      const lines = problemLines(loaded);
      if (lines !== '') process.stderr.write(`${lines}\n`);
      if (!loaded.ready) {
        const count = loaded.problems.length === 1 ? '1 problem' : `${loaded.problems.length} problems`;
        process.stderr.write(`${loaded.file}: ${count}\n`);
        return context.exit(EXIT.usage);
      }
      process.stdout.write(`${showLines(summary(loaded.file, loaded.ready))}\n`);
    });
  about(command, ['check --config config/monitor.yml'], { 2: 'there are problems; they are listed' });
};
