import type { IncomingWebhookSendArguments } from '@slack/webhook';
import type { Alert, AlertField, Summary } from '../core/alert.ts';
import { digestOf, moreText } from './digest.ts';
import { colourOf, factsOf, headlineOf, linksOf, noteOf } from './presentation.ts';
import type { AlertAction } from './sink-type.ts';
import { fit, oneLine, printable } from './text.ts';

/*
 * Limits of Block Kit (docs.slack.dev, reference "Blocks" and "Composition objects"), in characters. A message over
 * any of them is refused as a whole with invalid_blocks, so text is cut, never trusted.
 */
const MAX_HEADER = 150;
const MAX_TEXT = 3_000;
const MAX_FIELD = 2_000;
const FIELDS_PER_SECTION = 10;
const MAX_BUTTON_URL = 3_000;
/* Our own bounds, far inside what Slack takes, for the message as a whole. */
const FIELD_SECTIONS = 3;
const MAX_FIELDS_TEXT = 8_000;
const MAX_BUTTONS = 5;
const MAX_MEMBERS = 20;
const MAX_MEMBERS_TEXT = 12_000;

type Blocks = NonNullable<IncomingWebhookSendArguments['blocks']>;
type Block = Blocks[number];

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * Text for any place of a Slack message: its three control characters become entities, so that neither `<!channel>`
 * nor `<@U123>` nor a disguised link survives (docs.slack.dev, "Formatting message text", escaping).
 */
const slackText = (text: string, max: number, clean = printable): string =>
  fit(text, max, clean, (codePoint) => ENTITIES[codePoint] ?? codePoint).trim();

/** Text that Slack shows as it is: no mrkdwn, no emoji names. Slack refuses an empty one. */
const plain = (text: string, max: number) => ({
  type: 'plain_text' as const,
  text: slackText(text, max) || '–',
  emoji: false,
});

/** What a message shows beside the alert itself. */
interface Extras {
  /** Links by which the reader can act; they become buttons. */
  readonly actions?: readonly AlertAction[];
  /** Takes the place of the alert's own note. */
  readonly note?: string | undefined;
}

/**
 * The message of an alert. All text from events stands in plain_text objects, where nothing is formatted and nobody
 * can be mentioned. `text` only serves notifications, since `blocks` take its place in the channel.
 */
export const slackMessage = (alert: Alert, extras: Extras = {}): IncomingWebhookSendArguments => ({
  text: notification(alert),
  blocks: [{ type: 'header', text: plain(headlineOf(alert), MAX_HEADER) }],
  attachments: [{ color: colourOf(alert), blocks: body(alert, extras) }],
  link_names: false,
  unfurl_links: false,
  unfurl_media: false,
});

const notification = (alert: Alert): string => {
  const text = slackText(`${headlineOf(alert)}: ${alert.message}`, 500, oneLine);
  // Some clients format this text. A zero-width space keeps `@here` a word and `*` a star.
  return text.replace(/@(?=here|channel|everyone)|[*_~`](?=\S)/g, (mark) => `${mark}\u200b`);
};

const body = (alert: Alert, { actions = [], note = noteOf(alert) }: Extras): Block[] => {
  const links = linksOf(alert).filter((link) => link.length <= MAX_BUTTON_URL);
  return [
    ...(note === undefined ? [] : [context(note)]),
    { type: 'section', text: plain(alert.message || alert.rule.title, MAX_TEXT) },
    ...(alert.summary === undefined ? [] : digest(alert.summary)),
    ...fieldSections(factsOf(alert)),
    ...actionButtons(actions),
    ...(links.length === 0 ? [] : [buttons(links)]),
    context(provenance(alert)),
  ];
};

const context = (text: string): Block => ({ type: 'context', elements: [plain(text, MAX_TEXT)] });

const provenance = ({ rule, id, eventIds }: Alert): string => {
  const more = eventIds.length > 3 ? ` and ${eventIds.length - 3} more` : '';
  const events = eventIds.length === 0 ? '' : ` · event ${eventIds.slice(0, 3).join(', ')}${more}`;
  return oneLine(`rule ${fit(rule.id, 200, oneLine)} · alert ${id}${events}`);
};

/** The folded alerts, each a section of its own, as many as fit. */
const digest = (summary: Summary): Block[] => {
  const { reason, counts, lines } = digestOf(summary, MAX_MEMBERS);
  const shown: Block[] = [];
  let room = MAX_MEMBERS_TEXT;
  for (const { label, when, title, account, message } of lines) {
    const head = [label, when, ...(account === '' ? [] : [account])].join(' · ');
    const text = plain(`${head}\n${title}: ${message}`, MAX_TEXT);
    room -= text.text.length;
    if (room < 0) break;
    shown.push({ type: 'section', text });
  }
  const more = moreText(summary, shown.length);
  return [
    context(`${counts}. ${reason}`),
    ...shown,
    ...(more === undefined ? [] : [{ type: 'section' as const, text: plain(more, MAX_TEXT) }]),
  ];
};

const fieldSections = (facts: readonly AlertField[]): Block[] => {
  const shown: ReturnType<typeof plain>[] = [];
  let room = MAX_FIELDS_TEXT;
  for (const fact of facts) {
    // The last place is kept for saying how many were left out.
    if (shown.length >= FIELDS_PER_SECTION * FIELD_SECTIONS - 1) break;
    const field = plain(`${fit(fact.name, 200, oneLine)}\n${fit(fact.value, MAX_FIELD)}`, MAX_FIELD);
    if (field.text.length > room) break;
    room -= field.text.length;
    shown.push(field);
  }
  const left = facts.length - shown.length;
  if (left > 0) shown.push(plain(`… and ${left} more fields`, MAX_FIELD));
  const sections: Block[] = [];
  for (let start = 0; start < shown.length; start += FIELDS_PER_SECTION) {
    sections.push({ type: 'section', fields: shown.slice(start, start + FIELDS_PER_SECTION) });
  }
  return sections;
};

const buttons = (links: readonly string[]): Block => ({
  type: 'actions',
  elements: links.slice(0, MAX_BUTTONS).map((url, index) => ({
    type: 'button' as const,
    text: plain(`${index === 0 ? 'Runbook' : `Reference ${index + 1}`}: ${new URL(url).host}`, 75),
    url,
    action_id: `reference_${index + 1}`,
  })),
});

/* A button with a link works with no app behind it: the reader's browser opens the link. */
const actionButtons = (actions: readonly AlertAction[]): Block[] => {
  const shown = actions.filter(({ url }) => url.length <= MAX_BUTTON_URL).slice(0, MAX_BUTTONS);
  if (shown.length === 0) return [];
  return [
    {
      type: 'actions',
      elements: shown.map(({ label, url }, index) => ({
        type: 'button' as const,
        text: plain(label, 75),
        url,
        action_id: `action_${index + 1}`,
      })),
    },
  ];
};
