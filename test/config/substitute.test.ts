import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { environmentLookup } from '../../src/config/environment.ts';
import { parseYaml } from '../../src/config/parse-yaml.ts';
import { substitute } from '../../src/config/substitute.ts';
import { folder, load } from './files.ts';

const env = { A: 'one', EMPTY: '', TRICKY: '${A} $${ }"\n: #' };
const replace = (text: string) => substitute(text, environmentLookup(env).lookup);

describe('references in a text', () => {
  it.each([
    ['plain', 'plain'],
    ['${A}', 'one'],
    ['<${A}-${A}>', '<one-one>'],
    ['${A:-two}', 'one'],
    ['${NONE:-two}', 'two'],
    ['${NONE:-}', ''],
    ['${NONE:-a:-b {$}', 'a:-b {$'],
    ['${EMPTY}', ''],
    ['${EMPTY:-two}', 'two'],
    ['${TRICKY}', env.TRICKY],
    ['$${A}', '${A}'],
    ['$$${A}', '$${A}'],
    ['$$$${A}', '$$${A}'],
    ['$A $ {A} $', '$A $ {A} $'],
  ])('%s becomes %s', (text, expected) => {
    expect(replace(text)).toMatchObject({ text: expected, bad: [] });
  });

  it.each(['${', '${}', '${1A}', '${A-b}', '${A:b}', '${ A }', '${A', '${A:-${B}}', '${secret.path}'])(
    '%s is refused',
    (text) => {
      expect(replace(text).bad).toHaveLength(1);
      expect(replace(text).bad[0]?.message).toContain('allowed: ${NAME}, ${NAME:-default}');
    },
  );

  it('a name without a value is refused by its name', () => {
    expect(replace('a ${NONE} b ${NEITHER}').bad.map(({ message }) => message)).toEqual([
      'environment variable NONE is not set; allowed: set NONE or NONE_FILE, or write ${NONE:-default}',
      'environment variable NEITHER is not set; allowed: set NEITHER or NEITHER_FILE, or write ${NEITHER:-default}',
    ]);
  });
});

describe('references in a file', () => {
  it('never change its structure, whatever the values hold', () => {
    const text = 'a: ${X}\nb: ["${X}", \'${X}\', { c: "<${X}>" }]\nd: |-\n  ${X}\n${X}: $${X}\n';
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const { tree, problems } = parseYaml(text, () => ({ value }));
        expect(problems).toEqual([]);
        expect(tree?.root).toEqual({
          a: value,
          b: [value, value, { c: `<${value}>` }],
          d: value,
          '${X}': '${X}',
        });
      }),
    );
  });

  it('are placed where they stand, also within a text', () => {
    const { problems, position } = parseYaml('a: 1\nb: "x ${P} y ${Q} ${P}"\n', () => undefined);
    expect(problems.map(({ offset }) => position(offset))).toEqual([
      { line: 2, column: 7 },
      { line: 2, column: 14 },
      { line: 2, column: 19 },
    ]);
  });

  it('are told at once, with all other problems, and followed by no consequences', async () => {
    const { problems } = await load(
      'accounts: [{ name: a, api_key: "${K}", api_secret: "${S}" }]\nlog: { level: "${L}", evnts: all }\npoll: { interval: "${A-b}" }\n',
    );
    expect(problems).toEqual([
      'monitor.yml:1:33: accounts[0].api_key: environment variable K is not set; allowed: set K or K_FILE, or write ${K:-default}',
      'monitor.yml:1:53: accounts[0].api_secret: environment variable S is not set; allowed: set S or S_FILE, or write ${S:-default}',
      'monitor.yml:2:16: log.level: environment variable L is not set; allowed: set L or L_FILE, or write ${L:-default}',
      'monitor.yml:2:23: log: unknown key "evnts"; did you mean "events"?',
      'monitor.yml:3:20: poll.interval: "${" begins no valid reference; allowed: ${NAME}, ${NAME:-default} without nesting, $${ for a literal ${',
    ]);
  });

  it('become numbers and booleans where those are wanted, and stay texts where texts are', async () => {
    const { settings, problems } = await load(
      `accounts: [{ name: "\${N}", api_key: "\${N}", api_secret: "\${N}" }]
api: { page_size: "\${N}" }
sinks:
  w: { type: webhook, url: "http://127.0.0.1/", concurrency: "\${N}", strict: "\${B}" }
`,
      { N: '7', B: 'false' },
    );
    expect(problems).toEqual([]);
    expect(settings?.accounts[0]).toMatchObject({ name: '7', apiKey: '7' });
    expect(settings?.api.pageSize).toBe(7);
    expect(settings?.sinks[0]?.options).toMatchObject({ concurrency: 7, strict: false });
  });

  it('that give a wrong value are told without the value', async () => {
    const { problems } = await load(
      'accounts: [{ name: a, api_key: k, api_secret: s }]\napi: { page_size: "${X}" }\nlog: { level: "${X}" }\nroutes: [{ match: { level: "${X}" }, to: ["${X}"] }, { to: [console] }]\nrules: ["${X}"]\n',
      { X: 'hunter2' },
    );
    expect(problems).toEqual([
      'monitor.yml:2:19: api.page_size: found a text from the environment (not shown), allowed: a whole number from 1 to 100',
      'monitor.yml:3:15: log.level: found a text from the environment (not shown), allowed: debug, info, warn, error',
      'monitor.yml:4:28: routes[0].match.level: found a text from the environment (not shown), allowed: informational, low, medium, high, critical',
      'monitor.yml:4:43: routes[0].to[0]: found a text from the environment (not shown), which is no sink, allowed: console',
      'monitor.yml:5:9: rules[0]: found a path from the environment (no such file), allowed: rule files and folders of them',
    ]);
  });

  it('unquoted digits are taken as written where a text is wanted', async () => {
    const { settings, problems } = await load(
      'accounts: [{ name: 007, api_key: 0123, api_secret: 12e99 }]\nlists: { l: [0447, true, 1e3] }\n',
    );
    expect(problems).toEqual([]);
    expect(settings?.accounts[0]?.name).toBe('007');
    expect(settings?.accounts[0]?.credentials()).toEqual({ apiKey: '0123', apiSecret: '12e99' });
    expect(settings?.lists).toEqual({ l: ['0447', 'true', '1e3'] });
  });
});

