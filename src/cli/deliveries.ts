import { type Command, Option } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import {
  type Chosen,
  dropDeliveries,
  type ListedDelivery,
  listedDeliveries,
  loginName,
  refuseUnknownSink,
  retryParked,
  withHistory,
  withStore,
} from '../app/deliveries.ts';
import { counted } from '../app/numbers.ts';
import { storyOf } from '../app/story.ts';
import { DELIVERY_STATES, type DeliveryState } from '../core/delivery.ts';
import { count, moment } from './arguments.ts';
import { printStory, storyJson } from './delivery-story.ts';
import { loadOrRefuse } from './load-or-refuse.ts';
import { type Output, outputs } from './output.ts';
import { printTable } from './table.ts';

interface Selection {
  readonly config?: string;
  readonly sink?: string;
  readonly rule?: string;
  readonly from?: number;
  readonly to?: number;
}

interface ListOptions extends Selection {
  readonly state?: DeliveryState;
  readonly limit: number;
  readonly json?: boolean;
}

interface ActOptions extends Selection {
  readonly all?: boolean;
  readonly author?: string;
  readonly reason?: string;
}

/** `deliveries list|show|retry|drop`: what became of every alert, and what a person can do about it. */
export const registerDeliveries = (program: Command): void => {
  const deliveries = program
    .command('deliveries')
    .description('look at deliveries, and after those that were parked');
  registerList(deliveries);
  registerShow(deliveries);
  registerActs(deliveries);
};

const selecting = (command: Command): Command =>
  command
    .option('--sink <name>', 'only those of one sink')
    .option('--rule <id>', 'only those of one rule, by its id')
    .option(
      '--from <time>',
      'only those put into the outbox from then on: a time, or 2h for two hours ago',
      moment,
    )
    .option('--to <time>', 'only those before, written likewise', moment)
    .option('-c, --config <file>', 'configuration file (default: config/monitor.yml)');

const registerList = (deliveries: Command): void => {
  const list = deliveries
    .command('list')
    .description('list deliveries, newest first')
    .addOption(new Option('--state <state>', 'only those in one state').choices(DELIVERY_STATES))
    .option('--limit <count>', 'at most so many', count, 50)
    .option('--json', 'print one JSON object a line');
  selecting(list)
    .addHelpText(
      'after',
      '\nExamples:\n  vonage-audit-monitor deliveries list --state parked\n  vonage-audit-monitor deliveries list --sink slack --from 24h --json',
    )
    .action((options: ListOptions) => printList(options, options.state, options.limit));
  selecting(
    deliveries.command('parked').description('list the parked deliveries; the same as list --state parked'),
  ).action((options: Selection) => printList(options, 'parked', 1_000_000));
};

const printList = async (
  options: Selection & { readonly json?: boolean },
  state: DeliveryState | undefined,
  limit: number,
): Promise<void> => {
  const { out } = outputs();
  const { settings } = (await loadOrRefuse(options.config)).ready;
  const { sink, rule: ruleId, from: fromMs, to: toMs } = options;
  const listed: ListedDelivery[] = [];
  await withHistory(settings, async (history) => {
    const query = { sink, ruleId, fromMs, toMs, state, newestFirst: true, limit: Math.min(limit, 200) };
    for await (const one of listedDeliveries(history, query)) {
      if (listed.length >= limit) break;
      listed.push(one);
    }
  });
  if (options.json) for (const one of listed) await out.json(listJson(one));
  else if (listed.length > 0) await printListed(out, listed);
  else {
    refuseUnknownSink(settings, sink);
    await out.line(state === undefined ? 'there are none' : `nothing is ${state}`);
  }
};

const listJson = ({ delivery, alert, last }: ListedDelivery): object => ({
  id: delivery.id,
  alert: delivery.alertId,
  sink: delivery.sink,
  state: delivery.state,
  attempts: delivery.attempts,
  created_at: new Date(delivery.createdAtMs).toISOString(),
  due_at: delivery.dueAtMs === undefined ? null : new Date(delivery.dueAtMs).toISOString(),
  ended_at: delivery.endedAtMs === undefined ? null : new Date(delivery.endedAtMs).toISOString(),
  level: alert?.rule.level ?? null,
  title: alert?.rule.title ?? null,
  last: last ?? null,
});

