import type { Command } from 'commander';
import { runMonitor } from '../app/monitor.ts';
import { createKnownSecrets } from '../config/secrets.ts';
import { createLog } from '../logs/log.ts';
import { createTextRedactor } from '../logs/redact.ts';
import { about, CONFIG } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { INSECURE, loadFor, loadOrRefuse } from './load-or-refuse.ts';

/** `run`: the daemon, or one pass with `--once`. */
export const registerRun = (program: Command, context: CommandContext): void => {
  const command = program
    .command('run')
    .description('poll, match and deliver until stopped')
    .option(...CONFIG)
    .option(
      '--once',
      'make one pass of every account, deliver what is due, and end with 0, or 1 if anything failed',
    )
    .option(...INSECURE)
    .action(async (options: { config?: string; once?: boolean; insecure?: boolean }) => {
      const how = {
        openSecrets: options.insecure === true ? 'warn' : 'refuse',
        known: createKnownSecrets(),
      } as const;
      const loaded = await loadOrRefuse(options.config, how);
      const log = createLog({
        level: loaded.ready.settings.log.level,
        pretty: process.stdout.isTTY,
        secrets: loaded.secrets,
      });
      const ok = await runMonitor(
        {
          ...loaded.ready,
          warnings: loaded.warnings,
          // The same list of secrets: what a changed configuration brings is redacted from its first line on.
          reload: () => loadFor(options.config, how),
          onHangup: context.onHangup,
          log,
          setLogLevel: log.setLevel,
          redact: createTextRedactor(loaded.secrets),
          now: Date.now,
          random: Math.random,
        },
        options.once === true ? 'once' : 'daemon',
        context.signal,
      );
      context.exit(ok ? EXIT.ok : EXIT.failed);
    });
  about(command, ['run', 'run --config /etc/monitor.yml --once'], {
    0: 'stopped by a signal; with --once: all of it went well',
    1: 'it cannot go on; with --once: a pass failed, or a delivery was parked or has to be tried again',
  });
};
