import { visibleText } from '../alerts/visible-text.ts';
import type { AnsweredStatus } from '../app/ask-status.ts';
import { counted, grouped } from '../app/numbers.ts';
import { LEVELS } from '../core/alert.ts';
import type { StatusAnswer } from '../server/status-shape.ts';
import { type Output, paintLevel } from './output.ts';
import { printAccounts, printSinks } from './status-tables.ts';
import { askedText } from './target.ts';
import { agoCell, timeText } from './times.ts';

/* The screen of `status`: what is wrong first, then accounts, sinks and the rest, as it fits on one. */

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
  await printReplicas(out, status);
  const { file, hash, loaded_at: loaded, last_reload: reload } = status.config;
  const when = loaded === null ? '' : `, read ${timeText(loaded)}`;
  await fact(out, 'config', `${shown(file)}${when}${hash === null ? '' : ` (${hash.slice(0, 12)})`}`);
  if (reload && !reload.ok)
    for (const problem of reload.problems.slice(0, 3))
      await fact(out, '', out.colours.doubtful(`refused: ${shown(problem, 300)}`));
};

const printReplicas = async (out: Output, status: StatusAnswer): Promise<void> => {
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
};

/** Host and process id of a holder's name. */
const holderText = (holder: string): string => {
  const [host = '', , pid] = holder.split('/');
  return shown(pid === undefined ? holder : `${host}, process ${pid}`, 100);
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
