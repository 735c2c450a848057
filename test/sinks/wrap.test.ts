import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COLUMNS, wrapped } from '../../src/sinks/wrap.ts';

describe('wrapped text', () => {
  it('keeps words whole and line ends where they are', () => {
    const url = `https://example.com/${'x'.repeat(100)}`;
    expect(wrapped(`look at ${url} now`, '> ')).toBe(`> look at\n  ${url}\n  now`);
    expect(wrapped('a\n\nb', '- ')).toBe('- a\n\n  b');
    expect(wrapped('')).toBe('');
  });

  it('loses no word, ends no line with a space, and is too wide only where a word is', () => {
    const word = fc.integer({ min: 1, max: 100 }).map((length) => 'x'.repeat(length));
    const gap = fc.constantFrom(' ', ' ', ' ', ' ', '  ', '\t', '\n');
    const text = fc.array(fc.tuple(word, gap), { maxLength: 60 }).map((parts) => parts.flat().join(''));
    fc.assert(
      fc.property(text, (text) => {
        const lines = wrapped(text, '* ').split('\n');
        const words = (of: string): readonly string[] => of.split(/\s+/).filter(Boolean);
        expect(words(lines.join(' ').replace(/^\*/, ''))).toEqual(words(text));
        for (const line of lines) expect(line).not.toMatch(/\s$/);
        const wide = lines.filter((line) => line.length > COLUMNS).map((line) => line.slice(2));
        expect(wide.filter((line) => line.includes(' '))).toEqual([]);
      }),
    );
  });
});
