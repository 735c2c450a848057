import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fit, oneLine, printable } from '../../src/sinks/text.ts';

const escape = (codePoint: string): string => (codePoint === '&' ? '&amp;' : codePoint);

describe('text for people', () => {
  it('loses control and direction marks, keeps line ends and tabs', () => {
    expect(printable('a\u0000b\u001b[1m\tc\r\nd\u2028e\u202eevil\u202c\u200fx\ud83d')).toBe(
      'ab[1m\tc\nd\neevilx\ufffd',
    );
    expect(oneLine('  a\r\n b\t\u0000c ')).toBe('a b c');
  });

  it('is left alone when it fits and says so when it was cut', () => {
    expect(fit('exactly ten', 11)).toBe('exactly ten');
    expect(fit('twelve chars', 11)).toBe('twe … (cut)');
  });

  it('splits neither a character nor an escape', () => {
    expect(fit('😀😀😀😀😀😀😀', 13)).toBe('😀😀 … (cut)');
    expect(fit('&&&&', 19, printable, escape)).toBe('&amp;&amp; … (cut)');
  });

  it('keeps its bound for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 120 }),
        fc.integer({ min: 20, max: 120 }),
        (text, max) => {
          const fitted = fit(text, max, printable, escape);
          expect(fitted.length).toBeLessThanOrEqual(max);
          expect(fitted.isWellFormed()).toBe(true);
          const whole = Array.from(printable(text), escape).join('');
          expect(fitted === whole || fitted.endsWith(' … (cut)')).toBe(true);
        },
      ),
    );
  });

  it('says that it was cut also when only what cannot be shown made it too long', () => {
    expect(fit('\u0000'.repeat(1_000) + 'tail', 20)).toMatch(/cut/);
  });
});
