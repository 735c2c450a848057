import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sinkKinds } from '../../src/app/sink-kinds.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import type { LoadedConfiguration } from '../../src/config/loaded.ts';
import { formatProblem } from '../../src/core/problem.ts';
import { ACCOUNT, folder, NOW_MS } from './files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RULES = { 'rules/one.yml': 'title: One\n' };

const load = async (
  root: string,
  checkAll = false,
  packageDir = ROOT,
): Promise<{
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly sinks: NonNullable<LoadedConfiguration['settings']>['sinks'] | undefined;
  readonly secrets: readonly string[];
}> => {
  const loaded = await loadConfiguration({
    path: join(root, 'monitor.yml'),
    env: {},
    ...sinkKinds(packageDir, checkAll),
    now: () => NOW_MS,
  });
  const texts = (problems: LoadedConfiguration['problems']): readonly string[] =>
    problems.map((problem) => formatProblem(problem, root));
  return {
    problems: texts(loaded.problems),
    warnings: texts(loaded.warnings),
    sinks: loaded.settings?.sinks,
    secrets: loaded.secrets,
  };
};

/** A configuration with one sink and files beside it. */
const withSink = (sink: string, files: Readonly<Record<string, string | Uint8Array>> = {}): string =>
  folder({ ...RULES, 'monitor.yml': `${ACCOUNT}sinks: { s: ${sink} }\n`, ...files });

const DESK = `title: Desk
description: A ticket.
documentation: https://desk.example.com/api
options:
  url: { type: url, needed: true, description: Base. }
  token: { secret: true, description: Token. }
request:
  url: '{options.url}/tickets'
  body: { title: '{headline}' }
`;

describe('sinks of presets', () => {
  it('are made of those that come with the program, wherever the configuration lies', async () => {
    const root = withSink('{ type: ntfy, topic_file: topic }', { topic: 'our-secret-topic\n' });
    const { problems, warnings, sinks, secrets } = await load(root);
    expect([...problems, ...warnings]).toEqual([]);
    expect(sinks).toMatchObject([
      { name: 's', type: 'ntfy', off: false, options: { topic: 'our-secret-topic' } },
    ]);
    expect(secrets).toContain('our-secret-topic');
  });

  it('are made of files beside the configuration', async () => {
    const { problems, warnings, sinks } = await load(
      withSink('{ type: desk, url: "https://desk.example.com" }', { 'presets/desk.yml': DESK }),
    );
    expect([...problems, ...warnings]).toEqual([]);
    expect(sinks).toMatchObject([{ type: 'desk', off: false, options: { token: '', concurrency: 1 } }]);
  });

  it('are made of files and folders that the configuration names', async () => {
    const root = folder({
      ...RULES,
      'monitor.yml': `${ACCOUNT}presets: [more, one/desk.yaml]\nsinks: { a: { type: desk, url: "" }, b: { type: other, url: "" } }\n`,
      'more/other.yml': DESK,
      'more/notes.txt': 'no preset',
      'one/desk.yaml': DESK,
    });
    const { problems, sinks } = await load(root);
    expect(problems).toEqual([]);
    expect(sinks?.map(({ type, off }) => [type, off])).toEqual([
      ['desk', true],
      ['other', true],
    ]);
  });

  it('are off when the first needed option is empty', async () => {
    const { problems, sinks } = await load(withSink('{ type: pagerduty, routing_key: "" }'));
    expect(problems).toEqual([]);
    expect(sinks).toMatchObject([{ off: true }]);
  });

  it('take the place of one that comes with the program, with a warning, unless they are the same', async () => {
    const root = withSink('{ type: ntfy, url: "https://ntfy.example.com" }', { 'presets/ntfy.yml': DESK });
    const changed = await load(root);
    expect(changed.problems).toEqual([]);
    expect(changed.warnings).toEqual([
      'presets/ntfy.yml: takes the place of the preset "ntfy" that comes with the program',
    ]);
    copyFileSync(join(ROOT, 'config/presets/ntfy.yml'), join(root, 'presets/ntfy.yml'));
    writeFileSync(join(root, 'monitor.yml'), `${ACCOUNT}sinks: { s: { type: ntfy, topic: a } }\n`);
    const same = await load(root);
    expect([...same.problems, ...same.warnings]).toEqual([]);
  });

  it('know the folder of the program when the configuration lies in it', async () => {
    const root = folder({
      ...RULES,
      'config/monitor.yml': `${ACCOUNT}sinks: { s: { type: desk, url: "https://desk.example.com" } }\n`,
    });
    mkdirSync(join(root, 'config/presets'));
    writeFileSync(join(root, 'config/presets/desk.yml'), DESK);
    const loaded = await loadConfiguration({
      path: join(root, 'config/monitor.yml'),
      env: {},
      ...sinkKinds(root, true),
      now: () => NOW_MS,
    });
    expect(loaded.problems).toEqual([]);
    expect(loaded.settings?.sinks).toMatchObject([{ type: 'desk' }]);
    expect(loaded.warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^rules: no rule file/),
    ]);
  });

  it('know the presets beside a configuration folder that was mounted over, as in the image', async () => {
    const image = folder({ 'app/presets/desk.yml': DESK });
    const root = withSink('{ type: desk, url: "https://desk.example.com" }', { 'presets/desk.yml': DESK });
    const { problems, warnings } = await load(root, true, join(image, 'app'));
    expect([...problems, ...warnings]).toEqual([]);
    const without = withSink('{ type: desk, url: "https://desk.example.com" }');
    expect((await load(without, true, join(image, 'app'))).problems).toEqual([]);
  });

  it.each<[string, string, readonly string[]]>([
    [
      'an unknown type',
      '{ type: pagerdty }',
      [
        expect.stringMatching(
          /^monitor\.yml:2:21: sinks\.s\.type: found "pagerdty", allowed: log, .*, teams, telegram; did you mean "pagerduty"\?$/,
        ),
      ],
    ],
    [
      'an unknown option',
      '{ type: ntfy, topik: a }',
      [
        'monitor.yml:2:27: sinks.s: unknown key "topik"; did you mean "topic"?',
        'monitor.yml:2:13: sinks.s.topic is missing; allowed: a text',
      ],
    ],
    [
      'a secret that is none, without showing it',
      '{ type: pagerduty, routing_key: short }',
      ['monitor.yml:2:45: sinks.s.routing_key: found a text (not shown), allowed: 32 letters and digits'],
    ],
    [
      'an option in words',
      '{ type: telegram, bot_token: "123456:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr", chat_id: a b }',
      ['monitor.yml:2:97: sinks.s.chat_id: found "a b", allowed: a number or @channelname'],
    ],
  ])('are checked like others: %s', async (_name, sink, expected) => {
    const { problems, sinks } = await load(withSink(sink));
    expect(problems).toHaveLength(expected.length);
    expect(problems).toEqual(expect.arrayContaining([...expected]));
    expect(sinks).toBeUndefined();
  });
});

