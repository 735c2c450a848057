import { describe, expect, it } from 'vitest';
import { ACCOUNT, folder, load } from './files.ts';

const tracing = async (text: string, files: Readonly<Record<string, string>> = {}) => {
  const root = folder({ 'monitor.yml': `${ACCOUNT}tracing: ${text}\n`, ...files });
  const { settings, problems, secrets } = await load({ root });
  return { of: settings?.tracing, problems, secrets };
};

describe('tracing', () => {
  it.each([
    ['http://127.0.0.1:4318', 'http://127.0.0.1:4318/v1/traces'],
    ['http://127.0.0.1:4318/', 'http://127.0.0.1:4318/v1/traces'],
    ['https://otel.example/otlp/', 'https://otel.example/otlp/v1/traces'],
    ['https://otel.example/v1/traces', 'https://otel.example/v1/traces'],
  ])('sends spans of %s to %s', async (endpoint, url) => {
    expect((await tracing(`{ endpoint: "${endpoint}" }`)).of).toEqual({
      url,
      headers: {},
      serviceName: 'vonage-audit-monitor',
      sample: 1,
    });
  });

  it('is off without an endpoint', async () => {
    expect(await tracing('{ endpoint: "", headers: "a=b" }')).toMatchObject({ of: undefined, problems: [] });
    expect(await tracing('{}')).toMatchObject({ of: undefined, problems: [] });
  });

  it('reads headers as the standard variable is written, from a file as well, and knows them as secrets', async () => {
    const inline = await tracing(
      '{ endpoint: "http://a", headers: "Authorization=Bearer%20abcdef123, x-scope = 7" }',
    );
    expect(inline.of?.headers).toEqual({ authorization: 'Bearer abcdef123', 'x-scope': '7' });
    expect(inline.secrets).toContain('Bearer abcdef123');
    const file = await tracing('{ endpoint: "http://a", headers_file: h.txt, sample: 0.1 }', {
      'h.txt': 'x-key=abcdef123\n',
    });
    expect(file).toMatchObject({ problems: [], of: { headers: { 'x-key': 'abcdef123' }, sample: 0.1 } });
  });

  it.each([
    ['{ endpoint: "ftp://a" }', 'tracing.endpoint'],
    ['{ endpoint: "http://u:p@a" }', 'tracing.endpoint'],
    ['{ endpoint: "http://a", sample: 2 }', 'allowed: a number from 0 to 1'],
    ['{ endpoint: "http://a", headers: "hunter2hunter2" }', 'tracing.headers: cannot be read'],
    ['{ endpoint: "http://a", headers: "a=b", headers_file: h }', 'allowed: one of them'],
    ['{ endpoint: "http://a", headers_file: missing }', 'missing'],
    ['{ endpoint: "http://a", heders: "" }', 'heders'],
  ])('refuses %s without telling a secret', async (text, said) => {
    const { of, problems } = await tracing(text);
    expect(of).toBeUndefined();
    expect(problems.join('\n')).toContain(said);
    expect(problems.join('\n')).not.toContain('hunter2');
  });
});
