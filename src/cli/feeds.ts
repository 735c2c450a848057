import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { feedStatus } from '../app/feed-status.ts';
import { formatDuration } from '../base/duration.ts';
import { loadOrRefuse } from './load-or-refuse.ts';

const MAX_REFUSED = 20;

/** `feeds`: how far each feed is, and what its sink has refused. */
export const registerFeeds = (program: Command): void => {
  program
    .command('feeds')
    .description('show how far the sinks are that are fed with events, and which events they refused')
    .option('-c, --config <file>', 'configuration file (default: config/monitor.yml)')
    .addHelpText('after', '\nExample:\n  vonage-audit-monitor feeds')
    .action(async (options: { readonly config?: string }) => {
      const { settings } = (await loadOrRefuse(options.config)).ready;
      const feeds = await feedStatus(settings, Date.now, MAX_REFUSED);
      if (feeds.length === 0) process.stdout.write('no route has kind: event\n');
      for (const { sink, waiting, lagMs, refused } of feeds) {
        const behind =
          waiting === 0
            ? 'nothing waits'
            : `${waiting} ${waiting === 1 ? 'event waits' : 'events wait'}, the oldest for ${formatDuration(lagMs)}`;
        process.stdout.write(`${sink}: ${behind}\n`);
        for (const { account, id, eventType, refusedAtMs, reason } of refused) {
          const what = visibleText(`${account} ${eventType} ${id}`, 200);
          process.stdout.write(
            `  refused ${new Date(refusedAtMs).toISOString()}  ${what}  (${visibleText(reason, 300)})\n`,
          );
        }
      }
    });
};
