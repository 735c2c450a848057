import { isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Delivery, FedEvent } from '../core/delivery.ts';
import { type PublicAlert, publicAlert } from './alert-json.ts';
import { colourOf, factsOf, headlineOf, labelOf, linksOf, noteOf } from './presentation.ts';
import type { SinkDeps } from './sink-type.ts';
import { fit, isoTime, oneLine, readableTime } from './text.ts';

/** How much of an alert goes into a request. */
interface Portion {
  readonly events: boolean;
  /** Most items of every list. */
  readonly items: number;
  /** Longest text, in UTF-16 units. */
  readonly text: number;
}

/**
 * What is left out, step by step, until a request is as small as its receiver wants: first the events, then items of
 * lists, then the ends of texts. The steps are fixed, so that every attempt of a delivery has the same content.
 */
export const PORTIONS: readonly Portion[] = [
  { events: true, items: Number.POSITIVE_INFINITY, text: Number.POSITIVE_INFINITY },
  { events: false, items: Number.POSITIVE_INFINITY, text: Number.POSITIVE_INFINITY },
  { events: false, items: 25, text: 2_000 },
  { events: false, items: 10, text: 1_000 },
  { events: false, items: 4, text: 300 },
  { events: false, items: 1, text: 100 },
];

/** So much of a headline that the message behind it is seen as well. */
const MAX_HEADLINE = 250;

/** Everything that the templates of a request with an alert may name, but the operator's options and the lookups. */
export const alertValues = (delivery: Delivery, deps: Pick<SinkDeps, 'actionsFor'>): JsonObject => {
  const { alert } = delivery;
  const plain = publicAlert(delivery);
  const colour = colourOf(alert);
  const actions = (deps.actionsFor?.(delivery) ?? []).map(({ label, url }) => ({ label, url }));
  // Whoever has such a link can act: as a whole, an alert goes to machines that keep it for many to read.
  const { actions: _, ...members } = plain as unknown as JsonObject;
  return {
    ...members,
    alert: members,
    actions,
    state: alert.status === 'resolved' ? 'resolved' : alert.rule.level,
    thread: delivery.thread ?? plain.incident,
    headline: fit(headlineOf(alert), MAX_HEADLINE, oneLine),
    label: labelOf(alert),
    note: noteOf(alert) ?? null,
    colour,
    colour_number: Number.parseInt(colour.slice(1), 16),
    facts: factsOf(alert).map(({ name, value }) => ({ name, value })),
    links: linksOf(alert).map((url) => ({ label: new URL(url).host, url: withoutAt(url) })),
    ...timesOf([alert.createdAtMs, alert.decidedAtMs, delivery.createdAtMs]),
    time_readable: readableTime(alert.createdAtMs),
  };
};

/* An "@" in a path means nothing by itself, but some receivers mention whoever stands behind it. */
const withoutAt = (url: string): string =>
  url.replace(
    /^(https?:\/\/[^/]*)(.*)$/,
    (_, host: string, path: string) => host + path.replaceAll('@', '%40'),
  );

/** As {@link alertValues}, for a batch of audit events. */
export const feedValues = (batch: readonly FedEvent[]): JsonObject => ({
  batch: batch.map(({ account, id, eventType, createdAtMs, seenAtMs, json }) => ({
    account,
    id,
    event_type: eventType,
    event: parsed(json),
    json,
    ...timesOf([createdAtMs, seenAtMs]),
    seen_at: isoTime(seenAtMs),
  })),
});

const parsed = (json: string): Json => {
  try {
    return JSON.parse(json) as Json;
  } catch {
    return json;
  }
};

/* From then on ISO 8601 has years of more digits, which few parsers read. */
const YEAR_10000_MS = Date.UTC(10_000, 0, 1);

/** The first of some times that is one since 1970, in every form a receiver may want; 1970 when none is. */
const timesOf = (times: readonly number[]): JsonObject => {
  const ms = Math.trunc(times.find((time) => time >= 0 && time < YEAR_10000_MS) ?? 0);
  return {
    time: isoTime(ms),
    time_seconds: ms / 1_000,
    time_ms: ms,
    time_ns: ms === 0 ? '0' : `${ms}000000`,
  };
};

/** Values with only a portion of what was in them. */
export const portionOf = (values: JsonObject, portion: Portion): JsonObject => {
  if (portion.events) return values;
  const withoutEvents = (object: JsonObject): JsonObject => {
    const { events, events_omitted: omitted } = object as unknown as Partial<PublicAlert>;
    return { ...object, events: [], events_omitted: (omitted ?? 0) + (events?.length ?? 0) };
  };
  const { alert } = values;
  const rest = withoutEvents(isObject(alert) ? { ...values, alert: withoutEvents(alert) } : values);
  return Number.isFinite(portion.items) ? (bounded(rest, portion) as JsonObject) : rest;
};

/* Addresses are left out or whole: the start of one leads somewhere else. */
const bounded = (value: Json, portion: Portion): Json => {
  if (typeof value === 'string')
    return value.length > portion.text ? `${value.slice(0, portion.text)} … (cut)`.toWellFormed() : value;
  if (Array.isArray(value))
    return (value as readonly Json[])
      .filter(
        (item) => !(isObject(item) && typeof item['url'] === 'string' && item['url'].length > portion.text),
      )
      .slice(0, portion.items)
      .map((item) => bounded(item, portion));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, bounded(inner, portion)]));
};
