import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, similar } from '../../src/base/similar.ts';

const KEYS = ['interval', 'overlap', 'settle', 'start', 'max_window_events', 'to'];

describe('did you mean', () => {
  it.each([
    ['intervall', 'interval'],
    ['itnerval', 'interval'],
    ['Interval', 'interval'],
    ['max-window-events', 'max_window_events'],
    ['max_window', 'max_window_events'],
    ['starts_at', 'start'],
    ['ot', 'to'],
    ['frobnicate', undefined],
    ['xyz', undefined],
  ])('%s: %s', (word, expected) => {
    expect(similar(word, KEYS)).toBe(expected);
  });

  it('is the end of a message, or nothing', () => {
    expect(didYouMean('setle', KEYS)).toBe('; did you mean "settle"?');
    expect(didYouMean('frobnicate', KEYS)).toBe('');
  });

  it('finds the word itself, and any one slip in a word of some length', () => {
    const letters = fc.string({
      unit: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
      minLength: 4,
      maxLength: 20,
    });
    fc.assert(
      fc.property(letters, fc.nat(), fc.constantFrom('x', ''), (word, at, instead) => {
        const index = at % word.length;
        expect(similar(word, [word])).toBe(word);
        expect(similar(word.slice(0, index) + instead + word.slice(index + 1), [word])).toBe(word);
      }),
    );
  });
});
