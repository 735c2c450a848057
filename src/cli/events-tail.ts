import { type Command, InvalidArgumentError, Option } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { withStore } from '../app/deliveries.ts';
import { type FollowOptions, followMonitor, followStore, type Happening } from '../app/follow.ts';
import { createHappeningFilter } from '../app/happening-filter.ts';
import { type PastEvents, pastEvents } from '../app/past-events.ts';
import { reachMonitor } from '../app/reach-monitor.ts';
import { LEVELS, type Level } from '../core/alert.ts';
import { about } from './about.ts';
import { listed, MOMENT, matcher, moment } from './arguments.ts';
import { type CommandContext, EXIT } from './context.ts';
import { type RecordFormat, withRecordFormats } from './format.ts';
import { outputs } from './output.ts';
import { createTailPrinter } from './tail-line.ts';
import { loading, type TargetOptions, withTarget } from './target.ts';

interface Options extends TargetOptions {
  readonly follow?: boolean;
  readonly lines: number;
  readonly since?: number;
  readonly account: readonly string[];
  readonly type: readonly string[];
  readonly level?: Level;
  readonly filter: Readonly<Record<string, readonly string[]>>;
  readonly alerts?: boolean;
  readonly full?: boolean;
  readonly output: RecordFormat;
}

const lines = (text: string): number => {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('Allowed: a whole number from 0 to 99999.');
  return Number(text);
};

/** `events tail`: what happens, as it happens. */
export const registerEventsTail = (events: Command, context: CommandContext): void => {
  const command = withRecordFormats(events.command('tail'))
    .description('show the newest events, and with -f those that come, each with the alerts it took part in')
    .option('-f, --follow', 'go on with what happens, until it is stopped; outlives restarts of the monitor')
    .option('-n, --lines <count>', 'begin with so many of the newest events', lines, 10)
    .option('--since <time>', `begin with everything since then, instead: ${MOMENT}`, moment)
    .option('--account <name>', 'only of this account (repeatable)', listed, [])
    .option('--type <type>', 'only events of this type (repeatable)', listed, [])
    .addOption(new Option('--level <level>', 'only what alerted at this level or above').choices(LEVELS))
    .option(
      '--filter <matcher>',
      'only what matches: key=value, key!=value, key=~expression, key!~expression; keys are account, event_type, id, user, source_ip, source_country, level, rule, text (repeatable; all keys must hold)',
      matcher,
      {},
    )
    .option('--alerts', 'also a line for every alert, those of the monitor about itself included')
    .option('--full', 'do not cut lines to the width of the terminal');
  withTarget(command).action((options: Options) => run(options, context));
  about(command, [
    'events tail -f',
    'events tail -f --alerts --level high',
    'events tail --since 1h --filter event_type=~^NUMBER_ --filter source_country!=GB',
    'events tail -f --json | jq -r \'select(.type == "event") | .sentence\'',
  ]);
};

const wishOf = ({ account, type, filter, level }: Options) => ({
  level,
  match: {
    ...filter,
    ...(account.length > 0 && { account: account.map((name) => `=${name}`) }),
    ...(type.length > 0 && { event_type: type.map((name) => `=${name}`) }),
  },
});

const run = async (options: Options, context: CommandContext): Promise<void> => {
  const { out, err } = outputs();
  const fits = createHappeningFilter(wishOf(options));
  const ready = options.url === undefined ? await loading(options)() : undefined;
  const reached = await reachMonitor(options, ready?.settings, Date.now(), context.signal);
  const accounts =
    'api' in reached
      ? reached.status.accounts.map(({ name }) => name)
      : (ready?.settings.accounts.map(({ name }) => name) ?? []);
  if ('why' in reached && options.follow && out.columns !== undefined)
    await err.line(err.colours.faint(`follows the store, since ${visibleText(reached.why, 300)}`));
  const printer = createTailPrinter(out, { accounts, full: options.full === true });
  const show = async (happening: Happening): Promise<boolean> => {
    if (!fits(happening) || (happening.type === 'alert' && !options.alerts)) return !out.closed;
    if (options.output === 'ndjson') await out.json({ type: happening.type, ...happening.row });
    else await printer.print(happening);
    return !out.closed && !context.signal.aborted;
  };
  const work = async (past: PastEvents, follow: (to: FollowOptions) => Promise<void>): Promise<void> => {
    if (!options.follow) {
      await past.list(options.since, options.lines, fits, show);
      return;
    }
    await followFrom(options, past, fits, show, follow, context.signal);
  };
  if ('api' in reached)
    await work(pastEvents.ofMonitor(reached.api, context.signal), (to) =>
      followMonitor(reached.api, to, context.signal),
    );
  else if (ready)
    await withStore(ready.settings, Date.now, (store) =>
      work(pastEvents.ofStore(store, context.signal), (to) => followStore(store, to, context.signal)),
    );
  context.exit(EXIT.ok);
};

/**
 * First what is past, then what happens. The stream is begun before the past is read, so that nothing falls between; what
 * comes meanwhile waits, and what the past has told already is left out.
 */
const followFrom = async (
  options: Options,
  past: PastEvents,
  fits: (happening: Happening) => boolean,
  show: (happening: Happening) => Promise<boolean>,
  follow: (to: FollowOptions) => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  const { err } = outputs();
  let told: Promise<ReadonlySet<string>> | undefined;
  await follow({
    onBegun() {
      told = past.list(options.since, options.lines, fits, show);
      // Whoever waits for it gets the failure; nobody has to.
      told.catch(() => undefined);
    },
    async tell(happening) {
      const known = await told;
      if (happening.type === 'event' && known?.has(keyOf(happening))) return true;
      return show(happening);
    },
    onLost(why) {
      if (signal.aborted) return;
      void err.line(
        err.colours.faint(
          why === undefined ? 'the monitor is there again' : `${visibleText(why, 300)}; waiting for it`,
        ),
      );
    },
  });
  await told;
};

const keyOf = ({ row }: Extract<Happening, { readonly type: 'event' }>): string =>
  JSON.stringify([row.account, row.id]);