describe('problems of presets', () => {
  const problemsOf = async (text: string | Uint8Array, checkAll = false): Promise<readonly string[]> =>
    (await load(withSink('{ type: desk, url: "" }', { 'presets/desk.yml': text }), checkAll)).problems;

  it.each<[string, string, string, readonly string[]]>([
    [
      'unknown keys',
      'title: Desk',
      'titel: Desk',
      ['presets/desk.yml:1:1: top level: unknown key "titel"; did you mean "title"?'],
    ],
    [
      'of every kind at once',
      'title: Desk\ndescription: A ticket.',
      "titel: Desk\nlimits: { burst: 0 }\nresolved: { body: '{mesage}' }\ndescription: A ticket.",
      [
        'presets/desk.yml:1:1: top level: unknown key "titel"; did you mean "title"?',
        'presets/desk.yml:2:18: limits.burst: found 0, allowed: at least 1',
        'presets/desk.yml:3:19: resolved.body: unknown name "mesage"; did you mean "message"?',
      ],
    ],
    [
      'without their consequences',
      'description: Base.',
      'descriptio: Base.',
      [
        'presets/desk.yml:5:8: options.url.description is missing; allowed: a text',
        'presets/desk.yml:5:35: options.url: unknown key "descriptio"; did you mean "description"?',
      ],
    ],
    [
      'an unknown name',
      "'{headline}'",
      "'{headlin}'",
      ['presets/desk.yml:9:18: request.body.title: unknown name "headlin"; did you mean "headline"?'],
    ],
    [
      'an unknown option',
      '{options.url}',
      '{options.ur}',
      ['presets/desk.yml:8:8: request.url: unknown name "ur" in "options"; did you mean "url"?'],
    ],
    [
      'a template without quotes',
      "'{headline}'",
      '{headline}',
      [
        `presets/desk.yml:9:18: request.body.title: found a map; a template that begins with "{" stands in quotes: '{headline}'`,
      ],
    ],
    [
      'a brace that closes nothing',
      "'{headline}'",
      "'{headline'",
      [
        'presets/desk.yml:9:18: request.body.title: "{headline" begins no valid name; allowed: {name}, {name.inner}, {name|default}, and {{ }} for braces',
      ],
    ],
    [
      'a list where a value is wanted',
      "'{headline}'",
      "'{facts.name}'",
      ['presets/desk.yml:9:18: request.body.title: "facts" is a list; allowed: a number after it, or $each'],
    ],
    [
      'an unknown instruction',
      "'{headline}'",
      "{ $txt: '{headline}' }",
      ['presets/desk.yml:9:20: request.body.title.$txt: unknown key "$txt"; did you mean "$text"?'],
    ],
    [
      'an unknown key of an instruction, an unknown escape, a bound that is none',
      "'{headline}'",
      "{ $text: '{headline}', maxx: 1, escape: htm, max: -1 }",
      [
        'presets/desk.yml:9:41: request.body.title.maxx: unknown key "maxx"; did you mean "max"?',
        'presets/desk.yml:9:58: request.body.title.escape: found "htm", allowed: none, raw, unlinked, html, html_unlinked, markdown, code, url, url_html; did you mean "html"?',
        'presets/desk.yml:9:68: request.body.title.max: found -1, allowed: a whole number from 1',
      ],
    ],
    [
      'an address that an alert would decide',
      '{options.url}/tickets',
      'https://{account}.example.com/tickets',
      [
        'presets/desk.yml:8:8: request.url: allowed: https://host/… or {options.NAME} first; what an alert says can only stand behind the host and a "/"',
      ],
    ],
    [
      'an address whose host an alert could lengthen',
      '{options.url}/tickets',
      '{options.url}{account}',
      [
        'presets/desk.yml:8:8: request.url: allowed: https://host/… or {options.NAME} first; what an alert says can only stand behind the host and a "/"',
      ],
    ],
    [
      'references to the environment',
      "'{headline}'",
      `'$\{TOKEN}'`,
      [
        'presets/desk.yml:9:19: request.body.title: a preset holds no references to the environment; allowed: an option, which stands as {options.NAME}',
      ],
    ],
    [
      'options that every sink has, patterns that are none, defaults that are not allowed',
      '  token: {',
      "  timeout: { pattern: '(', description: Time. }\n  kind: { one_of: [a, b], default: c, description: Kind. }\n  token: {",
      [
        'presets/desk.yml:6:3: options.timeout: every sink has an option "timeout" of its own; allowed: another name',
        'presets/desk.yml:6:23: options.timeout.pattern: allowed: a regular expression',
        'presets/desk.yml:7:36: options.kind.default: found "c", which the option itself does not allow',
      ],
    ],
    [
      'tables with gaps and with too much',
      'request:',
      'lookups:\n  urgency: { from: level, table: { critical: 1, hihg: 2 } }\nrequest:',
      [
        'presets/desk.yml:8:34: lookups.urgency.table: lacks informational, low, medium, high; allowed: all of them, or a default',
        'presets/desk.yml:8:49: lookups.urgency.table.hihg: level is never "hihg"; allowed: informational, low, medium, high, critical; did you mean "high"?',
      ],
    ],
    [
      'no body',
      "  body: { title: '{headline}' }\n",
      '',
      ['presets/desk.yml:8:3: request.body: body is missing; allowed: what is sent, or body_lines'],
    ],
    [
      'problems in what is different for an end',
      "  body: { title: '{headline}' }\n",
      "  body: { title: '{headline}' }\nresolved: { body: '{mesage}' }\n",
      ['presets/desk.yml:10:19: resolved.body: unknown name "mesage"; did you mean "message"?'],
    ],
  ])('are told with their place: %s', async (_name, old, changed, expected) => {
    expect(DESK).toContain(old);
    expect([...(await problemsOf(DESK.replace(old, changed)))].sort()).toEqual([...expected].sort());
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['nothing', '', /^presets\/desk\.yml:1:1: the file is empty; allowed: at least "request"$/],
    ['no YAML', 'a: [', /^presets\/desk\.yml:\d+:\d+: not valid YAML/],
    ['no map', '- a\n', /^presets\/desk\.yml:1:1: top level: found a list, allowed: a map$/],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x41, 0x00]), /^presets\/desk\.yml: not UTF-8/],
    ['ten megabytes', 'a'.repeat(10_000_000), /^presets\/desk\.yml: too large: 10000000 bytes/],
    [
      'aliases that multiply',
      `a: &a [${'x,'.repeat(10)}]\n${Array.from({ length: 9 }, (_, n) => `b${n}: &b${n} [${`*${n === 0 ? 'a' : `b${n - 1}`},`.repeat(10)}]`).join('\n')}\n`,
      /^presets\/desk\.yml:\d+:\d+: more than 100000 values/,
    ],
    ['depth', `${'a: {'.repeat(100)}${'}'.repeat(100)}`, /^presets\/desk\.yml:\d+:\d+: .*(deep|YAML)/],
  ])('are told for a file with %s', async (_name, text, expected) => {
    const [first] = await problemsOf(text);
    expect(first).toMatch(expected);
  });

  it('of a preset that no sink uses are told by check, and cost a start nothing', async () => {
    const root = withSink('{ type: log }', { 'presets/desk.yml': 'titel: a\n' });
    expect((await load(root)).problems).toEqual([]);
    const { sinkTypes, presets } = sinkKinds(ROOT);
    const compiler = (): never => {
      throw new Error('loaded');
    };
    const loaded = await loadConfiguration({
      path: join(root, 'monitor.yml'),
      env: {},
      sinkTypes,
      presets: { ...presets, compiler },
      now: () => NOW_MS,
    });
    expect(loaded.problems).toEqual([]);
    expect((await load(root, true)).problems).toContain(
      'presets/desk.yml:1:1: top level: unknown key "titel"; did you mean "title"?',
    );
  });

  it('of names are told', async () => {
    const root = withSink('{ type: log }', {
      'presets/slack.yml': DESK,
      'presets/My Desk.yml': DESK,
      'presets/desk.yml': DESK,
      'presets/desk.yaml': DESK,
    });
    expect((await load(root)).problems).toEqual([
      'presets/My Desk.yml: the name of the file is the name of the preset; allowed: small letters, digits, "_", "-" and .yml',
      expect.stringMatching(
        /^presets\/desk\.yml: there is a preset "desk" at .*desk\.yaml already; allowed: one of them$/,
      ),
      'presets/slack.yml: "slack" is a kind of sink that is built in; allowed: another name for the file',
    ]);
  });

  it('of a folder that is not there are told when it was named', async () => {
    const root = folder({
      ...RULES,
      'monitor.yml': `${ACCOUNT}presets: [mine]\nsinks: { s: { type: log } }\n`,
    });
    expect((await load(root)).problems).toEqual([
      'monitor.yml:2:11: presets[0]: found "mine" (no such file), allowed: folders of presets, and preset files',
    ]);
  });

  it('are none in those that come with the program', async () => {
    const { problems, warnings } = await load(withSink('{ type: log }'), true);
    expect([...problems, ...warnings]).toEqual([]);
  });
});

