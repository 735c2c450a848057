import type { Command } from 'commander';
import { runDrill } from '../app/drill.ts';
import { createLog } from '../logs/log.ts';
import { createTextRedactor } from '../logs/redact.ts';
import { showControls } from '../logs/terminal.ts';
import { type CommandContext, EXIT } from './context.ts';
import { loadOrRefuse } from './load-or-refuse.ts';

/** `sinks test`: a marked drill through the production path of one sink or all. */
export const registerSinks = (program: Command, context: CommandContext): void => {
  const sinks = program.command('sinks').description('look after the places alerts go to');
  sinks
    .command('test')
    .argument('[name...]', 'sinks to test (default: all that are on)')
    .description('send a marked drill through outbox and sink, as a real alert goes, and print the receipt')
    .option('-c, --config <file>', 'configuration file (default: config/monitor.yml)')
    .addHelpText(
      'after',
      '\nExamples:\n  vonage-audit-monitor sinks test\n  vonage-audit-monitor sinks test slack',
    )
    .action(async (names: string[], options: { config?: string }) => {
      const loaded = await loadOrRefuse(options.config);
      // The receipts go to stdout; the log would only repeat them.
      const log = createLog({ level: 'silent', pretty: false, secrets: loaded.secrets });
      const results = await runDrill(
        {
          settings: loaded.ready.settings,
          names,
          log,
          redact: createTextRedactor(loaded.secrets),
          now: Date.now,
          random: Math.random,
        },
        context.signal,
      );
      for (const { sink, outcome, detail } of results) {
        process.stdout.write(
          `${outcome === 'sent' ? 'ok    ' : 'FAILED'} ${sink}: ${showControls(detail)}\n`,
        );
      }
      context.exit(results.every(({ outcome }) => outcome === 'sent') ? EXIT.ok : EXIT.failed);
    });
};
