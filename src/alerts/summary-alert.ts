import { formatDuration } from '../base/duration.ts';
import { stableId } from '../base/hash.ts';
import { type Alert, type AlertField, LEVELS, type Level, type SummaryReason } from '../core/alert.ts';
import { type FoldedAlerts, highestLevel, memberOf } from '../core/planner.ts';
import { timeText } from './condition-texts.ts';
import { headFields } from './head-fields.ts';
import { cutText, visibleText } from './visible-text.ts';

/** How many members the fields name; all that were handed over are in the summary itself. */
const MAX_NAMED = 10;

const countText = (count: number): string => (count === 1 ? '1 alert' : `${count} alerts`);

/** `2 critical, 5 high`, the most severe first. */
const levelsText = (levels: Readonly<Partial<Record<Level, number>>>): string =>
  LEVELS.toReversed()
    .filter((level) => (levels[level] ?? 0) > 0)
    .map((level) => `${levels[level]} ${level}`)
    .join(', ');

/** The value all alerts have in common, or undefined. */
const common = (alerts: readonly Alert[], of: (alert: Alert) => string): string | undefined => {
  const values = new Set(alerts.map(of));
  const [value] = values;
  return values.size === 1 ? value : undefined;
};

const TITLES: Readonly<Record<SummaryReason, (count: string, rule: string | undefined) => string>> = {
  suppressed: (count, rule) => (rule === undefined ? `${count} suppressed` : `${count} more: ${rule}`),
  group: (count, rule) => (rule === undefined ? `${count} together` : `${count}: ${rule}`),
  backlog: (count) => `${count} that had to wait`,
  held: (count) => `${count} held back until now`,
  silenced: (count) => `${count} hidden by a silence`,
};

const explanation = (folded: FoldedAlerts): string => {
  const count = countText(folded.total);
  const is = folded.total === 1 ? 'is' : 'are';
  switch (folded.reason) {
    case 'suppressed':
      return `${count} of a rule that was told a moment before ${is} summed up here, as the rule asks.`;
    case 'group':
      return `${count} that belong together ${is} told at once.`;
    case 'backlog':
      return `${count} waited for "${visibleText(folded.sink, 100)}", more than it is to get one by one, and ${is} summed up here. The most severe come first.`;
    case 'held':
      return `${count} came while nobody was to be told here, and ${is} summed up now. The most severe come first.`;
    case 'silenced':
      break;
  }
  const { silence } = folded;
  const by = silence ? ` by ${visibleText(silence.author, 100)} ("${visibleText(silence.reason, 200)}")` : '';
  return `A silence${by} has ended. It hid ${count}, summed up here.`;
};

/**
 * The alert that stands for folded ones. Its level is that of the most severe, so that it is taken as seriously; its id
 * depends on sink, reason and what was folded alone.
 */
export const summaryAlert = (folded: FoldedAlerts, nowMs: number): Alert => {
  const { alerts, total, reason, levels } = folded;
  const members = alerts.map(memberOf);
  const rule = total === alerts.length ? common(alerts, (alert) => alert.rule.title) : undefined;
  const account = total === alerts.length ? common(alerts, (alert) => alert.account) : undefined;
  const named = members.slice(0, MAX_NAMED);
  const spanMs = folded.lastMs - folded.firstMs;
  const fields: readonly AlertField[] = [
    { name: 'Levels', value: levelsText(levels) },
    {
      name: 'Decided',
      value:
        spanMs < 1_000
          ? timeText(folded.lastMs)
          : `${timeText(folded.firstMs)} to ${timeText(folded.lastMs)} (${formatDuration(spanMs)})`,
    },
    ...named.map((member) => ({
      name: `${member.level}${member.status === 'resolved' ? ', resolved' : ''}`,
      value: cutText(`${timeText(member.createdAtMs)}: ${member.title}: ${member.message}`, 400),
    })),
    ...(total > named.length ? [{ name: 'And', value: `${total - named.length} more` }] : []),
    ...headFields(folded.heads ?? []),
  ];
  return {
    id: stableId('summary', reason, folded.sink, folded.key),
    kind: 'summary',
    status: 'firing',
    rule: {
      id: `summary.${reason}`,
      title: TITLES[reason](countText(total), rule && visibleText(rule, 150)),
      level: highestLevel(levels),
      tags: [],
      references: [...new Set(alerts.flatMap((alert) => alert.rule.references))].slice(0, 5),
    },
    account: account ?? '',
    message: explanation(folded),
    fields,
    events: [],
    eventIds: [],
    eventTypes: [],
    summary: { reason, total, levels, members },
    createdAtMs: folded.lastMs,
    decidedAtMs: nowMs,
  };
};
