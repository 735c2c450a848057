import { describe, expect, it } from 'vitest';
import { secretsOfUrl } from '../../src/sinks/credentials.ts';
import { createReason, httpVerdict } from '../../src/sinks/verdict.ts';

const nowMs = Date.UTC(2026, 2, 1, 12);
const verdict = (status: number, retryAfter?: string, body = '') =>
  httpVerdict(
    { status, retryAfter, body },
    { host: 'hooks.example.com', startedAtMs: nowMs - 42, nowMs, reason: createReason(['hunter2"x']) },
  );

describe('verdict about an HTTP answer', () => {
  it('carries the wait that a date asks for', () => {
    expect(verdict(429, 'Sun, 01 Mar 2026 12:01:30 GMT')).toEqual({
      outcome: 'retry',
      reason: 'HTTP 429 from hooks.example.com in 42ms',
      afterMs: 90_000,
      status: 429,
    });
  });

  it('leaves the wait to the outbox when the receiver named none', () => {
    expect(verdict(503)).toEqual({
      outcome: 'retry',
      reason: 'HTTP 503 from hooks.example.com in 42ms',
      status: 503,
    });
  });

  it('knows what to do with every status there can be', () => {
    const statuses = Array.from({ length: 500 }, (_, n) => 100 + n);
    const by = (outcome: string) => statuses.filter((status) => verdict(status).outcome === outcome);
    expect(by('sent')).toEqual(statuses.filter((status) => status >= 200 && status < 300));
    expect(by('retry')).toEqual([407, 408, 425, 429, ...statuses.filter((status) => status >= 500)]);
    expect(by('rejected')).toHaveLength(500 - 100 - 104);
  });

  it('hides secrets in whatever form they come back, before it cuts', () => {
    const forms = [
      'hunter2"x',
      'hunter2%22x',
      'hunter2\\"x',
      Buffer.from('hunter2"x').toString('base64'),
      `${'-'.repeat(240)}hunter2"x`,
    ];
    for (const form of forms) {
      const text = JSON.stringify(verdict(400, undefined, form));
      expect(text).toContain('[reda');
      expect(text).not.toMatch(/hunter2|aHVudGVyMi/);
    }
  });
});

describe('secrets of a URL', () => {
  it('are its credentials, its path and its tokens, not its host', () => {
    const reason = createReason(
      secretsOfUrl(new URL('https://u:pass%40@hooks.example.com/a/t0kent0ken?key=0123456789')),
    );
    const said = reason(
      '',
      'https://u:pass%40@hooks.example.com/a/t0kent0ken?key=0123456789 t0kent0ken 0123456789 pass@ hooks.example.com',
    );
    expect(said).toBe('[redacted] [redacted] [redacted] [redacted] hooks.example.com');
  });
});
