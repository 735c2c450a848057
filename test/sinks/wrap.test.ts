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
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'bcd', ' ', '\n', '\t', 'é'), maxLength: 400 }),
        (text) => {
          const lines = wrapped(text, '* ').split('\n');
          expect(lines.join(' ').replace(/^\*/, '').split(/\s+/).filter(Boolean)).toEqual(
            text.split(/\s+/).filter(Boolean),
          );
          for (const line of lines) expect(line).not.toMatch(/\s$/);
          const wide = lines
            .filter((line) => line.length > COLUMNS)
            .map((line) => line.replace(/^\* /, '').trim());
          expect(wide.filter((line) => line.includes(' '))).toEqual([]);
        },
      ),
    );
  });
});