describe('the names of the account', () => {
  const text = 'accounts: [{ name: a, api_key: "${VONAGE_API_KEY}", api_secret: "${VONAGE_API_SECRET}" }]\n';
  const credentials = async (env: Record<string, string>) => {
    const { settings, problems } = await load(text, env);
    expect(problems).toEqual([]);
    return settings?.accounts[0]?.credentials();
  };

  it('are VONAGE_…, else NEXMO_…', async () => {
    const former = { NEXMO_API_KEY: 'n', NEXMO_API_SECRET: 'ns' };
    expect(await credentials(former)).toEqual({ apiKey: 'n', apiSecret: 'ns' });
    expect(await credentials({ ...former, VONAGE_API_KEY: 'v', VONAGE_API_SECRET: 'vs' })).toEqual({
      apiKey: 'v',
      apiSecret: 'vs',
    });
    expect(await credentials({ ...former, VONAGE_API_KEY: '', VONAGE_API_SECRET: '' })).toEqual({
      apiKey: 'n',
      apiSecret: 'ns',
    });
  });

  it('of different age together are warned about', async () => {
    expect((await load(text, { VONAGE_API_KEY: 'v', NEXMO_API_SECRET: 'ns' })).warnings).toEqual([
      'monitor.yml: the API key and its secret come from names of different age (VONAGE_… and NEXMO_…): are they of one account?',
    ]);
    expect((await load(text, { NEXMO_API_KEY: 'v', NEXMO_API_SECRET: 'ns' })).warnings).toEqual([]);
  });

  it('may each have a file, after the variable itself', async () => {
    const root = folder({ secret: 'from file\r\n', key: 'k\n' });
    const files = { VONAGE_API_SECRET_FILE: `${root}/secret`, NEXMO_API_KEY_FILE: `${root}/key` };
    expect(await credentials(files)).toEqual({ apiKey: 'k', apiSecret: 'from file' });
    expect(await credentials({ ...files, VONAGE_API_SECRET: 'direct', NEXMO_API_SECRET: 'no' })).toEqual({
      apiKey: 'k',
      apiSecret: 'direct',
    });
    const { problems } = await load(text, { VONAGE_API_KEY: 'k', VONAGE_API_SECRET_FILE: `${root}/none` });
    expect(problems).toEqual([
      `monitor.yml:1:66: accounts[0].api_secret: VONAGE_API_SECRET_FILE names "${root}/none": no such file`,
    ]);
  });
});
