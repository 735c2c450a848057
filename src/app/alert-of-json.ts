import { UsageError } from '../base/errors.ts';
import { stableId } from '../base/hash.ts';
import { isObject, type Json, type JsonObject, own } from '../base/json.ts';
import { didYouMean } from '../base/similar.ts';
import { ALERT_KINDS, type Alert, LEVELS } from '../core/alert.ts';

const KEYS = [
  'id',
  'kind',
  'status',
  'level',
  'rule',
  'account',
  'message',
  'events',
  'event_types',
  'to',
  'unsilenceable',
] as const;

const texts = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];

const textOr = (value: Json | undefined, fallback: string): string =>
  typeof value === 'string' ? value : fallback;

/**
 * An alert as a person writes it down to try routes: everything may be left out (a high finding of no rule). Members are
 * those of a webhook's payload. Throws a UsageError that names `file` for an unknown member, level or kind.
 */
export const alertOfJson = (json: JsonObject, file: string, nowMs: number): Alert => {
  for (const key of Object.keys(json))
    if (!(KEYS as readonly string[]).includes(key) && !IGNORED.has(key))
      throw new UsageError(
        `${file}: unknown member ${JSON.stringify(key.slice(0, 80))}${didYouMean(key, KEYS) || `; allowed: ${KEYS.join(', ')}`}`,
      );
  const choice = <T extends string>(
    name: string,
    value: Json | undefined,
    allowed: readonly T[],
    usual: T,
  ): T => {
    if (value === undefined) return usual;
    const found = allowed.find((each) => each === value);
    if (found !== undefined) return found;
    throw new UsageError(`${file}: ${name} is ${JSON.stringify(value)}; allowed: ${allowed.join(', ')}`);
  };
  const given = own(json, 'rule');
  const rule: JsonObject = isObject(given)
    ? given
    : typeof given === 'string'
      ? { id: given, title: given }
      : {};
  const events = own(json, 'events');
  const objects = Array.isArray(events) ? events.filter(isObject) : [];
  const types = objects.map((event) => own(event, 'event_type')).filter((type) => typeof type === 'string');
  const to = own(json, 'to');
  return {
    id: textOr(own(json, 'id'), stableId('alert of a file', file)),
    kind: choice('kind', own(json, 'kind'), ALERT_KINDS, 'rule'),
    status: choice('status', own(json, 'status'), ['firing', 'resolved'], 'firing'),
    rule: {
      id: textOr(own(rule, 'id'), 'none'),
      title: textOr(own(rule, 'title'), textOr(own(rule, 'id'), 'An alert')),
      level: choice('level', own(json, 'level') ?? own(rule, 'level'), LEVELS, 'high'),
      tags: texts(own(rule, 'tags')),
      references: texts(own(rule, 'references')),
    },
    account: textOr(own(json, 'account'), ''),
    message: textOr(own(json, 'message'), ''),
    fields: [],
    events: objects,
    eventIds: [],
    eventTypes: [...new Set([...texts(own(json, 'event_types')), ...types])],
    ...(to === undefined ? {} : { to: texts(to) }),
    ...(own(json, 'unsilenceable') === true ? { unsilenceable: true } : {}),
    createdAtMs: nowMs,
    decidedAtMs: nowMs,
  };
};

/** Members of a webhook's payload that routes do not look at. */
const IGNORED: ReadonlySet<string> = new Set([
  'delivery_id',
  'incident',
  'fields',
  'event_ids',
  'events_omitted',
  'summary',
  'actions',
  'created_at',
  'decided_at',
]);
