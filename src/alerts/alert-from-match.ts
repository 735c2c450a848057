import { formatDuration } from '../base/duration.ts';
import { stableId } from '../base/hash.ts';
import { type Json, type JsonObject, own } from '../base/json.ts';
import type { Alert, AlertField } from '../core/alert.ts';
import type { Match } from '../core/match.ts';
import { timeText } from './condition-texts.ts';
import { type Description, describeEvent } from './describe-event.ts';
import { fieldValues, listText, scalarText } from './event-field.ts';
import { noveltyText } from './novelty-text.ts';
import { parseTemplate, renderTemplate } from './template.ts';
import { cutText, visibleText } from './visible-text.ts';

/** The longest message, in characters: more than anybody reads at night, less than any sink's limit. */
const MAX_MESSAGE_LENGTH = 2_000;

/**
 * Names a message template can use beside the event's own fields and the match's values. `count` is the number of
 * events behind the match, `sentence` what {@link describeEvent} says of the newest one, `account` the configured name.
 */
export const TEMPLATE_NAMES: readonly string[] = [
  'account',
  'count',
  'previous',
  'rule.id',
  'rule.level',
  'rule.title',
  'sentence',
];

/** The values of a field over all events, oldest first. */
const valuesOf = (match: Match, name: string): readonly Json[] =>
  match.events.flatMap((event) => fieldValues(event.fields, name));

const newestText = (match: Match, name: string): string | undefined => {
  const newest = match.events.at(-1);
  return newest && listText(fieldValues(newest.fields, name));
};

/** How the values of `monitor.changed` are called for people. */
const CHANGE_NAMES: ReadonlyMap<string, string> = new Map([
  ['value', 'Now'],
  ['previous', 'Before'],
]);

const extraFields = (match: Match): readonly AlertField[] =>
  Object.entries(match.values).flatMap(([name, value]) => {
    const text = listText([value].flat() as readonly Json[]);
    const shown = match.rule.changed === undefined ? undefined : CHANGE_NAMES.get(name);
    return text === undefined ? [] : [{ name: shown ?? visibleText(name, 80), value: text }];
  });

/** A span from the first to the last event, for people; undefined when they are of the same second. */
const spanText = (match: Match): string | undefined => {
  const spanMs = (match.events.at(-1)?.createdAtMs ?? 0) - (match.events[0]?.createdAtMs ?? 0);
  return spanMs > 0 ? formatDuration(spanMs) : undefined;
};

const defaultMessage = (match: Match, description: Description | undefined): string => {
  if (!description) return `${match.rule.title}: what was expected did not happen`;
  if (match.events.length === 1) return description.sentence + noveltyText(match);
  const span = spanText(match);
  return `${match.events.length} events${span === undefined ? '' : ` within ${span}`}; the last: ${description.sentence}`;
};

/** The end of an absence: what came back, and how long it was missing. */
const returnMessage = (match: Match, description: Description | undefined): string => {
  const missingMs = match.atMs - (match.ended?.sinceMs ?? match.atMs);
  const back = description ? `: ${description.sentence}` : '';
  return `What was missing for ${formatDuration(Math.max(missingMs, 0))} is back${back}`;
};

const returnFields = ({ ended }: Match): readonly AlertField[] =>
  ended
    ? [
        { name: 'Missing since', value: timeText(ended.sinceMs) },
        { name: 'Alerted for', value: timeText(ended.firedAtMs) },
      ]
    : [];

const fieldsOf = (match: Match, description: Description | undefined): readonly AlertField[] => {
  const chosen = match.rule.fields.flatMap((name) => {
    const text = listText(valuesOf(match, name));
    return text === undefined ? [] : [{ name, value: text }];
  });
  const shown = [...(chosen.length > 0 ? chosen : (description?.fields ?? [])), ...returnFields(match)];
  const names = new Set(shown.map((field) => field.name));
  return [...shown, ...extraFields(match).filter((field) => !names.has(field.name))];
};

