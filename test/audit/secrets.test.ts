import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { excerpt, redact } from '../../src/audit/redact.ts';
import { answer, startScriptedServer } from '../support/scripted-server.ts';
import { auditError, clientUnderTest, KEY, never, SECRET } from './client-under-test.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Everything by which somebody could learn the secret. */
const SPELLINGS = [
  SECRET,
  encodeURIComponent(SECRET),
  JSON.stringify(SECRET).slice(1, -1),
  base64(SECRET),
  base64(`${KEY}:${SECRET}`),
  Buffer.from(`${KEY}:${SECRET}`).toString('base64url'),
];

describe('secrets', () => {
  it.each(SPELLINGS)('do not come back in errors or log lines when the server says %s', async (spelling) => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, { retries: 1 });
    for (const status of [200, 204, 302, 400, 401, 403, 404, 429, 500]) {
      server.script(
        answer(status, `xxx you sent ${spelling} of ${KEY}`, {
          location: `http://127.0.0.1:9/${encodeURIComponent(spelling)}`,
        }),
      );
      const error = await auditError(it.client.find({ fromMs: 0, page: 1 }, never));
      const all = `${inspect(error, { depth: 9, showHidden: true })} ${inspect(it.lines, { depth: 9 })}`;
      expect(all).not.toContain(spelling);
      for (const one of [...SPELLINGS, KEY]) expect(all).not.toContain(one);
      // What else the server said is there, where the answer has a body that says anything.
      expect(error.message.includes('xxx')).toBe(status !== 302 && status !== 204);
    }
  });

  it('of a proxy do not appear either', async () => {
    const proxy = await startScriptedServer();
    await proxy.close();
    await using it = clientUnderTest('http://audit.invalid', {
      proxyUrl: proxy.url.replace('//', '//user:pr0xy%2Fpass@'),
      retries: 1,
    });
    const error = await auditError(it.client.find({ page: 1 }, never));
    const all = `${inspect(error, { depth: 9, showHidden: true })} ${inspect(it.lines, { depth: 9 })}`;
    for (const one of ['pr0xy/pass', 'pr0xy%2Fpass', base64('user:pr0xy/pass')])
      expect(all).not.toContain(one);
  });

  it('and searched texts are not in the path that errors name', async () => {
    await using server = await startScriptedServer();
    await using it = clientUnderTest(server.url, { retries: 0 });
    const error = await auditError(it.client.find({ searchText: 'private-words', page: 1 }, never));
    expect(inspect(error)).not.toContain('private-words');
  });
});

describe('redact', () => {
  it('takes the longer secret first', () => {
    expect(redact('abcdef abc', ['abc', 'abcdef'])).toBe('[redacted] [redacted]');
  });
  it('leaves text alone when there is nothing to hide', () => {
    expect(redact('text', ['', ''])).toBe('text');
  });
});

describe('excerpt', () => {
  it('is one short line without control characters', () => {
    expect(excerpt('a\u0000\u001b[31m\r\n\t b', [])).toBe('a [31m b');
    expect(excerpt('y'.repeat(10_000), []).length).toBe(161);
    expect(excerpt(' \n ', [])).toBe('');
  });
  it('never shows the half of a secret that a cut would leave', () => {
    for (let before = 140; before < 175; before++)
      expect(excerpt(`${'y'.repeat(before)}0123456789`, ['0123456789'])).not.toContain('01');
  });
});
