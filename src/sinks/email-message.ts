import type { SendMailOptions } from 'nodemailer';
import { stableId } from '../base/hash.ts';
import type { Alert } from '../core/alert.ts';
import type { Delivery } from '../core/delivery.ts';
import { domainOf, type Mailbox } from './email-address.ts';
import { mailContent } from './email-content.ts';
import { emailHtml } from './email-html.ts';
import { emailText } from './email-text.ts';
import type { AlertAction } from './sink-type.ts';
import { fit, oneLine } from './text.ts';

const MAX_SUBJECT = 200;

/** Everything of a mail but its recipients of this attempt and its date. The same on every attempt. */
export const emailMessage = (
  delivery: Delivery,
  { from, to, subjectPrefix }: { from: Mailbox; to: readonly Mailbox[]; subjectPrefix: string },
  actions: readonly AlertAction[] = [],
): SendMailOptions => {
  const { alert } = delivery;
  const domain = domainOf(from);
  // No message has the thread's own id: mail programs put together what refers to the same one, even an absent one.
  const thread = `<thread.${threadId(delivery)}@${domain}>`;
  const content = mailContent(delivery, actions);
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

/** What belongs together in a mail program: the thread of the delivery, which falls back to rule and account. */
const threadId = ({ thread, alert }: Delivery): string =>
  thread === undefined
    ? stableId('thread', alert.rule.id, alert.account)
    : stableId('delivery thread', thread);

/** An id that may stand left of the @ in a message id; ours are hexadecimal and stay as they are. */
const idLeft = (id: string): string => (/^[\w-]{1,64}$/.test(id) ? id : stableId('message', id));

const priorityOf = (alert: Alert): 'high' | 'normal' | 'low' => {
  if (alert.kind === 'drill' || alert.status === 'resolved') return 'normal';
  const { level } = alert.rule;
  if (level === 'critical' || level === 'high') return 'high';
  return level === 'medium' ? 'normal' : 'low';
};
