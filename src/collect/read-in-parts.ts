import { stableId } from '../base/hash.ts';
import { AuditError, type AuditPage, type AuditReader } from '../core/audit-reader.ts';
import type { AuditEvent, QuarantinedEvent } from '../core/event.ts';

/** What is read in parts: one page of a query whose answer was larger than the reader allows. */
export interface LargePage {
  readonly account: string;
  /** The second that is being read; events of the seconds next to it may be in the answer. Epoch ms. */
  readonly secondMs: number;
  readonly range: { readonly fromMs: number; readonly toMs: number };
  readonly page: number;
  readonly size: number;
}

/** Whether a read failed since the answer was larger than the reader allows: smaller questions may be answered. */
export const isTooLarge = (error: unknown): error is AuditError =>
  error instanceof AuditError && error.tooLarge;

/** More of them in one page are no longer believed: rather the server answers everything with too much. */
const MAX_UNREADABLE = 3;

/**
 * Reads a page whose answer is too large as several smaller ones, at last element by element, and puts them together.
 * An element whose answer is too large even alone goes to quarantine as unreadable, so that one monster does not keep
 * an account from being read for ever. It is believed to exist only when the rest of the page can be read and its
 * totalElements counts it; otherwise this rejects with the AuditError, as it does for every other failure.
 */
export const readInParts = async (
  reader: AuditReader,
  large: LargePage,
  signal: AbortSignal,
): Promise<AuditPage> => {
  const { range, page, size } = large;
  const parts: AuditPage[] = [];
  const unreadable: { readonly place: number; readonly error: AuditError }[] = [];

  const readPart = async (number: number, width: number): Promise<void> => {
    try {
      parts.push(await reader.readPage({ ...range, page: number, size: width }, signal));
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      if (width > 1) return readSplit(number, width);
      unreadable.push({ place: number, error });
      if (unreadable.length > MAX_UNREADABLE) throw error;
    }
  };
  const readSplit = async (number: number, width: number): Promise<void> => {
    const count = smallestFactor(width);
    const first = (number - 1) * count + 1;
    for (let part = first; part < first + count; part += 1) await readPart(part, width / count);
  };

  if (size > 1) await readSplit(page, size);
  else await readPart(page, 1);
  // The page was nothing but monsters: what follows them must tell how many elements there are.
  const [known = await reader.readPage({ ...range, page: page * size + 1, size: 1 }, signal)] = parts;
  const last = parts.at(-1) ?? known;
  const doubtful = unreadable.find(({ place }) => (last.totalElements ?? 0) < place);
  if (doubtful) throw doubtful.error;

  const events: AuditEvent[] = parts.flatMap((part) => part.events);
  const quarantined = [
    ...parts.flatMap((part) => part.quarantined),
    ...unreadable.map(({ error }, index) => unreadableElement(large, index + 1, error)),
  ];
  return {
    events,
    quarantined,
    count: parts.reduce((sum, part) => sum + part.count, unreadable.length),
    totalElements: last.totalElements,
    number: page,
    clockSkewMs: known.clockSkewMs,
    expectedSkewMs: known.expectedSkewMs,
  };
};

const smallestFactor = (size: number): number => {
  for (let factor = 2; factor * factor <= size; factor += 1) if (size % factor === 0) return factor;
  return size;
};

/** Nothing of it is known but its second, which therefore is its identity: every pass that meets it names the same. */
const unreadableElement = (large: LargePage, number: number, error: AuditError): QuarantinedEvent => {
  const second = new Date(large.secondMs).toISOString();
  return {
    account: large.account,
    key: stableId('unreadable', second, String(number)),
    json: JSON.stringify({ unreadable: { second, number } }),
    reason: `an element of ${second}, or of a second next to it, cannot be read even alone (${error.message}); look at it in the Vonage dashboard`,
  };
};
