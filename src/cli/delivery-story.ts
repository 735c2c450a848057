import { timeText } from '../alerts/condition-texts.ts';
import { visibleText } from '../alerts/visible-text.ts';
import { withHistory } from '../app/deliveries.ts';
import { type AlertStory, type DeliveryStory, storyOf } from '../app/story.ts';
import { formatDuration } from '../base/duration.ts';
import type { Act } from '../core/acts.ts';
import { WHY_REASONS } from '../core/decided.ts';
import { inBrackets } from '../core/fleet.ts';
import type { AttemptRecord, DeliveryRecord } from '../core/history.ts';
import type { AnswerFormat } from './format.ts';
import { loadSettings } from './load-or-refuse.ts';
import { type Colours, type Output, outputs } from './output.ts';

/* The story of one alert, as people read it and as programs do. Everything from events is made visible. */

const shown = (text: string): string => visibleText(text, 500);

/** The story as JSON: times in ISO 8601, names in snake_case. */
const storyJson = ({ alert, events, deliveries, folded, acts }: AlertStory): object => ({
  alert,
  events: events.map(({ id, account, eventType, createdAtMs, seenAtMs, json }) => ({
    id,
    account,
    event_type: eventType,
    created_at: new Date(createdAtMs).toISOString(),
    seen_at: new Date(seenAtMs).toISOString(),
    event: JSON.parse(json) as unknown,
  })),
  deliveries: deliveries.map(({ delivery, attempts, acts: done, summary }) => ({
    id: delivery.id,
    sink: delivery.sink,
    state: delivery.state,
    created_at: new Date(delivery.createdAtMs).toISOString(),
    due_at: delivery.dueAtMs === undefined ? null : new Date(delivery.dueAtMs).toISOString(),
    ended_at: delivery.endedAtMs === undefined ? null : new Date(delivery.endedAtMs).toISOString(),
    why: delivery.why,
    silence: delivery.silence ?? null,
    summary: summary === undefined ? null : { id: summary.id, alert: summary.alertId, state: summary.state },
    attempts: attempts.map(({ startedAtMs, endedAtMs, ...rest }) => ({
      started_at: new Date(startedAtMs).toISOString(),
      duration_ms: endedAtMs - startedAtMs,
      ...rest,
    })),
    acts: done.map(actJson),
  })),
  folded: folded.map(({ id, rule, message }) => ({ id, level: rule.level, title: rule.title, message })),
  acts: acts.map(actJson),
});

const actJson = ({ act, atMs, by, detail }: Act): object => ({
  act,
  at: new Date(atMs).toISOString(),
  by,
  detail,
});

/** What `deliveries show` and `alerts show` do. */
export const showStory = async (
  id: string,
  { config, output }: { readonly config?: string; readonly output: AnswerFormat },
): Promise<void> => {
  const { out } = outputs();
  const { settings } = await loadSettings(config);
  const story = await withHistory(settings, (history) => storyOf(history, id));
  if (output === 'json') await out.json(storyJson(story));
  else await printStory(out, story);
};

/** Prints the story. */
const printStory = async (out: Output, story: AlertStory): Promise<void> => {
  const { line, colours } = out;
  const { alert, events, deliveries, folded, acts } = story;
  const account = inBrackets(shown(alert.account));
  await line(
    colours.strong(`${alert.rule.level.toUpperCase()}  ${shown(alert.rule.title)}${account}`) +
      (alert.status === 'resolved' ? colours.good('  resolved') : ''),
  );
  await line(shown(alert.message));
  await line();
  await line(`alert      ${alert.id}  (${alert.kind})`);
  await line(`rule       ${shown(alert.rule.id)}`);
  await line(`happened   ${timeText(alert.createdAtMs)}`);
  await line(
    `decided    ${timeText(alert.decidedAtMs)}, ${formatDuration(Math.max(alert.decidedAtMs - alert.createdAtMs, 0))} later`,
  );
  for (const event of events)
    await line(
      `event      ${shown(event.id)}  ${shown(event.eventType)}  ${timeText(event.createdAtMs)}, seen ${formatDuration(Math.max(event.seenAtMs - event.createdAtMs, 0))} later`,
    );
  const gone = alert.eventIds.length - events.length;
  if (gone > 0) await line(`           ${gone} more no longer kept`);
  for (const one of folded) await line(`folded     ${one.id}  ${one.rule.level}: ${shown(one.rule.title)}`);
  if (alert.summary && alert.summary.total > folded.length)
    await line(`           ${alert.summary.total} in all`);
  for (const act of acts) await line(`act        ${actText(act)}`);
  if (deliveries.length === 0) await line('deliveries none: recorded, sent nowhere');
  for (const one of deliveries) await printDelivery(out, one);
};

const actText = ({ act, atMs, by, detail }: Act): string =>
  `${timeText(atMs)}  ${act} by ${shown(by)}${detail === '' ? '' : `: ${shown(detail)}`}`;

const stateText = ({ state, dueAtMs, endedAtMs }: DeliveryRecord, colours: Colours): string => {
  const ended = endedAtMs === undefined ? '' : ` ${timeText(endedAtMs)}`;
  switch (state) {
    case 'sent':
      return colours.good(`sent${ended}`);
    case 'parked':
      return colours.bad(`parked${ended}`);
    case 'pending':
      return colours.doubtful(`pending, due ${timeText(dueAtMs ?? 0)}`);
    case 'sending':
      return colours.doubtful('sending');
    case 'folded':
    case 'silenced':
    case 'dropped':
      break;
  }
  return `${state}${ended}`;
};

const printDelivery = async (
  { line, colours }: Output,
  { delivery, attempts, acts, summary }: DeliveryStory,
): Promise<void> => {
  await line();
  await line(`${colours.strong(shown(delivery.sink))}  ${delivery.id}  ${stateText(delivery, colours)}`);
  for (const { reason, detail } of delivery.why)
    await line(`  why      ${detail === '' ? WHY_REASONS[reason] : `${reason}: ${shown(detail)}`}`);
  if (summary)
    await line(`  told     in summary ${summary.alertId}, delivery ${summary.id} (${summary.state})`);
  for (const [index, attempt] of attempts.entries())
    await line(`  try ${String(index + 1).padEnd(4)} ${attemptText(attempt, colours)}`);
  for (const act of acts) await line(`  act      ${actText(act)}`);
};

const attemptText = (attempt: AttemptRecord, colours: Colours): string => {
  const { startedAtMs, endedAtMs, outcome, status, bytes, detail } = attempt;
  const paint = { sent: colours.good, retry: colours.doubtful, rejected: colours.bad }[outcome];
  const facts = [
    formatDuration(Math.max(endedAtMs - startedAtMs, 0)),
    ...(status === undefined ? [] : [`status ${status}`]),
    ...(bytes === undefined ? [] : [`${bytes} bytes`]),
  ];
  return `${timeText(startedAtMs)}  ${paint(outcome.padEnd(8))}  ${facts.join(', ')}  ${shown(detail)}`;
};
