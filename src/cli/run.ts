import type { Command } from 'commander';
import { runMonitor } from '../app/monitor.ts';
import { createKnownSecrets } from '../config/secrets.ts';
import { createLog } from '../logs/log.ts';
import { createTextRedactor } from '../logs/redact.ts';
import { type CommandContext, EXIT } from './context.ts';
import { INSECURE, loadFor, loadOrRefuse } from './load-or-refuse.ts';

/** `run`: the daemon, or one pass with `--once`. */
export const registerRun = (program: Command, context: CommandContext): void => {
  program
    .command('run')
    .description('poll, match and deliver until stopped')
    .option('-c, --config <file>', 'configuration file (default: config/monitor.yml)')
    .option(
      '--once',
      'make one pass of every account, deliver what is due, and end with 0, or 1 if anything failed',
    )
    .option(...INSECURE)
    .addHelpText(
      'after',
      '\nExamples:\n  VONAGE_API_KEY=… VONAGE_API_SECRET=… vonage-audit-monitor run\n  vonage-audit-monitor run --config /etc/monitor.yml --once',
    )
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
};