const second = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

const printListed = (out: Output, listed: readonly ListedDelivery[]): Promise<void> =>
  printTable(
    out,
    ['DELIVERY', 'CREATED (UTC)', 'SINK', 'STATE', 'TRIES', 'ALERT', 'LAST ANSWER'],
    listed.map(({ delivery, alert, last }) => [
      delivery.id,
      second(delivery.createdAtMs),
      delivery.sink,
      delivery.state,
      String(delivery.attempts),
      alert ? visibleText(`${alert.rule.level}: ${alert.rule.title}`, 60) : 'no longer kept',
      visibleText(last ?? '', 200),
    ]),
    {
      right: [4],
      paint: (text, row, column) => {
        if (column !== 3) return text;
        switch (listed[row]?.delivery.state) {
          case 'parked':
            return out.colours.bad(text);
          case 'sent':
            return out.colours.good(text);
          case 'pending':
          case 'sending':
            return out.colours.doubtful(text);
          case 'folded':
          case 'silenced':
          case 'dropped':
          case undefined:
            break;
        }
        return out.colours.faint(text);
      },
    },
  );

const registerShow = (deliveries: Command): void => {
  deliveries
    .command('show')
    .argument('<id>', 'id of a delivery or of an alert')
    .description('the whole story of one alert: event, rule, route, folding, attempts, acts')
    .option('--json', 'print it as JSON')
    .option('-c, --config <file>', 'configuration file (default: config/monitor.yml)')
    .addHelpText(
      'after',
      '\nExample:\n  vonage-audit-monitor deliveries show 9c7d0a52b1f84e6f8a3d5b0c2e417f60',
    )
    .action(async (id: string, options: { readonly config?: string; readonly json?: boolean }) => {
      const { out } = outputs();
      const { settings } = (await loadOrRefuse(options.config)).ready;
      const story = await withHistory(settings, (history) => storyOf(history, id));
      if (options.json) await out.json(storyJson(story));
      else await printStory(out, story);
    });
};

const registerActs = (deliveries: Command): void => {
  const acting = (name: string): Command =>
    selecting(deliveries.command(name).argument('[id...]', 'deliveries, by id'))
      .option('--all', 'really all of them')
      .option('--author <name>', 'who does this (default: the login name)')
      .option('--reason <text>', 'why, for the history');
  const chosenOf = (ids: readonly string[], options: ActOptions): Chosen => ({
    ids,
    sink: options.sink,
    ruleId: options.rule,
    fromMs: options.from,
    toMs: options.to,
    all: options.all,
  });
  const actOf = (options: ActOptions) => ({
    by: options.author ?? loginName(),
    detail: options.reason ?? '',
  });
  acting('retry')
    .description('make parked deliveries due again; a running monitor sends them within seconds')
    .addHelpText(
      'after',
      '\nExamples:\n  vonage-audit-monitor deliveries retry --sink slack\n  vonage-audit-monitor deliveries retry --all --reason "the proxy is back"',
    )
    .action(async (ids: string[], options: ActOptions) => {
      const { settings } = (await loadOrRefuse(options.config)).ready;
      refuseUnknownSink(settings, options.sink);
      const done = await withStore(settings, Date.now, (store) =>
        retryParked(store, chosenOf(ids, options), actOf(options)),
      );
      await outputs().out.line(`${counted(done, 'delivery is', 'deliveries are')} due again`);
    });
  acting('drop')
    .description('give parked deliveries up; they stay in the history as dropped')
    .option('--waiting', 'also those that wait for their next attempt')
    .addHelpText(
      'after',
      '\nExample:\n  vonage-audit-monitor deliveries drop --sink old-hook --all --reason "the receiver is gone for good"',
    )
    .action(async (ids: string[], options: ActOptions & { readonly waiting?: boolean }) => {
      const { settings } = (await loadOrRefuse(options.config)).ready;
      const states = options.waiting ? (['parked', 'pending'] as const) : (['parked'] as const);
      const done = await withStore(settings, Date.now, (store) =>
        dropDeliveries(store, chosenOf(ids, options), states, actOf(options)),
      );
      await outputs().out.line(`${counted(done, 'delivery is', 'deliveries are')} dropped`);
    });
};
