import { visibleText } from '../alerts/visible-text.ts';
import type { AnsweredStatus } from '../app/ask-status.ts';
import { counted, grouped } from '../app/numbers.ts';
import { LEVELS } from '../core/alert.ts';
import type { AccountStatus, SinkStatus, StatusAnswer } from '../server/status-shape.ts';
import { type Colours, type Output, paintLevel } from './output.ts';
import { type Column, printTable } from './table.ts';
import { askedText } from './target.ts';
import { agoCell, spanText, timeText } from './times.ts';

/* The screen of `status`: what is wrong first, then accounts, sinks and the rest, as it fits on one. */

/** More accounts or sinks than this are summed up, unless all are asked for: only those in trouble are shown. */
const MAX_ROWS = 12;
const NAME = 24;

const shown = (text: string, length = 200): string => visibleText(text, length);

/** Prints the screen. `all`: every account and sink, however many. */
export const printStatus = async (out: Output, answered: AnsweredStatus, all: boolean): Promise<void> => {
  const { status } = answered;
  const { line, colours } = out;
  const [worst] = status.problems;
  const paint =
    worst === undefined ? colours.good : worst.severity === 'bad' ? colours.bad : colours.doubtful;
  await line(paint(shown(status.summary, 500)));
  // The first one is in the sentence above.
  for (const { severity, text } of status.problems.slice(1))
    await line(`  ${severity === 'bad' ? colours.bad('✘') : colours.doubtful('!')} ${shown(text, 300)}`);
  await line();
  await printMonitor(out, answered);
  await line();
  await printAccounts(out, status, all);
  await line();
  await printSinks(out, status, all);
  await line();
  await printRest(out, status);
};

const fact = (out: Output, name: string, text: string): Promise<void> =>
  out.line(`${out.colours.faint(name.padEnd(11))}${text}`);

const printMonitor = async (out: Output, answered: AnsweredStatus): Promise<void> => {
  const { status } = answered;
  const up =
    status.started_at === null ? '' : `, up ${agoCell(status.started_at, status.now).replace(/ ago$/, '')}`;
  const role = {
    active: out.colours.good('active'),
    standby: out.colours.doubtful('standing by'),
    offline: status.lease ? 'running' : out.colours.bad('not running'),
  }[status.role];
  await fact(out, 'monitor', `${role}${up}; ${askedText(answered)}`);
  if (status.role !== 'active' && status.lease)
    await fact(
      out,
      'lease',
      `held by ${holderText(status.lease.holder)}, renewed ${agoCell(status.lease.renewed_at, status.now)}`,
    );
  // During a rollout old and new ones work side by side.
  const several = new Set(status.replicas.map(({ version }) => version)).size > 1;
  for (const replica of status.replicas) {
    const version = several ? `, version ${shown(replica.version, 40)}` : '';
    const mark = status.config_skew ? `, configuration ${shown(replica.config_hash.slice(0, 12))}` : '';
    const refused =
      replica.config_refused === null ? '' : `; ${out.colours.doubtful('refused its latest configuration')}`;
    const holds = (['accounts', 'sinks', 'feeds', 'duties'] as const)
      .filter((kind) => replica[kind] > 0)
      .map(
        (kind) =>
          `${replica[kind]} ${replica[kind] === 1 ? (kind === 'duties' ? 'duty' : kind.slice(0, -1)) : kind}`,
      )
      .join(', ');
    await fact(
      out,
      'replica',
      `${holderText(replica.id)}: ${holds === '' ? 'holds nothing' : holds}${version}${mark}${refused}`,
    );
  }
  if (status.config_skew)
    await fact(out, '', out.colours.doubtful('the replicas work by different configurations'));
  const { file, hash, loaded_at: loaded, last_reload: reload } = status.config;
  const when = loaded === null ? '' : `, read ${timeText(loaded)}`;
  await fact(out, 'config', `${shown(file)}${when}${hash === null ? '' : ` (${hash.slice(0, 12)})`}`);
  if (reload && !reload.ok)
    for (const problem of reload.problems.slice(0, 3))
      await fact(out, '', out.colours.doubtful(`refused: ${shown(problem, 300)}`));
};