/** The key under which the rule suppresses what follows: the rule, the account and the values of `by`. */
const suppressionOf = (
  match: Match,
  account: string,
  { by, forMs }: NonNullable<Match['rule']['suppress']>,
): NonNullable<Alert['suppress']> => {
  const values = by.map((name) => {
    const known = own(match.values, name);
    const found = known === undefined ? valuesOf(match, name) : ([known].flat() as readonly Json[]);
    return [...new Set(found.map((value) => scalarText(value) ?? ''))].sort().join('\0');
  });
  return { key: stableId('suppress', match.rule.id, account, ...values), forMs };
};
const alertId = (
  rule: string,
  account: string,
  eventIds: readonly string[],
  group: string | undefined,
): string => stableId('alert', rule, account, ...eventIds, ...(group === undefined ? [] : [group]));

/** The id of the alert that told the absence which this resolved match ends. */
export const firingAlertId = ({ rule, group }: Match, account: string): string =>
  alertId(rule.id, account, [], group);

/**
 * The alert of a match, decided at `nowMs`. Its id depends on the rule, the account, the events and the match's group
 * alone, so evaluating the same thing twice, also after a restart, makes the same alert. The message is the rule's
 * template, else a plain sentence; a rule that names no fields (or only ones that the events lack) shows who, what, from
 * where and when. A rule in shadow gets the sinks `[]`: recorded, sent nowhere. `account` is needed only for a match
 * without events (an absence).
 *
 * The end of an absence is an alert with `status: 'resolved'` and an id of its own; {@link firingAlertId} says which
 * alert it ends. The rule's template speaks of the absence, so its end gets a sentence of ours.
 */
export const alertFromMatch = (
  match: Match,
  nowMs: number,
  account: string = match.events[0]?.account ?? '',
): Alert => {
  const { rule, events } = match;
  const newest = events.at(-1);
  const description = newest && describeEvent(newest.fields, newest.eventType);
  const eventIds = events.map((event) => event.id);
  const resolved = match.status === 'resolved';
  const builtIn: JsonObject = {
    account,
    count: events.length,
    'rule.id': rule.id,
    'rule.level': rule.level,
    'rule.title': rule.title,
    sentence: description?.sentence ?? '',
  };
  const lookup = (name: string): string | undefined => {
    const value = own(match.values, name);
    const text = value === undefined ? undefined : listText([value].flat() as readonly Json[]);
    return text ?? newestText(match, name) ?? listText(fieldValues(builtIn, name), MAX_MESSAGE_LENGTH);
  };
  const templated =
    !resolved && rule.message && renderTemplate(parseTemplate(rule.message).template, lookup).trim();
  const plain = resolved ? returnMessage(match, description) : defaultMessage(match, description);
  const to = rule.shadow ? [] : rule.to;
  return {
    id: resolved
      ? stableId('resolved', firingAlertId(match, account))
      : alertId(rule.id, account, eventIds, match.group),
    kind: 'rule',
    status: match.status,
    rule: {
      id: rule.id,
      title: rule.title,
      level: rule.level,
      tags: rule.tags,
      references: [...new Set([...rule.references, ...(description?.links ?? []).map((link) => link.url)])],
    },
    account,
    message: cutText(templated || plain, MAX_MESSAGE_LENGTH),
    fields: fieldsOf(match, description),
    events: events.map((event) => event.fields),
    eventIds,
    eventTypes: [...new Set(events.map((event) => event.eventType))],
    ...(to === undefined ? {} : { to }),
    ...(rule.unsilenceable ? { unsilenceable: true } : {}),
    ...(resolved ? { resolves: firingAlertId(match, account) } : {}),
    ...(rule.suppress === undefined || resolved
      ? {}
      : { suppress: suppressionOf(match, account, rule.suppress) }),
    createdAtMs: match.atMs,
    decidedAtMs: nowMs,
  };
};
