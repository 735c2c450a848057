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
import { WHY_REASONS } from '../core/decided.ts';
import { DELIVERY_STATES, type DeliveryState } from '../core/delivery.ts';
import { about, CONFIG } from './about.ts';
import { count, MOMENT, moment } from './arguments.ts';
import { showStory } from './delivery-story.ts';
import {
  createListWriter,
  type ListFormat,
  type ListStyle,
  withAnswerFormats,
  withListFormats,
} from './format.ts';
import { loadSettings } from './load-or-refuse.ts';
import { type Colours, type Output, outputs } from './output.ts';
import { timeCell } from './times.ts';

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
  readonly output: ListFormat;
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
    .option('--from <time>', `only those put into the outbox from then on: ${MOMENT}`, moment)
    .option('--to <time>', 'only those before, written likewise', moment)
    .option(...CONFIG);

const registerList = (deliveries: Command): void => {
  const list = deliveries
    .command('list')
    .description('list deliveries, newest first')
    .addOption(new Option('--state <state>', 'only those in one state').choices(DELIVERY_STATES))
    .option('--limit <count>', 'at most so many', count, 50);
  about(selecting(withListFormats(list)), [
    'deliveries list --state parked',
    'deliveries list --sink slack --from 24h --json',
  ]).action((options: ListOptions) => printList(options, options.state, options.limit));
  const parked = deliveries
    .command('parked')
    .description('list the parked deliveries; the same as list --state parked');
  about(selecting(withListFormats(parked)), ['deliveries parked', 'deliveries parked --sink slack']).action(
    (options: Selection & { readonly output: ListFormat }) => printList(options, 'parked', 1_000_000),
  );
};

const printList = async (
  options: Selection & { readonly output: ListFormat },
  state: DeliveryState | undefined,
  limit: number,
): Promise<void> => {
  const { out } = outputs();
  const { settings } = await loadSettings(options.config);
  const { sink, rule: ruleId, from: fromMs, to: toMs } = options;
  const list = createListWriter(out, options.output, styleOf(out, state));
  let listed = 0;
  await withHistory(settings, async (history) => {
    const query = { sink, ruleId, fromMs, toMs, state, newestFirst: true, limit: Math.min(limit, 200) };
    for await (const one of listedDeliveries(history, query)) {
      if (listed >= limit || out.closed) break;
      listed += 1;
      await list.add(one);
    }
  });
  if (listed === 0) refuseUnknownSink(settings, sink);
  await list.end();
};

const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

const styleOf = (out: Output, state: DeliveryState | undefined): ListStyle<ListedDelivery> => ({
  columns: [
    { head: 'DELIVERY' },
    { head: 'CREATED (UTC)' },
    { head: 'SINK', min: 10 },
    { head: 'STATE' },
    { head: 'TRIES', right: true, drop: 1 },
    { head: 'ALERT', min: 16, drop: 2 },
    { head: 'LAST ANSWER', min: 16, drop: 3 },
  ],
  cells: ({ delivery, alert, last }) => [
    delivery.id,
    timeCell(iso(delivery.createdAtMs)),
    visibleText(delivery.sink, 64),
    delivery.state,
    String(delivery.attempts),
    alert ? visibleText(`${alert.rule.level}: ${alert.rule.title}`, 60) : 'no longer kept',
    visibleText(last ?? '', 200),
  ],
  json: ({ delivery, alert, last }) => ({
    id: delivery.id,
    alert: delivery.alertId,
    sink: delivery.sink,
    state: delivery.state,
    attempts: delivery.attempts,
    created_at: iso(delivery.createdAtMs),
    due_at: iso(delivery.dueAtMs),
    ended_at: iso(delivery.endedAtMs),
    silence: delivery.silence ?? null,
    why: delivery.why.map(({ reason, detail }) => ({ reason, text: WHY_REASONS[reason], detail })),
    last_detail: last ?? null,
    level: alert?.rule.level ?? null,
    title: alert?.rule.title ?? null,
    account: alert === undefined || alert.account === '' ? null : alert.account,
  }),
  paint: (text, { delivery }, column) =>
    column === 3 ? paintState(out.colours, delivery.state, text) : text,
  nothing: state === undefined ? 'there are none' : `nothing is ${state}`,
});

const paintState = (colours: Colours, state: DeliveryState, text: string): string => {
  switch (state) {
    case 'parked':
      return colours.bad(text);
    case 'sent':
      return colours.good(text);
    case 'pending':
    case 'sending':
      return colours.doubtful(text);
    case 'folded':
    case 'silenced':
    case 'dropped':
      break;
  }
  return colours.faint(text);
};

const registerShow = (deliveries: Command): void => {
  const show = deliveries
    .command('show')
    .argument('<id>', 'id of a delivery or of an alert')
    .description('the whole story of one alert: event, rule, route, folding, attempts, acts')
    .option(...CONFIG);
  about(withAnswerFormats(show), ['deliveries show 9c7d0a52b1f84e6f8a3d5b0c2e417f60']).action(showStory);
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
  about(
    acting('retry').description(
      'make parked deliveries due again; a running monitor sends them within seconds',
    ),
    ['deliveries retry --sink slack', 'deliveries retry --all --reason "the proxy is back"'],
    { 2: 'nothing of this is parked' },
  ).action(async (ids: string[], options: ActOptions) => {
    const { settings } = await loadSettings(options.config);
    refuseUnknownSink(settings, options.sink);
    const done = await withStore(settings, Date.now, (store) =>
      retryParked(store, chosenOf(ids, options), actOf(options)),
    );
    await outputs().out.line(`${counted(done, 'delivery is', 'deliveries are')} due again`);
  });
  about(
    acting('drop')
      .description('give parked deliveries up; they stay in the history as dropped')
      .option('--waiting', 'also those that wait for their next attempt'),
    ['deliveries drop --sink old-hook --reason "the receiver is gone for good"'],
    { 2: 'nothing of this is parked' },
  ).action(async (ids: string[], options: ActOptions & { readonly waiting?: boolean }) => {
    const { settings } = await loadSettings(options.config);
    const states = options.waiting ? (['parked', 'pending'] as const) : (['parked'] as const);
    const done = await withStore(settings, Date.now, (store) =>
      dropDeliveries(store, chosenOf(ids, options), states, actOf(options)),
    );
    await outputs().out.line(`${counted(done, 'delivery is', 'deliveries are')} dropped`);
  });
};
