import { hash } from 'node:crypto';

/*
 * The chain of an account's events (and of acts): every entry carries
 *
 *   digest = SHA-256(lengths, account, id, type, json)         what the entry says
 *   hash   = SHA-256(hash before, position, times, digest)     that it stands where it was committed
 *
 * so that nobody can change, remove, insert or move an entry without every later hash being wrong. The stored `json` is
 * hashed word for word, as UTF-8, and not in a canonical form: it is the evidence (what the API answered, with integers
 * past 2^53, escapes and duplicate keys as they stood), it needs no parser to be checked, and it costs a third of the
 * time. Two levels, so that an event that was pruned out of the middle leaves its digest and its times behind: the chain
 * still holds, and that the event was old enough to be pruned can be checked.
 *
 * Whatever is hashed here must never change between releases.
 */

/** Key of the chain of acts in the table `chains`; keys of accounts begin at 1. */
export const ACTS_KEY = 0;

/** What a chain begins with. The name makes chains of different accounts impossible to exchange. */
export const genesisHash = (name: string): string => hash('sha256', `vonage-audit-monitor chain 1\n${name}`);

/** Digest of an event. Lengths are in UTF-16 units; the texts as they are read back from the store. */
export const eventDigest = (account: string, id: string, type: string, json: string): string =>
  hash('sha256', `event ${account.length} ${id.length} ${type.length}\n${account}${id}${type}${json}`);

/** Digest of an act. */
export const actDigest = (act: string, by: string, subject: string, detail: string): string =>
  hash('sha256', `act ${act.length} ${by.length} ${subject.length}\n${act}${by}${subject}${detail}`);

/** Hash of the entry at `position`. `createdMs` and `seenMs` are the times of an event; of an act, its time and 0. */
export const linkHash = (
  before: string,
  position: number,
  createdMs: number,
  seenMs: number,
  digest: string,
): string => hash('sha256', `link ${position} ${createdMs} ${seenMs}\n${before}${digest}`);

/** A hash as it is stored. */
export const hashBytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** A stored hash as it is shown. */
export const hashText = (bytes: Buffer): string => bytes.toString('hex');
