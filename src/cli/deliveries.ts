import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { parkedDeliveries, refuseUnknownSink, retryParked, withHistory, withStore } from '../app/parked.ts';
import { loadOrRefuse } from './load-or-refuse.ts';

interface Options {
  readonly config?: string;
  readonly sink?: string;
}

/** `deliveries parked` and `deliveries retry`: what was refused, and sending it again once the cause is mended. */
export const registerDeliveries = (program: Command): void => {
  const deliveries = program.command('deliveries').description('look after deliveries that were parked');
  deliveries
    .command('parked')
    .description('list the parked deliveries, oldest first')
    .option('--sink <name>', 'only those of one sink')
    .option('-c, --config <file>', 'configuration file (default: config/monitor.yml)')
    .addHelpText('after', '\nExample:\n  vonage-audit-monitor deliveries parked --sink slack')
    .action(async (options: Options) => {
      const { settings } = (await loadOrRefuse(options.config)).ready;
      await withHistory(settings, async (history) => {
        let count = 0;
        for await (const { delivery, alert, reason } of parkedDeliveries(history, options.sink)) {
          count += 1;
          const when = new Date(delivery.createdAtMs).toISOString();
          const what = alert ? `${alert.rule.level}: ${alert.rule.title}` : 'alert no longer kept';
          process.stdout.write(
            `${delivery.id}  ${when}  ${delivery.sink}  ${visibleText(what, 120)}  (${visibleText(reason, 300)})\n`,
          );
        }
        if (count === 0) {
          refuseUnknownSink(settings, options.sink);
          process.stdout.write('nothing is parked\n');
        }
      });
    });
  deliveries
    .command('retry')
    .argument('[id...]', 'deliveries to send again')
    .description('make parked deliveries due again; a running monitor sends them within seconds')
    .option('--sink <name>', 'all that are parked for one sink')
    .option('-c, --config <file>', 'configuration file (default: config/monitor.yml)')
    .addHelpText('after', '\nExample:\n  vonage-audit-monitor deliveries retry --sink slack')
    .action(async (ids: string[], options: Options) => {
      const { settings } = (await loadOrRefuse(options.config)).ready;
      const count = await withStore(settings, Date.now, (store) =>
        retryParked(store, { ids, sink: options.sink }),
      );
      process.stdout.write(`${count} ${count === 1 ? 'delivery is' : 'deliveries are'} due again\n`);
    });
};
