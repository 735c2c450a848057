import type { Delivery } from '../core/delivery.ts';
import { type Digest, digestOf } from './digest.ts';
import { factsOf, headlineOf, linksOf, noteOf } from './presentation.ts';
import type { AlertAction } from './sink-type.ts';
import { fit, oneLine } from './text.ts';

/* Bounds of what a person reads; the whole alert is in the store. */
const MAX_TITLE = 200;
const MAX_MESSAGE = 10_000;
const MAX_VALUE = 1_000;
const MAX_FACTS = 50;
const MAX_EVENTS = 20_000;
const MAX_MEMBERS = 50;

/** One labelled line. */
interface Fact {
  readonly name: string;
  readonly value: string;
}

/** An alert cut down to what a mail shows, raw text still. */
export interface MailContent {
  readonly headline: string;
  readonly title: string;
  readonly note: string | undefined;
  readonly message: string;
  readonly digest: Digest | undefined;
  readonly facts: readonly Fact[];
  readonly actions: readonly AlertAction[];
  readonly links: readonly string[];
  /** The events as indented JSON, or ''. */
  readonly events: string;
  readonly eventsTitle: string;
  /** Rule, alert and delivery ids. */
  readonly provenance: readonly Fact[];
}

/** What of an alert a mail shows. */
export const mailContent = ({ id, alert }: Delivery, actions: readonly AlertAction[]): MailContent => {
  const facts = factsOf(alert).map(({ name, value }) => ({
    name: fit(name, MAX_TITLE, oneLine),
    value: fit(value, MAX_VALUE),
  }));
  const left = facts.length - MAX_FACTS;
  return {
    headline: fit(headlineOf(alert), MAX_TITLE, oneLine),
    title: fit(alert.rule.title, MAX_TITLE, oneLine),
    note: noteOf(alert),
    message: fit(alert.message, MAX_MESSAGE),
    digest: alert.summary && digestOf(alert.summary, MAX_MEMBERS),
    facts: [
      ...facts.slice(0, MAX_FACTS),
      ...(left > 0 ? [{ name: 'More', value: `${left} more fields` }] : []),
    ],
    actions: actions.map(({ label, url }) => ({ label: oneLine(label), url })),
    links: linksOf(alert).slice(0, 20),
    events:
      alert.events.length === 0
        ? ''
        : fit(alert.events.map((event) => JSON.stringify(event, null, 2)).join('\n'), MAX_EVENTS),
    eventsTitle: alert.events.length === 1 ? 'The event, word for word' : 'The events, word for word',
    provenance: [
      { name: 'Rule', value: fit(alert.rule.id, MAX_VALUE, oneLine) },
      { name: 'Alert', value: fit(alert.id, MAX_VALUE, oneLine) },
      { name: 'Delivery', value: fit(id, MAX_VALUE, oneLine) },
    ],
  };
};
