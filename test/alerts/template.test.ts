import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTemplate, renderTemplate, templateProblems } from '../../src/alerts/template.ts';

const fill = (text: string, values: Readonly<Record<string, string>> = {}): string =>
  renderTemplate(parseTemplate(text).template, (name) => values[name]);

describe('templates', () => {
  it.each([
    ['{user_email} did it', { user_email: 'a@example.com' }, 'a@example.com did it'],
    ['{context.voice-value}', { 'context.voice-value': 'sip:x' }, 'sip:x'],
    ['{ user_email }', { user_email: 'a' }, 'a'],
    ['{nobody}!', {}, '!'],
    ['{nobody|nobody at all}!', {}, 'nobody at all!'],
    ['{empty|was empty}', { empty: '' }, 'was empty'],
    ['{a|x|y}', {}, 'x|y'],
    ['{{literal}} {a}', { a: '1' }, '{literal} 1'],
    ['{{{a}}}', { a: '1' }, '{1}'],
    ['', {}, ''],
    // A value is never read as a template again.
    ['{a}', { a: '{b}', b: 'no' }, '{b}'],
  ])('%s with %o is %s', (text, values, expected) => {
    expect(fill(text, values)).toBe(expected);
    expect(templateProblems(text)).toEqual([]);
  });

  it.each([
    ['to {user', 3, 'is not closed'],
    ['to {a{b}', 3, 'is not closed'],
    ['a } b', 2, 'without "{"'],
    ['x {} y', 2, 'a name is missing'],
    ['x { |d} y', 2, 'a name is missing'],
    ['{', 0, 'is not closed'],
  ])('refuses %s and says where', (text, offset, message) => {
    const problems = templateProblems(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ kind: 'syntax', offset });
    expect(problems[0]?.message).toContain(message);
  });

  it('warns of names that no event has, with a hint', () => {
    const problems = templateProblems('{user_emial} {context.anything} {source_ip}', [
      'user_email',
      'source_ip',
      'context.*',
    ]);
    expect(problems).toEqual([
      {
        kind: 'unknown_name',
        offset: 0,
        message: '"user_emial" is no field of any known event; did you mean "user_email"?',
      },
    ]);
  });

  it('says something even when it is broken', () => {
    expect(fill('{a} moved {b', { a: 'alice' })).toBe('alice moved {b');
  });

  it('never throws, keeps plain text, and finds problems exactly where braces do not fit', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const rendered = fill(text);
        expect(rendered === text || /[{}]/.test(text)).toBe(true);
        const doubled = text.replaceAll(/[{}]/g, '$&$&');
        expect(fill(doubled)).toBe(text);
        expect(templateProblems(doubled)).toEqual([]);
        for (const problem of templateProblems(text)) expect('{}').toContain(text.charAt(problem.offset));
      }),
    );
  });
});
