import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonLines, runHere, runProcess } from '../support/command.ts';
import { createInstallation, type Installation } from '../support/installation.ts';

let installation: Installation;
beforeEach(() => {
  installation = createInstallation('http://127.0.0.1:9');
});
afterEach(() => installation.remove());

const rule = (tests: readonly string[], title = 'Calls forwarded'): string =>
  [
    `title: ${title}`,
    'logsource: {product: vonage, service: audit}',
    'detection:',
    '  selection: {event_type: NUMBER_UPDATED, context.voice-value|startswith: "sip:"}',
    '  condition: selection',
    'monitor:',
    '  tests:',
    ...tests.map((test) => `    - ${test}`),
  ].join('\n');

const HIT =
  '{name: a hit, events: [{event_type: NUMBER_UPDATED, context: {voice-value: "sip:a@b.example"}}], expect: 1}';
const MISS =
  '{name: near miss, events: [{event_type: NUMBER_UPDATED, context: {voice-value: "tel:1"}}], expect: 0}';
const WRONG =
  '{name: wrongly hoped, events: [{event_type: NUMBER_UPDATED, context: {voice-value: "tel:1"}}], expect: 1}';
const SURPRISE =
  '{name: surprise, events: [{event_type: NUMBER_UPDATED, context: {voice-value: "sip:\u001b[2J"}}], expect: 0}';

const test = (...args: readonly string[]) =>
  runHere(['rules', 'test', '--config', installation.config, ...args], { cwd: installation.folder });

describe('rules test', () => {
  it('runs the tests of all rules', async () => {
    installation.rule('a.yml', rule([HIT, MISS]));
    installation.rule(
      'b.yml',
      rule([], 'Untested').replace('    tests:', '').replace('tests:', 'shadow: true'),
    );
    expect(await test()).toEqual({
      code: 0,
      stdout: '2 tests passed; 2 rules, 1 of them without a test\n',
      stderr: '',
    });
  });

  it('shows of a missing alert what did not hold, and ends with 1', async () => {
    installation.rule('a.yml', rule([HIT, WRONG]));
    const ran = await runProcess(['rules', 'test', '-c', 'monitor.yml'], { cwd: installation.folder });
    expect(ran.code).toBe(1);
    const lines = ran.stdout.split('\n');
    expect(lines.slice(0, 5)).toEqual([
      '✘ Calls forwarded',
      '  rules/a.yml:9:1: wrongly hoped',
      '    - expected: 1 alert',
      '    + found:    no alert',
      '      2026-01-05T12:00:00Z NUMBER_UPDATED: no alert',
    ]);
    expect(ran.stdout).toMatch(/✔ event_type is "NUMBER_UPDATED" \(saw "NUMBER_UPDATED"\)/);
    expect(ran.stdout).toMatch(/✘ context\.voice-value begins with "sip:" \(saw "tel:1"\)/);
    expect(ran.stdout).toMatch(/\n1 of 2 tests failed; 1 rule\n$/);
  });

  it('shows of an alert too many which event made it, with nothing that could steer a terminal', async () => {
    installation.rule('a.yml', rule([SURPRISE.replace('\u001b', String.raw`\e`)]));
    const ran = await test();
    expect(ran.stdout).toContain('+ 2026-01-05T12:00:00Z NUMBER_UPDATED: alert');
    expect(ran.stdout).not.toContain('\u001b');
    expect(ran.code).toBe(1);
  });

  it('shows of a correlation which rules its events match', async () => {
    installation.rule('one.yml', rule([HIT], 'One').replace('title: One', 'title: One\nname: one'));
    installation.rule(
      'many.yml',
      [
        'title: Many',
        'correlation: {type: event_count, rules: [one], timespan: 1h, condition: {gte: 2}}',
        'monitor:',
        '  tests:',
        '    - {name: two, events: [{event_type: NUMBER_UPDATED, context: {voice-value: "sip:x"}}, {at: 2h, event_type: NUMBER_UPDATED, context: {voice-value: "sip:y"}}], expect: 1}',
      ].join('\n'),
    );
    const ran = await test();
    expect(ran.stdout).toContain('2026-01-05T12:00:00Z NUMBER_UPDATED: no alert, matches "One"');
    expect(ran.stdout).toContain('2026-01-05T14:00:00Z NUMBER_UPDATED: no alert, matches "One"');
    expect(ran.stdout).toContain('1 of 2 tests failed');
  });

  it('runs only the tests of the files that were named', async () => {
    installation.rule('a.yml', rule([HIT]));
    installation.rule('b.yml', rule([WRONG, MISS], 'Other'));
    const ran = await test(join(installation.folder, 'rules', 'a.yml'));
    expect(ran).toMatchObject({ code: 0, stdout: '1 test passed; 1 rule\n' });
  });

  it('refuses rules that have problems, all of them listed', async () => {
    installation.rule('a.yml', rule([HIT, '{name: no expectation, events: [{a: b}]}']));
    installation.rule('b.yml', rule([HIT], 'Other').replace('condition: selection', 'condition: nobody'));
    const ran = await test();
    expect(ran.code).toBe(2);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toMatch(/a\.yml:9.*\n.*b\.yml:5.*\n2 problems; nothing was done/);
  });

  it('--json has every test', async () => {
    installation.rule('a.yml', rule([HIT, WRONG]));
    const ran = await test('--json');
    expect(jsonLines(ran.stdout)).toMatchObject([
      { test: 'a hit', passed: true, expected: 1, found: 1, reason: '' },
      { test: 'wrongly hoped', passed: false, expected: 1, found: 0, line: 9 },
    ]);
    expect(ran.code).toBe(1);
  });

  it('--junit writes a report with the same detail, escaped', async () => {
    installation.rule('a.yml', rule([HIT, WRONG.replace('wrongly hoped', '"<&\\"\\e>"')], '"A & B"'));
    const report = join(installation.folder, 'junit.xml');
    const ran = await test('--junit', report);
    expect(ran.code).toBe(1);
    const xml = readFileSync(report, 'utf8');
    expect(xml).toContain('<testsuites name="rules" tests="2" failures="1" errors="0">');
    expect(xml).toContain('<testsuite name="A &amp; B" tests="2" failures="1" errors="0" skipped="0">');
    expect(xml).toContain('<testcase name="a hit" classname="A &amp; B" file="rules/a.yml" line="8"/>');
    expect(xml).toContain('name="&lt;&amp;&quot;\ufffd&gt;"');
    expect(xml).toMatch(/<failure message="expected 1 alert, found 0">- expected: 1 alert&#10;/);
    expect(xml).not.toContain('\u001b');
  });

  it('a report that cannot be written is refused', async () => {
    installation.rule('a.yml', rule([HIT]));
    const ran = await test('--junit', join(installation.folder, 'nowhere', 'junit.xml'));
    expect(ran.stderr).toMatch(/--junit: .*ENOENT/);
    expect(ran.code).toBe(2);
  });

  it('the shipped rules pass', async () => {
    const ran = await runHere(['rules', 'test', 'config/rules']);
    expect(ran.stdout).toMatch(/^\d+ tests passed; \d+ rules/);
    expect(ran.code).toBe(0);
  });
});
