import type { Alert } from '../core/alert.ts';
import type { MailContent } from './email-message.ts';
import { colourOf, labelOf } from './presentation.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for HTML content and double-quoted attributes. */
const html = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);

const CELL = 'padding:4px 12px 4px 0;vertical-align:top;font-size:14px;line-height:20px';
const MONOSPACED =
  'font-family:Consolas,Menlo,monospace;font-size:12px;white-space:pre-wrap;word-break:break-word';

/** A plain HTML document: tables and inline styles, which is what mail programs understand, and nothing to fetch. */
export const emailHtml = (content: MailContent, alert: Alert): string => {
  const colour = colourOf(alert);
  const rows = content.facts.map(
    ({ name, value }) =>
      `<tr><td style="${CELL};color:#6b7280;white-space:nowrap">${html(name)}</td>` +
      `<td style="${CELL};word-break:break-word">${lines(value)}</td></tr>`,
  );
  const links = content.links.map(
    (link) => `<p style="margin:4px 0;font-size:14px"><a href="${html(link)}">${html(link)}</a></p>`,
  );
  return [
    '<!DOCTYPE html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">',
    `<title>${html(content.headline)}</title></head>`,
    '<body style="margin:0;padding:16px;font-family:Arial,Helvetica,sans-serif">',
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:720px"><tr>',
    `<td width="6" bgcolor="${colour}" style="background-color:${colour}"></td><td style="padding:4px 0 4px 16px">`,
    `<p style="margin:0 0 8px"><span style="${badge(colour)}">${html(labelOf(alert))}</span></p>`,
    `<h1 style="margin:0 0 8px;font-size:20px;line-height:26px">${html(content.title || content.headline)}</h1>`,
    content.note === undefined
      ? ''
      : `<p style="margin:0 0 8px;font-size:14px"><em>${html(content.note)}</em></p>`,
    `<p style="margin:0 0 12px;font-size:16px;line-height:22px">${lines(content.message)}</p>`,
    `<table role="presentation" cellpadding="0" cellspacing="0">${rows.join('')}</table>`,
    ...links,
    content.events === '' ? '' : `<pre style="${MONOSPACED};margin:12px 0 0">${html(content.events)}</pre>`,
    `<p style="margin:12px 0 0;font-size:12px;color:#6b7280">${html(content.provenance)}</p>`,
    '</td></tr></table></body></html>',
  ]
    .filter((part) => part !== '')
    .join('\n');
};

const lines = (text: string): string => html(text).replaceAll('\n', '<br>');

/* Dark letters on the light colours, white ones on the dark: readable in Outlook and with inverted colours alike. */
const badge = (colour: string): string => {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const light = (red ?? 0) * 0.299 + (green ?? 0) * 0.587 + (blue ?? 0) * 0.114 > 150;
  return `display:inline-block;padding:2px 8px;font-size:12px;font-weight:bold;background-color:${colour};color:${light ? '#1f2328' : '#ffffff'}`;
};
