import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { loginName, withStore } from '../app/deliveries.ts';
import { counted, grouped } from '../app/numbers.ts';
import { plannerFor } from '../app/planner.ts';
import { expireSilence, silenceOf } from '../app/silence-acts.ts';
import { UsageError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import { matchText } from '../core/matcher.ts';
import type { SilenceRecord } from '../core/silence.ts';
import type { TimeWindowSettings } from '../core/time-window.ts';
import { about, CONFIG } from './about.ts';
import { duration, MOMENT, matcher, moment } from './arguments.ts';
import { createListWriter, type ListFormat, type ListStyle, withListFormats } from './format.ts';
import { loadSettings } from './load-or-refuse.ts';
import { outputs } from './output.ts';
import { timeCell } from './times.ts';

/** A duration would be one before now. */
const UNTIL = '2026-01-31 or 2026-01-31T12:00:00Z';
/** Longest text of a silence that is printed beside others. */
const MAX_SHOWN = 500;

interface AddOptions {
  readonly config?: string;
  readonly match: Readonly<Record<string, readonly string[]>>;
  readonly for?: number;
  readonly until?: number;
  readonly start?: number;
  readonly days?: string;
  readonly hours?: string;
  readonly timezone?: string;
  readonly during?: string;
  readonly reason?: string;
  readonly author?: string;
}

const EXAMPLES = [
  'silences add --match rule=5f3c2b1a-… --for 2h --reason "key rotation, ticket 4711"',
  'silences add --match account=retail --match event_type=~^NUMBER_ --for 30m --reason migration',
  'silences add --match level!=critical --for 90d --days sun --hours 02:00-04:00 --reason maintenance',
];

/** `silences add|list|expire`: keep alerts from being sent, not from being recorded. */
export const registerSilences = (program: Command): void => {
  const silences = program
    .command('silences')
    .description(
      'keep alerts from being sent for a time; they are recorded, and a summary tells what was hidden',
    );
  const adding = silences
    .command('add')
    .description('add a silence; a running monitor obeys it from the next alert on')
    .option(
      '--match <matcher>',
      'what it hides: key=value, key!=value, key=~expression, key!~expression; keys as in routes. All keys must hold; values of one key are alternatives',
      matcher,
      {},
    )
    .option('--for <duration>', 'how long it lasts, such as 2h', duration)
    .option('--until <time>', `when it ends, instead of --for: ${UNTIL}`, moment)
    .option('--start <time>', `when it begins (default: now): ${MOMENT}`, moment)
    .option(
      '--days <days>',
      'only on these days of the week, such as sun or mon-fri: a recurring maintenance',
    )
    .option('--hours <hours>', 'only in these hours, such as 02:00-04:00')
    .option('--timezone <zone>', 'zone of --days and --hours (default: that of the configuration)')
    .option('--during <window>', 'only inside this time window of the configuration')
    .option('--reason <text>', 'why; needed')
    .option('--author <name>', 'who does this (default: the login name)')
    .option(...CONFIG);
  about(adding, EXAMPLES).action(add);
  const listing = silences
    .command('list')
    .description('list silences that are in force or to come, newest first')
    .option('--ended', 'also those that have ended')
    .option(...CONFIG);
  about(withListFormats(listing), ['silences list', 'silences list --ended --json']).action(list);
  const expiring = silences
    .command('expire')
    .argument('<id>', 'the silence, by its id or the beginning of it')
    .description('end a silence now; a running monitor sends the summary of what it hid within seconds')
    .option('--author <name>', 'who does this (default: the login name)')
    .option(...CONFIG);
  about(expiring, ['silences expire 6f1c3f0a'], { 2: 'there is no such silence' }).action(
    async (id: string, options: { readonly config?: string; readonly author?: string }) => {
      const { settings } = await loadSettings(options.config);
      const silence = await withStore(settings, Date.now, (store) =>
        expireSilence(store, id, options.author ?? loginName(), Date.now()),
      );
      await outputs().out.line(
        `silence ${silence.id} has ended (${visibleText(matchText(silence.match), MAX_SHOWN)})`,
      );
    },
  );
};

const scheduleOf = (options: AddOptions, settings: Settings): TimeWindowSettings | undefined => {
  const { days, hours, timezone, during } = options;
  const own = days ?? hours;
  if (during !== undefined) {
    if (own !== undefined)
      throw new UsageError('--during names days and hours; leave out --days and --hours');
    const window = settings.timeWindows[during];
    const names = Object.keys(settings.timeWindows).join(', ') || 'none';
    if (!window)
      throw new UsageError(`no time window is called ${JSON.stringify(during)}; there are ${names}`);
    return window;
  }
  if (own === undefined) {
    if (timezone !== undefined) throw new UsageError('--timezone is only of use with --days or --hours');
    return undefined;
  }
  return { ...(days && { days }), ...(hours && { hours }), ...(timezone && { timezone }) };
};

const add = async (options: AddOptions): Promise<void> => {
  const nowMs = Date.now();
  const startsAtMs = options.start ?? nowMs;
  if ((options.for === undefined) === (options.until === undefined))
    throw new UsageError('say how long: --for 2h, or --until 2026-01-31T12:00:00Z');
  const { settings } = await loadSettings(options.config);
  const silence = silenceOf(
    {
      match: options.match,
      author: options.author ?? loginName(),
      reason: options.reason ?? '',
      startsAtMs,
      endsAtMs: options.until ?? startsAtMs + (options.for ?? 0),
      schedule: scheduleOf(options, settings),
    },
    settings,
    nowMs,
  );
  await withStore(settings, Date.now, (store) => store.silences.add(silence));
  const { out } = outputs();
  await out.line(silence.id);
  await outputs().err.line(
    `hides ${visibleText(matchText(silence.match), MAX_SHOWN)} until ${new Date(silence.endsAtMs).toISOString()}${scheduleText(silence.schedule)}`,
  );
};

const scheduleText = (schedule: TimeWindowSettings | undefined): string => {
  if (!schedule) return '';
  const parts = [schedule.days, schedule.hours].filter((part) => part !== undefined).map(String);
  return `, only ${parts.join(' ')}${schedule.timezone === undefined ? '' : ` (${schedule.timezone})`}`;
};

type State = 'expired' | 'ended' | 'to come' | 'in force' | 'resting';

/** The states as programs are told them. */
const STATES = {
  expired: 'ended',
  ended: 'ended',
  'to come': 'waiting',
  resting: 'waiting',
  'in force': 'in_force',
} as const satisfies Record<State, string>;

const stateOf = (silence: SilenceRecord, inForce: boolean, nowMs: number): State => {
  if (silence.expired) return 'expired';
  if (nowMs >= silence.endsAtMs) return 'ended';
  if (nowMs < silence.startsAtMs) return 'to come';
  return inForce ? 'in force' : 'resting';
};

const list = async (options: {
  readonly config?: string;
  readonly ended?: boolean;
  readonly output: ListFormat;
}): Promise<void> => {
  const nowMs = Date.now();
  const { settings } = await loadSettings(options.config);
  const planner = plannerFor(settings);
  const silences = await withStore(settings, Date.now, (store) =>
    store.silences.list({ nowMs, ended: options.ended ?? false }),
  );
  const { out } = outputs();
  const state = (silence: SilenceRecord): State => stateOf(silence, planner.inForce(silence, nowMs), nowMs);
  const list = createListWriter(out, options.output, styleOf(state));
  for (const silence of silences) await list.add(silence);
  await list.end(counted(silences.length, 'silence'));
};

const iso = (ms: number): string => new Date(ms).toISOString();

const styleOf = (state: (silence: SilenceRecord) => State): ListStyle<SilenceRecord> => ({
  columns: [
    { head: 'SILENCE' },
    { head: 'STATE' },
    { head: 'ENDS (UTC)' },
    { head: 'HIDDEN', right: true },
    { head: 'AUTHOR', min: 8, drop: 1 },
    { head: 'HIDES', min: 20 },
    { head: 'REASON', min: 12 },
  ],
  cells: (silence) => [
    silence.id.slice(0, 8),
    state(silence),
    timeCell(iso(silence.expired?.atMs ?? silence.endsAtMs)),
    grouped(silence.hidden),
    visibleText(silence.author, 30),
    visibleText(`${matchText(silence.match)}${scheduleText(silence.schedule)}`, 120),
    visibleText(silence.reason, 200),
  ],
  json: (silence) => ({
    id: silence.id,
    match: silence.match,
    author: silence.author,
    reason: silence.reason,
    created_at: iso(silence.createdAtMs),
    starts_at: iso(silence.startsAtMs),
    ends_at: iso(silence.endsAtMs),
    schedule: scheduleJson(silence.schedule),
    state: STATES[state(silence)],
    expired: silence.expired ? { at: iso(silence.expired.atMs), by: silence.expired.by } : null,
    hidden: silence.hidden,
    untold: silence.untold,
  }),
  nothing: 'there are none',
});

const scheduleJson = (schedule: TimeWindowSettings | undefined): object | null =>
  schedule
    ? {
        days: schedule.days === undefined ? null : String(schedule.days),
        hours: schedule.hours === undefined ? null : String(schedule.hours),
        timezone: schedule.timezone ?? null,
      }
    : null;
