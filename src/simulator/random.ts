import { createHash } from 'node:crypto';

/** A stream of seeded draws: the same seed gives the same draws in the same order, on every machine. */
export interface Rand {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [low, high], both included. */
  int(low: number, high: number): number;
  /** True with this probability (0 to 1). */
  chance(probability: number): boolean;
  /** One element of a list that must not be empty. */
  pick<T>(list: readonly T[]): T;
  /** `count` hexadecimal digits. */
  hex(count: number): string;
  /** A version 4 UUID made of this stream's draws. */
  uuid(): string;
}

/** Makes a stream for a seed. More parts give independent streams of one seed, such as one per account or day. */
export const createRand = (...seed: readonly (string | number)[]): Rand => {
  const digest = createHash('sha256').update(JSON.stringify(seed)).digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let counter = digest.readInt32LE(12);
  // The small fast counting generator: 32-bit arithmetic only, so the draws are the same everywhere.
  const word = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  const next = (): number => word() / 4_294_967_296;
  /** Eight digits; the added bit keeps leading zeros and is cut off again. */
  const eight = (): string => (word() + 4_294_967_296).toString(16).slice(1);
  const hex = (count: number): string => {
    let text = '';
    while (text.length < count) text += eight();
    return text.slice(0, count);
  };
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: <T>(list: readonly T[]): T => {
      if (list.length === 0) throw new RangeError('cannot pick from an empty list');
      return list[int(0, list.length - 1)] as T;
    },
    hex,
    uuid() {
      const [a, b, c, d] = [eight(), eight(), eight(), eight()];
      const variant = '89ab'.charAt(Number.parseInt(c.charAt(0), 16) & 3);
      return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-${variant}${c.slice(1, 4)}-${c.slice(4)}${d}`;
    },
  };
};
