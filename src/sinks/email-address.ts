import { domainToASCII } from 'node:url';
import addressparser from 'nodemailer/lib/addressparser';
import { oneLine } from './text.ts';

/** A mailbox, its parts apart, so that no comma or quote in a name can make two of one. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

/**
 * The mailboxes written in an option: `a@example.com`, `Jane <a@example.com>`, `"Doe, Jane" <a@example.com>`, several
 * separated by commas. Empty text gives none. Undefined when anything in it is no mailbox, or it has more than one line.
 */
export const parseMailboxes = (text: string): readonly Mailbox[] | undefined => {
  if (text.trim() === '') return [];
  if (/\p{Cc}/u.test(text.trim())) return undefined;
  const mailboxes = addressparser(text, { flatten: true }).map(({ name, address }) => ({
    name: oneLine(name ?? ''),
    address: (address ?? '').trim(),
  }));
  return mailboxes.every(({ address }) => /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(address))
    ? mailboxes
    : undefined;
};

/** The domain of a mailbox in ASCII, for message ids. */
export const domainOf = ({ address }: Mailbox): string =>
  domainToASCII(address.slice(address.lastIndexOf('@') + 1)) || 'localhost';

/** Whether two spellings name the same mailbox as far as a server's answer about it goes. */
export const sameMailbox = (a: string, b: string): boolean => foldAddress(a) === foldAddress(b);

const foldAddress = (address: string): string => {
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  return `${address.slice(0, at)}@${domainToASCII(domain) || domain.toLowerCase()}`;
};
