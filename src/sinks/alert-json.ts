import type { Json, JsonObject } from '../base/json.ts';
import {
  type AlertField,
  type AlertKind,
  incidentOf,
  type Level,
  type SummaryReason,
} from '../core/alert.ts';
import type { Delivery } from '../core/delivery.ts';
import type { AlertAction } from './sink-type.ts';
import { fit, isoTime } from './text.ts';

/* Most receivers refuse bodies over one megabyte. Verbatim events go in up to this many bytes together; texts, which
 * rules take from events, up to these lengths and with a note where they were cut. */
const MAX_EVENT_BYTES = 512 * 1_024;
const MAX_TEXT = 20_000;
const MAX_NAME = 1_000;
const MAX_VALUE = 4_000;
const MAX_FIELDS = 100;

/** The public shape of an alert: what a webhook's receiver reads. Members may be added; none changes or goes. */
export interface PublicAlert {
  /** Identity of the alert, the same through every sink. */
  readonly id: string;
  /** Identity of this alert on its way to this sink, the same on every attempt: drop what you have seen. */
  readonly delivery_id: string;
  /** The same for an alert and for the one that says it is resolved: the identity for an incident. */
  readonly incident: string;
  readonly kind: AlertKind;
  readonly status: 'firing' | 'resolved';
  readonly level: Level;
  readonly rule: {
    readonly id: string;
    readonly title: string;
    readonly level: Level;
    readonly tags: readonly string[];
    readonly references: readonly string[];
  };
  /** Name of the account; null when the alert is about the monitor as a whole. */
  readonly account: string | null;
  /** The sentence a woken person reads first. */
  readonly message: string;
  readonly fields: readonly AlertField[];
  readonly event_ids: readonly string[];
  readonly event_types: readonly string[];
  /** The events behind the alert as the Audit API gave them, oldest first. */
  readonly events: readonly JsonObject[];
  /** How many events are left out above because the payload would be too large. */
  readonly events_omitted: number;
  /** For `kind: summary`: the alerts that were folded into it; else null. */
  readonly summary: PublicSummary | null;
  /** What a reader can do by opening a link, such as silencing it; empty where no external URL is configured. */
  readonly actions: readonly AlertAction[];
  /** When it happened, ISO 8601. */
  readonly created_at: string | null;
  /** When the monitor decided it, ISO 8601. */
  readonly decided_at: string | null;
}

/** What a summary tells: the most severe alerts first, newest first among equals. */
export interface PublicSummary {
  readonly reason: SummaryReason;
  /** How many alerts were folded, those not listed included. */
  readonly total: number;
  /** How many of each level. */
  readonly levels: Readonly<Partial<Record<Level, number>>>;
  readonly alerts: readonly {
    readonly id: string;
    readonly kind: AlertKind;
    readonly status: 'firing' | 'resolved';
    readonly level: Level;
    readonly title: string;
    readonly account: string | null;
    readonly message: string;
    readonly created_at: string | null;
  }[];
}

/**
 * The public form of a delivery's alert. A function of the delivery, and of its actions, which are the same on every
 * attempt: nothing in it differs between two.
 */
export const publicAlert = ({ id, alert }: Delivery, actions: readonly AlertAction[] = []): PublicAlert => {
  const events = eventsThatFit(alert.events);
  return {
    id: alert.id,
    delivery_id: id,
    incident: incidentOf(alert),
    kind: alert.kind,
    status: alert.status,
    level: alert.rule.level,
    rule: {
      id: alert.rule.id,
      title: bounded(alert.rule.title, MAX_NAME),
      level: alert.rule.level,
      tags: alert.rule.tags,
      references: alert.rule.references,
    },
    account: alert.account === '' ? null : alert.account,
    message: bounded(alert.message, MAX_TEXT),
    fields: alert.fields
      .slice(0, MAX_FIELDS)
      .map(({ name, value }) => ({ name: bounded(name, MAX_NAME), value: bounded(value, MAX_VALUE) })),
    event_ids: alert.eventIds,
    event_types: alert.eventTypes,
    events,
    events_omitted: alert.events.length - events.length,
    summary: publicSummary(alert),
    actions: actions.map(({ label, url }) => ({ label, url })),
    created_at: isoTime(alert.createdAtMs),
    decided_at: isoTime(alert.decidedAtMs),
  };
};

const publicSummary = ({ summary }: Delivery['alert']): PublicSummary | null =>
  summary === undefined
    ? null
    : {
        reason: summary.reason,
        total: summary.total,
        levels: summary.levels,
        alerts: summary.members.map(
          ({ alertId, kind, status, level, title, account, message, createdAtMs }) => ({
            id: alertId,
            kind,
            status,
            level,
            title: bounded(title, MAX_NAME),
            account: account === '' ? null : account,
            message: bounded(message, MAX_TEXT),
            created_at: isoTime(createdAtMs),
          }),
        ),
      };

/**
 * JSON text that every parser takes: a lone half of a surrogate pair, which JSON.stringify writes as an escape and
 * strict parsers refuse, becomes the replacement character.
 */
export const portableJson = (value: PublicAlert | Json): string => {
  const json = JSON.stringify(value);
  // Nearly always there is none, and looking is much cheaper than replacing.
  if (!/\\ud[89a-f]/.test(json)) return json;
  return json.replace(/\\(u[0-9a-f]{4}|.)/g, (escape, escaped: string) =>
    /^ud[89a-f]/.test(escaped) ? String.raw`\ufffd` : escape,
  );
};

const bounded = (text: string, max: number): string =>
  text.length <= max ? text : fit(text, max, (whole) => whole);

const eventsThatFit = (events: readonly JsonObject[]): readonly JsonObject[] => {
  let room = MAX_EVENT_BYTES;
  const fitting: JsonObject[] = [];
  for (const event of events) {
    room -= Buffer.byteLength(JSON.stringify(event satisfies Json));
    if (room < 0) break;
    fitting.push(event);
  }
  return fitting;
};
