import { html } from '../base/html.ts';
import type { Alert } from '../core/alert.ts';
import type { Digest } from './digest.ts';
import type { MailContent } from './email-content.ts';
import { colourOf, groundFor, labelOf } from './presentation.ts';

/*
 * Text has no colour of its own: light on dark or dark on light is the mail program's choice, and both are readable. Only
 * what stands on a coloured ground names both colours, so that neither can be changed without the other. Secondary text is
 * small and a little transparent, which Outlook ignores.
 */
const BREAKING = 'word-wrap:break-word;overflow-wrap:anywhere';
const CELL = 'padding:4px 12px 4px 0;vertical-align:top;font-size:14px;line-height:20px';
const MUTED = 'opacity:.75';
/** Longest label that stands beside its value. */
const MAX_LABEL = 18;
const MONOSPACED = `font-family:Consolas,Menlo,monospace;font-size:12px;line-height:17px;white-space:pre-wrap;${BREAKING}`;
const TABLE = '<table role="presentation" cellpadding="0" cellspacing="0" border="0"';

/** A plain HTML document: tables and inline styles, which is what mail programs understand, and nothing to fetch. */
export const emailHtml = (content: MailContent, alert: Alert): string => {
  const colour = colourOf(alert);
  return [
    '<!DOCTYPE html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">',
    `<title>${html(content.headline)}</title></head>`,
    '<body style="margin:0;padding:16px;font-family:Arial,Helvetica,sans-serif">',
    `${TABLE} width="100%" style="max-width:720px"><tr>`,
    `<td width="6" bgcolor="${colour}" style="width:6px;background-color:${colour}"></td>`,
    `<td style="padding:4px 0 4px 16px;${BREAKING}">`,
    badge(labelOf(alert), groundFor({ ...alert, level: alert.rule.level })),
    `<h1 style="margin:8px 0;font-size:20px;line-height:26px">${html(content.title || content.headline)}</h1>`,
    content.note === undefined ? '' : paragraph(`<em>${html(content.note)}</em>`),
    `<p style="margin:0 0 12px;font-size:16px;line-height:22px">${lines(content.message)}</p>`,
    content.digest === undefined ? '' : digestHtml(content.digest),
    rows(content.facts),
    ...content.actions.map(({ label, url }) => paragraph(link(url, label))),
    ...content.links.map((url) => paragraph(link(url, url))),
    content.events === ''
      ? ''
      : `<p style="margin:16px 0 4px;font-size:12px;${MUTED}">${html(content.eventsTitle)}:</p>` +
        `<pre style="${MONOSPACED};margin:0">${html(content.events)}</pre>`,
    `<p style="margin:16px 0 0;font-size:12px;line-height:17px;${MUTED}">${provenance(content)}</p>`,
    '</td></tr></table></body></html>',
  ]
    .filter((part) => part !== '')
    .join('\n');
};

const lines = (text: string): string => html(text).replaceAll('\n', '<br>');

const paragraph = (inner: string): string =>
  `<p style="margin:0 0 8px;font-size:14px;line-height:20px;${BREAKING}">${inner}</p>`;

const link = (url: string, text: string): string => `<a href="${html(url)}">${html(text)}</a>`;

const provenance = ({ provenance: facts }: MailContent): string =>
  facts.map(({ name, value }) => `${html(name)} ${html(value)}`).join('<br>');

/* A cell of a table: Outlook gives padding and ground to cells, not to pieces of text. `beside` is HTML. */
const badge = (label: string, colour: string, beside = ''): string =>
  `${TABLE}><tr><td bgcolor="${colour}" style="padding:2px 8px;${onColour(colour)}">${html(label)}</td>${beside}</tr></table>`;

const beside = (inner: string): string =>
  `<td style="padding:2px 0 2px 10px;font-size:12px;line-height:16px;${BREAKING};${MUTED}">${inner}</td>`;

const onColour = (colour: string): string =>
  `font-size:12px;line-height:16px;font-weight:bold;white-space:nowrap;background-color:${colour};color:#ffffff`;

const rows = (facts: MailContent['facts']): string => {
  const made = facts.map(({ name, value }) => {
    const shown = `<td style="${CELL};${BREAKING}">${lines(value)}</td>`;
    // On a telephone a long label would leave no room for its value: it gets a row of its own.
    return name.length <= MAX_LABEL
      ? `<tr><td style="${CELL};white-space:nowrap;${MUTED}">${html(name)}</td>${shown}</tr>`
      : `<tr><td colspan="2" style="${CELL};padding-bottom:0;${BREAKING};${MUTED}">${html(name)}</td></tr>` +
          `<tr>${shown.replace('<td', '<td colspan="2"')}</tr>`;
  });
  return `${TABLE} style="margin:0 0 12px">${made.join('')}</table>`;
};

/** One row for each folded alert: its label on its colour with when and where, below them what. */
const digestHtml = ({ counts, reason, lines: members, more }: Digest): string => {
  const made = members.map(({ member, label, when, account, title, message }) => {
    const head = html([when, account].filter((text) => text !== '').join(' · '));
    return (
      `<tr><td style="padding:6px 0 8px;font-size:14px;line-height:20px;${BREAKING}">` +
      badge(label, groundFor(member), beside(head)) +
      `<strong>${html(title)}</strong>${message === '' ? '' : `<br>${html(message)}`}</td></tr>`
    );
  });
  return [
    paragraph(`<strong>${html(counts)}.</strong> ${html(reason)}`),
    `${TABLE} style="margin:0 0 8px">${made.join('')}</table>`,
    more === undefined ? '' : paragraph(html(more)),
  ].join('\n');
};
