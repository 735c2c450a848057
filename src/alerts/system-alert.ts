import { formatDuration } from '../base/duration.ts';
import { stableId } from '../base/hash.ts';
import type { Alert, AlertField } from '../core/alert.ts';
import type { ConditionName } from '../core/conditions.ts';
import { CONDITION_TEXTS, sinceText, timeText } from './condition-texts.ts';
import { visibleText } from './visible-text.ts';

/** One condition of the monitor about itself. */
export interface Condition {
  readonly name: ConditionName;
  /** Name of the account, sink or rule it is about; '' for the monitor as a whole. */
  readonly subject: string;
  /** Why, as far as known, for people; holds no secret. May be ''. */
  readonly detail: string;
}

/** The key under which a condition is stored: `blind:default`. */
export const conditionKey = (name: ConditionName, subject: string): string => `${name}:${subject}`;

/** Where the documentation says what to do about an alert of the monitor about itself: a section for each name. */
export const runbook = (name: string): string => `docs/operations.md#${name}`;

/** The longest reason that an alert about the monitor shows. */
const MAX_DETAIL_LENGTH = 400;

/**
 * The alert about a condition that began (`firing`) or ended (`resolved`) at `nowMs` after beginning at `sinceMs`. The
 * id depends on key, start and status: each change of state is told once, whoever notices it, however often.
 */
export const systemAlert = (
  condition: Condition,
  status: Alert['status'],
  sinceMs: number,
  nowMs: number,
): Alert => {
  const text = CONDITION_TEXTS[condition.name];
  const subject = visibleText(condition.subject, 200);
  const detail = visibleText(condition.detail.trim().replace(/\.$/, ''), MAX_DETAIL_LENGTH);
  const firing = status === 'firing';
  const lasted = formatDuration(Math.max(nowMs - sinceMs, 0));
  const message = firing
    ? `${text.problem(subject, detail, sinceText(sinceMs, nowMs))} What to do: ${text.action} Runbook: ${runbook(condition.name)}`
    : `${text.resolved(subject)} It lasted ${lasted}.`;
  const fields: readonly AlertField[] = [
    ...(subject === '' ? [] : [{ name: text.aboutAccount ? 'Account' : 'Subject', value: subject }]),
    ...(firing && detail !== '' ? [{ name: 'Reason', value: detail }] : []),
    { name: 'Since', value: timeText(sinceMs) },
    ...(firing ? [] : [{ name: 'Until', value: timeText(nowMs) }]),
  ];
  return {
    id: stableId('system', conditionKey(condition.name, condition.subject), String(sinceMs), status),
    kind: 'system',
    status,
    rule: {
      id: `system.${condition.name}`,
      title: firing ? text.title : `Resolved: ${text.title}`,
      level: text.level,
      tags: [],
      references: [],
    },
    account: text.aboutAccount ? condition.subject : '',
    message,
    fields,
    events: [],
    eventIds: [],
    eventTypes: [],
    createdAtMs: firing ? sinceMs : nowMs,
    decidedAtMs: nowMs,
  };
};
