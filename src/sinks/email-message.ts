import type { SendMailOptions } from 'nodemailer';
import { stableId } from '../base/hash.ts';
import type { Alert } from '../core/alert.ts';
import type { Delivery } from '../core/delivery.ts';
import { domainOf, type Mailbox } from './email-address.ts';
import { emailHtml } from './email-html.ts';
import { factsOf, headlineOf, linksOf, noteOf } from './presentation.ts';
import { fit, oneLine, printable } from './text.ts';

/* Bounds of what a person reads; the whole alert is in the store. */
const MAX_SUBJECT = 200;
const MAX_MESSAGE = 10_000;
const MAX_VALUE = 1_000;
const MAX_FACTS = 50;
const MAX_EVENTS = 20_000;

/** An alert cut down to what a mail shows, raw text still. */
export interface MailContent {
  readonly headline: string;
  readonly title: string;
  readonly note: string | undefined;
  readonly message: string;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly links: readonly string[];
  /** The events as indented JSON, or ''. */
  readonly events: string;
  /** Rule, alert and delivery ids. */
  readonly provenance: string;
}

/** What of an alert a mail shows. */
const mailContent = ({ id, alert }: Delivery): MailContent => {
  const facts = factsOf(alert).map(({ name, value }) => ({
    name: fit(name, 200, oneLine),
    value: fit(value, MAX_VALUE),
  }));
  const left = facts.length - MAX_FACTS;
  return {
    headline: fit(headlineOf(alert), MAX_SUBJECT, oneLine),
    title: fit(alert.rule.title, MAX_SUBJECT, oneLine),
    note: noteOf(alert),
    message: fit(alert.message, MAX_MESSAGE),
    facts: [
      ...facts.slice(0, MAX_FACTS),
      ...(left > 0 ? [{ name: 'More', value: `${left} more fields` }] : []),
    ],
    links: linksOf(alert).slice(0, 20),
    events:
      alert.events.length === 0
        ? ''
        : fit(alert.events.map((event) => JSON.stringify(event, null, 2)).join('\n'), MAX_EVENTS),
    provenance: oneLine(`rule ${alert.rule.id} · alert ${alert.id} · delivery ${id}`),
  };
};

/** Everything of a mail but its recipients of this attempt and its date. The same on every attempt. */
export const emailMessage = (
  delivery: Delivery,
  { from, to, subjectPrefix }: { from: Mailbox; to: readonly Mailbox[]; subjectPrefix: string },
): SendMailOptions => {
  const { alert } = delivery;
  const domain = domainOf(from);
  // No message has the thread's own id: mail programs put together what refers to the same one, even an absent one.
  const thread = `<thread.${stableId('thread', alert.rule.id, alert.account)}@${domain}>`;
  const content = mailContent(delivery);
  return {
    from: { ...from },
    to: to.map((mailbox) => ({ ...mailbox })),
    subject: fit(`${subjectPrefix} ${content.headline}`, MAX_SUBJECT, oneLine),
    messageId: `<${idLeft(delivery.id)}@${domain}>`,
    inReplyTo: thread,
    references: thread,
    priority: priorityOf(alert),
    headers: {
      // RFC 3834: no vacation notes, please.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'X-Audit-Alert-Id': idLeft(alert.id),
      'X-Audit-Kind': alert.kind,
      'X-Audit-Level': alert.rule.level,
      'X-Audit-Status': alert.status,
    },
    text: emailText(content),
    html: emailHtml(content, alert),
    // A text that looks like a path or a URL is text.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
};

/** An id that may stand left of the @ in a message id; ours are hexadecimal and stay as they are. */
const idLeft = (id: string): string => (/^[\w-]{1,64}$/.test(id) ? id : stableId('message', id));

const priorityOf = (alert: Alert): 'high' | 'normal' | 'low' => {
  if (alert.kind === 'drill' || alert.status === 'resolved') return 'normal';
  const { level } = alert.rule;
  if (level === 'critical' || level === 'high') return 'high';
  return level === 'medium' ? 'normal' : 'low';
};

const emailText = (content: MailContent): string => {
  const width = Math.min(24, Math.max(0, ...content.facts.map((fact) => fact.name.length)));
  const facts = content.facts.map(
    ({ name, value }) =>
      `${`${name}:`.padEnd(width + 2)}${value.replaceAll('\n', `\n${' '.repeat(width + 2)}`)}`,
  );
  const sections = [
    content.headline,
    content.note,
    content.message,
    facts.join('\n'),
    content.links.join('\n'),
    content.events,
    `-- \n${content.provenance}`,
  ];
  return `${printable(sections.filter((section) => section !== undefined && section !== '').join('\n\n'))}\n`;
};