describe('docs/sinks.md', () => {
  it('has an example of presets that loads', async () => {
    const page = readFileSync(join(ROOT, 'docs/sinks.md'), 'utf8');
    const [, example = ''] = /```yaml\n(sinks:\n {2}oncall: \{ type: pagerduty[^]*?)```/.exec(page) ?? [];
    const loaded = await load(folder({ ...RULES, 'monitor.yml': ACCOUNT + example }));
    expect(loaded.problems).toEqual([]);
    expect(loaded.sinks?.map(({ type, off }) => [type, off])).toEqual([
      ['pagerduty', true],
      ['teams', true],
      ['splunk', true],
    ]);
  });
});

describe('docs/presets.md', () => {
  const page = readFileSync(join(ROOT, 'docs/presets.md'), 'utf8');
  const [preset = '', sinks = ''] = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text ?? '');

  it('has an example that loads as it stands', async () => {
    const root = folder({
      ...RULES,
      'monitor.yml': ACCOUNT + sinks,
      'presets/desk.yml': preset,
      'secrets/desk': 'dk_0123456789abcdef',
    });
    const loaded = await load(root);
    expect([...loaded.problems, ...loaded.warnings]).toEqual([]);
    expect(loaded.sinks).toMatchObject([{ name: 'desk', type: 'desk', off: false }]);
  });
});
