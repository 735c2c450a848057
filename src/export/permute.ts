import { createHmac } from 'node:crypto';

/** A number below `size` made of a text, the same for the same key. */
export type Draw = (text: string, size: number) => number;

/** Draws by HMAC-SHA-256. */
export const createDraw = (key: Buffer): Draw => {
  return (text, size) => createHmac('sha256', key).update(text).digest().readUIntBE(0, 6) % size;
};

const ROUNDS = 8;

/**
 * Turns a value of `[0, a × b)`, given as two halves below `a` and `b`, into another one, so that no two become the same
 * (a Feistel network whose halves take turns). `tweak` makes permutations independent of each other.
 */
export const permuteHalves = (
  draw: Draw,
  tweak: string,
  [left, right]: readonly [number, number],
  [a, b]: readonly [number, number],
): readonly [number, number] => {
  let [l, r] = [left, right];
  for (let round = 0; round < ROUNDS; round += 2) {
    l = (l + draw(`${tweak} ${round} ${r}`, a)) % a;
    r = (r + draw(`${tweak} ${round + 1} ${l}`, b)) % b;
  }
  return [l, r];
};

const permuteOnce = (draw: Draw, digits: string): string => {
  const half = Math.floor(digits.length / 2);
  const sizes = [10 ** half, 10 ** (digits.length - half)] as const;
  const halves = [Number(digits.slice(0, half)), Number(digits.slice(half))] as const;
  const [l, r] = permuteHalves(draw, `digits ${digits.length}`, halves, sizes);
  return `${half === 0 ? '' : String(l).padStart(half, '0')}${String(r).padStart(digits.length - half, '0')}`;
};

/**
 * Other digits of the same length, no two the same, and never the ones that were given. Where they do not begin with 0, the
 * others do not either, so that a number stays a number. At most 28 digits.
 */
export const permuteDigits = (draw: Draw, digits: string): string => {
  // Walking on along the cycle until one fits keeps it a permutation; a cycle that has no other leads back here.
  let other = permuteOnce(draw, digits);
  while (other !== digits && (other[0] === '0') !== (digits[0] === '0')) other = permuteOnce(draw, other);
  return other;
};
