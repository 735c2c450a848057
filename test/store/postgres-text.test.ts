import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeText, encodeText } from '../../src/store/postgres-text.ts';

/** Full of what is encoded, and of what an encoded text is made of. */
const text = fc.string({
  unit: fc.constantFrom('\u0000', '\u0001', '\u0002', '\u0003', 'a', '0', 'é', '😀'),
});

it('keeps every text, without a NUL, and looks like no other', () => {
  fc.assert(
    fc.property(text, (given) => {
      const encoded = encodeText(given);
      expect(encoded).not.toContain('\u0000');
      expect(decodeText(encoded)).toBe(given);
    }),
  );
});

it('keeps the order by bytes', () => {
  const order = (a: string, b: string): number => Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(order(encodeText(a), encodeText(b))).toBe(order(a, b));
    }),
  );
});

it('leaves everything else as it is', () => {
  expect(encodeText('plain \u0002 text')).toBe('plain \u0002 text');
});
