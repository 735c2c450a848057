import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor, createTextRedactor, REDACTED } from '../../src/logs/redact.ts';
import { createMemoryLog } from './lines.ts';

const line = (fields: unknown): string => `${JSON.stringify(fields)}\n`;

describe('createRedactor', () => {
  const secret = 'p+q/"r\\s é&t=u';
  const redact = createRedactor(['other-secret', secret]);
  const hidden: readonly (readonly [string, string])[] = [
    ['as it is', secret],
    ['percent-encoded', encodeURIComponent(secret)],
    ['percent-encoded in lower case', encodeURIComponent(secret).toLowerCase()],
    ['form-encoded', new URLSearchParams({ s: secret }).toString()],
    ['in a JSON text', JSON.stringify({ body: secret })],
    ['in a JSON text in a JSON text', JSON.stringify({ log: JSON.stringify({ body: secret }) })],
    ['in a Basic header', `Basic ${Buffer.from(`abcd1234:${secret}`).toString('base64')}`],
    ['in a Basic header of a longer name', `Basic ${Buffer.from(`abcd12345:${secret}`).toString('base64')}`],
    [
      'in a Basic header of a still longer name',
      `Basic ${Buffer.from(`abcd123456:${secret}`).toString('base64')}`,
    ],
    ['in a URL-safe base64 text', Buffer.from(`{"t":"${secret}"}`).toString('base64url')],
  ];
  it.each(hidden)('finds a secret %s', (_how, text) => {
    for (const place of [{ text }, { [text]: 1 }, { deep: [{ text: `<${text}>` }] }]) {
      const out = redact(line(place));
      expect(out).toContain(REDACTED);
      expect(() => JSON.parse(out) as unknown).not.toThrow();
    }
  });

  it('finds a URL by its password and by its path', () => {
    const slack = 'https://hooks.slack.com/services/T0001/B0001/abcdefgh';
    const smtp = 'smtp://user:p%40ss-word@mail.example.com:587';
    const clean = createRedactor([slack, smtp]);
    for (const text of [
      slack,
      smtp,
      'POST /services/T0001/B0001/abcdefgh: 404',
      'https:\\/\\/hooks.slack.com\\/services\\/T0001\\/B0001\\/abcdefgh',
      'AUTH failed for p@ss-word',
      'p%40ss-word',
    ])
      expect(clean(line({ text }))).not.toMatch(/T0001|ss-word/);
    expect(clean(line({ host: 'mail.example.com' }))).toContain('mail.example.com');
  });

  it('turns a number that is a secret into a string', () => {
    const clean = createRedactor(['12345678']);
    expect(clean('{"a":12345678,"b":-1.5,"c":"x12345678"}\n')).toBe(
      '{"a":"[redacted]","b":-1.5,"c":"x[redacted]"}\n',
    );
  });

  it('learns a rotated secret at once and keeps the old one', () => {
    let current = ['first-secret'];
    const clean = createRedactor(() => current);
    expect(clean('"first-secret second-secret"')).toBe('"[redacted] second-secret"');
    current = ['second-secret'];
    expect(clean('"first-secret second-secret"')).toBe('"[redacted] [redacted]"');
  });

  it('touches nothing without a secret, and nothing for an empty one', () => {
    const text = line({ a: 'b', n: 1 });
    for (const secrets of [[], [''], ['abc'], ['zzzzzz']]) expect(createRedactor(secrets)(text)).toBe(text);
  });

  it('takes a large hostile line in linear time', () => {
    const body = '\\"'.repeat(2_000_000);
    const out = redact(line({ body, after: secret }));
    expect(JSON.parse(out)).toEqual({ body, after: REDACTED });
  });
});

describe('createTextRedactor', () => {
  it('finds every form in a plain text, and knows nothing of JSON', () => {
    const redact = createTextRedactor(['hunter2-hunter2', '12345678']);
    expect(redact('"hunter2-hunter2": 12345678 {')).toBe('"[redacted]": [redacted] {');
    expect(redact(`Basic ${Buffer.from('k:hunter2-hunter2').toString('base64')}`)).toMatch(
      /^Basic \w*\[redacted\]\w?=*$/,
    );
    expect(createTextRedactor([])('hunter2')).toBe('hunter2');
  });

  it('finds the token in a URL by itself, but no part of it that names a place', () => {
    const redact = createTextRedactor([
      'https://hooks.example/services/T0001/B0001/tokenOfTwentyLetters?key=keyOfTwentyLetters00',
    ]);
    expect(redact('no hook tokenOfTwentyLetters at /services/ with keyOfTwentyLetters00')).toBe(
      'no hook [redacted] at /services/ with [redacted]',
    );
  });
});

describe('what leaves the log', () => {
  it('never holds a secret, whatever it is and wherever it stands, and stays JSON', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 4, maxLength: 24, unit: 'binary' }).filter((s) => s.isWellFormed()),
        fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 4 }),
        fc.jsonValue(),
        async (secret, around, rest) => {
          const { log, lines } = createMemoryLog({ secrets: [secret] });
          const text = around.join(secret);
          log.info('api.retry', { text, [text]: 1, error: new Error(text), list: [[{ text }]], rest });
          for (const { level, time, event, ...fields } of await lines()) {
            expect([level, event].every((own) => typeof own === 'string')).toBe(true);
            expect(time).toBeDefined();
            expect(
              allTexts(fields).filter((out) => out.includes(secret) && !REDACTED.includes(secret)),
            ).toEqual([]);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

const allTexts = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [String(value)];
  return Object.entries(value).flatMap(([name, item]) => [name, ...allTexts(item)]);
};