/** Host and process id of a holder's name. */
const holderText = (holder: string): string => {
  const [host = '', , pid] = holder.split('/');
  return shown(pid === undefined ? holder : `${host}, process ${pid}`, 100);
};

/** Those that are shown: all, or when they are many those in trouble. */
const chosen = <T extends { readonly state: string }>(items: readonly T[], all: boolean): readonly T[] =>
  all || items.length <= MAX_ROWS
    ? items
    : items
        .filter(({ state }) => state !== 'ok' && state !== 'standby' && state !== 'off')
        .slice(0, MAX_ROWS);

const hiddenText = (of: string, total: number, printed: number): string =>
  `${grouped(total - printed)} ${printed > 0 ? 'more ' : ''}${of}; --all shows them`;

const printAccounts = async (out: Output, { accounts, now }: StatusAnswer, all: boolean): Promise<void> => {
  const rows = chosen(accounts, all);
  if (rows.length > 0)
    await printTable(
      out,
      ACCOUNT_COLUMNS,
      rows.map((account) => [
        shown(account.name, NAME),
        account.state,
        account.watermark_age_seconds === null ? '-' : spanText(account.watermark_age_seconds * 1_000),
        agoCell(account.last_poll_at, now),
        completeText(account),
        account.events === null ? '-' : grouped(account.events),
        shown(account.reason ?? backfillText(account), 200),
      ]),
      {
        paint: (text, row, column) =>
          column === 1
            ? paintAccount(out.colours, rows[row], text)
            : column === 6
              ? out.colours.faint(text)
              : text,
      },
    );
  if (rows.length < accounts.length)
    await out.line(out.colours.faint(hiddenText('accounts', accounts.length, rows.length)));
};

const ACCOUNT_COLUMNS: readonly Column[] = [
  { head: 'ACCOUNT', min: 12 },
  { head: 'STATE' },
  { head: 'BEHIND', right: true },
  { head: 'LAST PASS', right: true },
  { head: 'COMPLETE', drop: 1 },
  { head: 'EVENTS', right: true, drop: 2 },
  { head: '', min: 16 },
];

const backfillText = ({ backfills }: AccountStatus): string => {
  const [first] = backfills;
  return first ? `backfill from ${first.from.slice(0, 10)}: ${counted(first.events, 'event')} so far` : '';
};

/** What is proven about the trail, in a few words. */
export const completeText = (account: AccountStatus): string => {
  const { unverified, never_read: never } = account;
  if (account.complete_until === null && unverified.length === 0) return '-';
  const gaps = never.filter(({ from }) => from !== null).length;
  const parts = [
    ...(unverified.length > 0 ? [`${unverified.length} unverified`] : []),
    ...(gaps > 0 ? [`${gaps} never read`] : []),
  ];
  return parts.length === 0 ? 'yes' : parts.join(', ');
};

/** The state of an account in its colour. */
export const paintAccount = (colours: Colours, account: AccountStatus | undefined, text: string): string => {
  switch (account?.state) {
    case 'ok':
    case 'standby':
      return colours.good(text);
    case 'failing':
      return colours.bad(text);
    case 'starting':
    case 'behind':
    case undefined:
      break;
  }
  return colours.doubtful(text);
};

