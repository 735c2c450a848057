import { createHash } from 'node:crypto';

/**
 * A stable identity of some texts: 32 hexadecimal digits of SHA-256. Parts are length-prefixed, so ('ab','c') and
 * ('a','bc') differ. Alert and delivery ids are made with it: its output must never change between releases.
 */
export const stableId = (...parts: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex').slice(0, 32);
};
