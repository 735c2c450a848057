import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { type FeedStatus, feedStatus } from '../app/feed-status.ts';
import { counted, grouped } from '../app/numbers.ts';
import { about, CONFIG } from './about.ts';
import { createListWriter, type ListFormat, type ListStyle, withListFormats } from './format.ts';
import { loadSettings } from './load-or-refuse.ts';
import { outputs } from './output.ts';
import { spanText, timeCell } from './times.ts';

const MAX_REFUSED = 20;

/** `feeds`: how far each feed is, and what its sink has refused. */
export const registerFeeds = (program: Command): void => {
  const feeds = program
    .command('feeds')
    .description('show how far the sinks are that are fed with events, and which events they refused')
    .option(...CONFIG);
  about(withListFormats(feeds), ['feeds', 'feeds --json']).action(
    async (options: { readonly config?: string; readonly output: ListFormat }) => {
      const { settings } = await loadSettings(options.config);
      const { out } = outputs();
      const found = await feedStatus(settings, Date.now, MAX_REFUSED);
      const list = createListWriter(out, options.output, STYLE);
      for (const feed of found) await list.add(feed);
      await list.end();
      if (options.output !== 'table') return;
      for (const { sink, refused } of found)
        for (const { account, id, eventType, refusedAtMs, reason } of refused)
          await out.line(
            `${visibleText(sink, 64)} refused ${visibleText(`${account} ${eventType} ${id}`, 200)} at ${timeCell(iso(refusedAtMs))} UTC: ${visibleText(reason, 300)}`,
          );
    },
  );
};

const iso = (ms: number): string => new Date(ms).toISOString();

const STYLE: ListStyle<FeedStatus> = {
  columns: [
    { head: 'SINK', min: 10 },
    { head: 'WAITING', right: true },
    { head: 'OLDEST', right: true },
    { head: 'REFUSED' },
  ],
  cells: ({ sink, waiting, lagMs, refused }) => [
    visibleText(sink, 64),
    grouped(waiting),
    waiting === 0 ? '-' : spanText(lagMs),
    refused.length < MAX_REFUSED
      ? counted(refused.length, 'event')
      : `${MAX_REFUSED} events and perhaps more`,
  ],
  json: ({ sink, waiting, lagMs, refused }) => ({
    sink,
    waiting,
    lag_seconds: lagMs / 1_000,
    refused: refused.map(({ account, id, eventType, createdAtMs, refusedAtMs, reason }) => ({
      account,
      id,
      event_type: eventType,
      created_at: iso(createdAtMs),
      refused_at: iso(refusedAtMs),
      reason,
    })),
  }),
  nothing: 'no route has kind: event',
};
