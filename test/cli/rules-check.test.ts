import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runHere, runProcess } from '../support/command.ts';
import { createInstallation, type Installation, ruleOf } from '../support/installation.ts';
import { sarifLog } from '../support/sarif.ts';

let installation: Installation;
beforeEach(() => {
  installation = createInstallation('http://127.0.0.1:9');
});
afterEach(() => installation.remove());

const ID = '1f6b0a52-54f8-4b8e-9d39-0b8a3f1c0a11';
const GOOD = ruleOf('Good', 'high', ['APP_CREATE']);
const BAD = GOOD.replace('condition: selection', 'condition: selektion');
const DOUBTFUL = ruleOf('Doubtful', 'high', ['APP_KREATE']);

const CORRELATION = [
  'title: Many',
  'correlation:',
  '  type: event_count',
  '  rules: [one]',
  '  group-by: [user_email]',
  '  timespan: 1h',
  '  condition: {gte: 3}',
].join('\n');

const check = (...args: readonly string[]) =>
  runHere(['rules', 'check', '--config', installation.config, ...args]);
/** With the installation's folder as the working directory. */
const checkInside = (...args: readonly string[]) =>
  runHere(['rules', 'check', '--config', installation.config, ...args], { cwd: installation.folder });

describe('rules check', () => {
  it('counts rules that are right and ends with 0', async () => {
    installation.rule('good.yml', GOOD);
    expect(await check()).toEqual({ code: 0, stdout: '1 rule, no problem, no warning\n', stderr: '' });
  });

  it('lists problems with their place and ends with 2, as a process, relative to where one is', async () => {
    installation.rule('bad.yml', BAD);
    const ran = await runProcess(['rules', 'check', '-c', 'monitor.yml'], { cwd: installation.folder });
    expect(ran.stdout).toMatch(/^error: rules\/bad\.yml:5:14: .*selektion/);
    expect(ran.stdout).toMatch(/\nno rule, 1 problem, no warning\n$/);
    expect(ran).toMatchObject({ code: 2, stderr: '' });
  });

  it('ends with 0 on warnings, and with 2 under --strict', async () => {
    installation.rule('doubtful.yml', DOUBTFUL);
    const relaxed = await check();
    expect(relaxed.stdout).toMatch(/^warning: .*doubtful\.yml:4:\d+: unknown event type "APP_KREATE"/);
    expect(relaxed.code).toBe(0);
    expect((await check('--strict')).code).toBe(2);
  });

  it('needs no secrets and minds nothing that rules do not depend on', async () => {
    installation.configure({
      accounts: [{ name: 'default', api_key: `\${NO_SUCH_KEY}`, api_secret: `\${NO_SUCH_SECRET}` }],
      http: { listen: 'nowhere' },
    });
    installation.rule('good.yml', GOOD);
    const ran = await check('--strict');
    expect(ran).toEqual({ code: 0, stdout: '1 rule, no problem, no warning\n', stderr: '' });
    expect((await runHere(['check', '-c', installation.config])).code).toBe(2);
  });

  it.each([
    ['rules', { rules: ['nowhere'] }, /rules\[0\]/],
    ['lists', { lists: 7 }, /lists/],
    ['timezone', { timezone: 'Mars/Base' }, /timezone/],
    ['a slip of the key', { rulez: ['rules'] }, /unknown key "rulez"/],
  ])('a mistake in the configuration that rules depend on is told: %s', async (_, sections, told) => {
    installation.configure(sections);
    installation.rule('good.yml', GOOD);
    const ran = await check();
    expect(ran.stdout).toMatch(told);
    expect(ran.code).toBe(2);
  });

  it('warns when there is no rule at all', async () => {
    const ran = await check('--strict');
    expect(ran.stdout).toMatch(/warning: .*no rule file was found/);
    expect(ran.code).toBe(2);
  });

  it('a file of the configuration is checked among its other rules, whose problems are only counted', async () => {
    installation.rule('one.yml', GOOD.replace('title: Good', 'title: One\nname: one'));
    installation.rule('many.yml', CORRELATION);
    installation.rule('bad.yml', BAD);
    const ran = await check(join(installation.folder, 'rules', 'many.yml'));
    expect(ran).toMatchObject({ code: 0, stderr: '1 problem in other rules of the configuration\n' });
    expect(ran.stdout).toBe('1 rule, no problem, no warning\n');
  });

  it('other paths stand alone', async () => {
    installation.rule('one.yml', GOOD.replace('title: Good', 'title: One\nname: one'));
    const folder = join(installation.folder, 'other');
    mkdirSync(folder);
    writeFileSync(join(folder, 'many.yml'), CORRELATION);
    const alone = await check(folder);
    expect(alone.stdout).toMatch(/unknown rule "one"/);
    expect(alone.code).toBe(2);
    const together = await check(folder, join(installation.folder, 'rules', 'one.yml'));
    expect(together).toMatchObject({ code: 0, stdout: '2 rules, no problem, no warning\n' });
  });

  it.each([
    ['missing.yml', 'no such file'],
    ['empty', 'no rule file here'],
  ])('a path without rules is a problem: %s', async (name, reason) => {
    mkdirSync(join(installation.folder, 'empty'));
    const ran = await check(join(installation.folder, name));
    expect(ran.stdout).toContain(reason);
    expect(ran.code).toBe(2);
  });

  it('--output json is one array', async () => {
    installation.rule('bad.yml', BAD);
    installation.rule('doubtful.yml', DOUBTFUL);
    const ran = await check('--output', 'json');
    expect(JSON.parse(ran.stdout)).toMatchObject([
      { severity: 'error', file: expect.stringMatching(/bad\.yml$/), line: 5, column: 14 },
      { severity: 'warning', file: expect.stringMatching(/doubtful\.yml$/), line: 4 },
    ]);
  });

  it('--output github is one workflow command a line, with what would end it escaped', async () => {
    const odd = join(installation.folder, 'a,b:c%.yml');
    writeFileSync(odd, GOOD.replace('event_type:', 'context.url: "https://a.example/?q=100%", event_type:'));
    const ran = await checkInside(odd, '--output', 'github');
    const [line = '', end] = ran.stdout.split('\n');
    expect(line).toMatch(/^::warning file=a%2Cb%3Ac%25\.yml,line=4,col=\d+::/);
    expect(line).toContain('?q=100%25');
    expect(end).toBe('');
  });

  it('--output sarif is a log as the standard wants it', async () => {
    const odd = join(installation.folder, 'rules', 'größe 1.yml');
    writeFileSync(odd, BAD);
    installation.rule('doubtful.yml', DOUBTFUL);
    const ran = await checkInside('--output', 'sarif');
    const log = sarifLog.parse(JSON.parse(ran.stdout));
    expect(log.runs[0]?.results).toMatchObject([
      {
        ruleId: 'rule-warning',
        level: 'warning',
        locations: [{ physicalLocation: { artifactLocation: { uri: 'rules/doubtful.yml' } } }],
      },
      {
        ruleId: 'rule-problem',
        level: 'error',
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: 'rules/gr%C3%B6%C3%9Fe%201.yml', uriBaseId: '%SRCROOT%' },
              region: { startLine: 5, startColumn: 14 },
            },
          },
        ],
      },
    ]);
    expect(ran.code).toBe(2);
    const outside = await check('--output', 'sarif', join(installation.folder, 'missing.yml'));
    const [result] = sarifLog.parse(JSON.parse(outside.stdout)).runs[0]?.results ?? [];
    const { artifactLocation, region } = result?.locations?.[0]?.physicalLocation ?? {};
    expect(artifactLocation?.uri).toMatch(/^file:\/\/\//);
    // About the file as a whole.
    expect(region).toBeUndefined();
  });

  it('an unknown format is refused with what is allowed', async () => {
    const ran = await check('--output', 'xml');
    expect(ran.stderr).toContain('text, json, github, sarif');
    expect(ran.code).toBe(2);
  });

  it('tells documents that are not loaded', async () => {
    installation.rule('old.yml', `${GOOD}\nstatus: deprecated\nid: ${ID}`);
    expect((await check()).stdout).toMatch(/1 not loaded/);
  });
});