const printSinks = async (out: Output, { sinks, now }: StatusAnswer, all: boolean): Promise<void> => {
  const rows = chosen(sinks, all);
  if (rows.length > 0)
    await printTable(
      out,
      SINK_COLUMNS,
      rows.map((sink) => [
        shown(sink.name, NAME),
        shown(sink.type, 16),
        sink.state.replace('_', ' '),
        grouped(sink.queue),
        sink.oldest_due_at === null
          ? '-'
          : spanText(Math.max(Date.parse(now) - Date.parse(sink.oldest_due_at), 0)),
        grouped(sink.parked),
        grouped(sink.sent),
        lastSuccess(sink, now),
        shown(sink.reason ?? feedText(sink), 200),
      ]),
      {
        paint: (text, row, column) =>
          column === 2
            ? paintSink(out.colours, rows[row], text)
            : column === 8
              ? out.colours.faint(text)
              : text,
      },
    );
  if (rows.length < sinks.length)
    await out.line(out.colours.faint(hiddenText('sinks', sinks.length, rows.length)));
};

const SINK_COLUMNS: readonly Column[] = [
  { head: 'SINK', min: 12 },
  { head: 'TYPE', drop: 3 },
  { head: 'STATE' },
  { head: 'QUEUE', right: true },
  { head: 'OLDEST', right: true },
  { head: 'PARKED', right: true, drop: 1 },
  { head: 'SENT', right: true, drop: 2 },
  { head: 'LAST SENT', right: true },
  { head: '', min: 16 },
];

const lastSuccess = ({ last_success_at: last, sent }: SinkStatus, now: string): string =>
  last === null ? (sent > 0 ? 'long ago' : '-') : agoCell(last, now);

const feedText = ({ feed, held }: SinkStatus): string => {
  if (feed && feed.events > 0) return `${counted(feed.events, 'event')} to be fed`;
  return held ? `${grouped(held)} held on purpose` : '';
};

const paintSink = (colours: Colours, sink: SinkStatus | undefined, text: string): string => {
  switch (sink?.state) {
    case 'ok':
      return colours.good(text);
    case 'off':
      return colours.faint(text);
    case 'circuit_open':
    case 'parked':
      return colours.bad(text);
    case 'retrying':
    case 'paused':
    case 'behind':
    case undefined:
      break;
  }
  return colours.doubtful(text);
};

const printRest = async (out: Output, status: StatusAnswer): Promise<void> => {
  const { rules, silences, store, alerts_24h: alerts, api_budget: budget } = status;
  const { bad, doubtful, faint } = out.colours;
  const failing = rules.failing.length === 0 ? '' : `, ${bad(`${rules.failing.length} failing`)}`;
  const beside = [
    ...(rules.shadow > 0 ? [`${rules.shadow} in shadow`] : []),
    ...(rules.skipped > 0 ? [`${rules.skipped} not loaded by status`] : []),
  ];
  await fact(out, 'rules', `${[`${rules.loaded} loaded`, ...beside].join(', ')}${failing}`);
  const levels = LEVELS.toReversed().filter((level) => alerts[level] > 0);
  await fact(
    out,
    'alerts',
    levels.length === 0
      ? 'none in 24 hours'
      : `${levels.map((level) => paintLevel(out.colours, level, `${grouped(alerts[level])} ${level}`)).join(', ')} in 24 hours`,
  );
  await fact(
    out,
    'silences',
    silences.in_force === 0
      ? 'none in force'
      : doubtful(`${silences.in_force} in force, ${counted(silences.hidden, 'alert')} hidden`),
  );
  if (budget)
    await fact(
      out,
      'API budget',
      `${budget.requests_per_second} requests a second, ${Math.round(budget.used_ratio * 100)} % used`,
    );
  const quarantined =
    store.quarantined === 0 ? '' : `, ${doubtful(`${grouped(store.quarantined)} quarantined`)}`;
  await fact(
    out,
    'store',
    `${bytesText(store.bytes)}, ${counted(store.events, 'event')}, ${counted(store.alerts, 'alert')}${quarantined}${store.kind === 'sqlite' ? '' : faint(` (${store.kind})`)}`,
  );
};

/** `1.2 GB`. */
const bytesText = (bytes: number): string => {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
};
