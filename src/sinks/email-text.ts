import type { Digest } from './digest.ts';
import type { MailContent } from './email-content.ts';
import { printable } from './text.ts';
import { COLUMNS, wrapped } from './wrap.ts';

/** Widest column of labels; a longer label has its value on the next line. */
const MAX_LABEL = 24;

/**
 * The plain text of a mail, as a terminal shows it well: 72 columns, labels aligned, no space at the end of a line; what is
 * long and for machines (ids, the events' JSON) comes last. The JSON is not broken: it must stay JSON.
 */
export const emailText = (content: MailContent): string => {
  const sections = [
    wrapped(content.headline),
    content.note === undefined ? '' : wrapped(content.note),
    wrapped(content.message),
    content.digest === undefined ? '' : digestText(content.digest),
    labelled(content.facts),
    content.actions.map(({ label, url }) => `${wrapped(`${label}:`)}\n  ${url}`).join('\n'),
    content.links.length === 0 ? '' : ['See also:', ...content.links.map((link) => `  ${link}`)].join('\n'),
    '-'.repeat(COLUMNS),
    labelled(content.provenance),
    content.events === '' ? '' : `${content.eventsTitle}:\n\n${content.events}`,
  ];
  const text = printable(sections.filter((section) => section !== '').join('\n\n'));
  return `${text.replace(/[ \t]+$/gm, '')}\n`;
};

const labelled = (rows: readonly { readonly name: string; readonly value: string }[]): string => {
  const width = Math.max(8, ...rows.map(({ name }) => name.length).filter((length) => length <= MAX_LABEL));
  const indent = ' '.repeat(width + 2);
  return rows
    .map(({ name, value }) => {
      if (name.length <= width) return wrapped(value, `${name}:`.padEnd(width + 2), indent);
      return `${wrapped(`${name}:`)}\n${wrapped(value, indent)}`;
    })
    .join('\n');
};

const digestText = ({ counts, reason, lines, more }: Digest): string =>
  [
    wrapped(`${counts}.`),
    wrapped(reason),
    ...lines.map(({ label, when, account, title, message }) =>
      [
        wrapped([label, when, account].filter((text) => text !== '').join(' · ')),
        wrapped(title, '  '),
        ...(message === '' ? [] : [wrapped(message, '  ')]),
      ].join('\n'),
    ),
    ...(more === undefined ? [] : [more]),
  ].join('\n\n');
