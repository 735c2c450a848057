import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fleetRuleTemplate } from '../../src/app/fleet-rule-template.ts';
import { ruleFileName, ruleTemplate } from '../../src/app/rule-template.ts';
import { LEVELS } from '../../src/core/alert.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { runRuleTests } from '../../src/rules/run-tests.ts';
import { runHere, runProcess } from '../support/command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vonage-audit-monitor-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const UUID = /^id: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/m;

describe('rules new', () => {
  it('writes a rule that passes its tests and has not even a warning', async () => {
    const made = await runHere(['rules', 'new', 'Own Number: Released #1', '--dir', join(folder, 'mine')]);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const file = join(folder, 'mine', 'vonage_audit_own_number_released_1.yml');
    expect(made.stdout).toMatch(`wrote ${file}\n`);
    expect(readFileSync(file, 'utf8')).toMatch(UUID);
    expect(await runHere(['rules', 'test', file])).toMatchObject({
      code: 0,
      stdout: '3 tests passed; 1 rule\n',
    });
    expect((await runHere(['rules', 'check', '--strict', file])).code).toBe(0);
  });

  it('writes a rule over all accounts, with the detection that feeds it', async () => {
    const args = [
      'rules',
      'new',
      'Everywhere',
      '--scope',
      'fleet',
      '--type',
      'APP_DELETE',
      '--level',
      'high',
    ];
    expect((await runHere([...args, '--dir', folder])).code).toBe(0);
    const file = join(folder, 'vonage_audit_everywhere.yml');
    expect(await runHere(['rules', 'test', file])).toMatchObject({
      code: 0,
      stdout: '2 tests passed; 2 rules\n',
    });
    expect((await runHere(['rules', 'check', '--strict', file])).code).toBe(0);
    const { fleet, rules } = compileRules([{ path: file, text: readFileSync(file, 'utf8') }]);
    expect(fleet).toBeDefined();
    expect(rules.map(({ info, scope, alerting }) => [info.level, scope, alerting])).toEqual([
      ['informational', 'account', false],
      ['high', 'fleet', true],
    ]);
  });

  it('gives every rule an id of its own', async () => {
    for (const title of ['One', 'Two']) await runHere(['rules', 'new', title, '--dir', folder]);
    const ids = readdirSync(folder).map((name) => UUID.exec(readFileSync(join(folder, name), 'utf8'))?.[0]);
    expect(new Set(ids).size).toBe(2);
    expect((await runHere(['rules', 'check', '--strict', folder])).code).toBe(0);
  });

  it('never overwrites', async () => {
    await runHere(['rules', 'new', 'Mine', '--dir', folder]);
    const file = join(folder, 'vonage_audit_mine.yml');
    const before = readFileSync(file, 'utf8');
    const again = await runHere(['rules', 'new', 'Mine', '--dir', folder, '--level', 'high']);
    expect(again.stderr).toContain('there is such a file already; nothing was written');
    expect(again.code).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('takes type and level', async () => {
    await runHere(['rules', 'new', 'Gone', '--dir', folder, '--type', 'APP_DELETE', '--level', 'critical']);
    const file = join(folder, 'vonage_audit_gone.yml');
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^level: critical/m);
    expect(text).toContain('event_type: APP_DELETE');
    expect((await runHere(['rules', 'test', file])).code).toBe(0);
  });

  it('writes where the default configuration looks, else into the working directory', async () => {
    expect((await runProcess(['rules', 'new', 'Here'], { cwd: folder })).code).toBe(0);
    expect(existsSync(join(folder, 'vonage_audit_here.yml'))).toBe(true);
    mkdirSync(join(folder, 'config', 'rules'), { recursive: true });
    await runProcess(['rules', 'new', 'There'], { cwd: folder });
    expect(readdirSync(join(folder, 'config', 'rules'))).toEqual(['vonage_audit_there.yml']);
  });

  it.each([
    ['an empty title', [' ']],
    ['a title of two lines', ['a\nb']],
    ['a title that was not UTF-8', ['a\uFFFDb']],
    ['a long title', ['x'.repeat(257)]],
    ['a type that is none', ['Fine', '--type', 'A: b']],
    ['a level that is none', ['Fine', '--level', 'urgent']],
    ['a scope that is none', ['Fine', '--scope', 'world']],
  ])('refuses %s', async (_, args) => {
    const ran = await runHere(['rules', 'new', ...args, '--dir', folder]);
    expect(ran.stderr).toMatch(/[Aa]llowed/);
    expect(ran.code).toBe(2);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is valid and passes with any title, type and level', () => {
    fc.assert(
      fc.property(
        fc
          .string({ unit: 'grapheme', minLength: 1, maxLength: 200 })
          .filter((text) => text.trim() !== '' && !/[\p{Cc}\uFFFD]/u.test(text) && text.isWellFormed()),
        fc.constantFrom('APP_CREATE', 'APP_DELETE', 'app_delete', 'NUMBER_UPDATED', 'NULL'),
        fc.constantFrom(...LEVELS),
        (raw, eventType, level) => {
          const title = raw.trim();
          const id = '1f6b0a52-54f8-4b8e-9d39-0b8a3f1c0a11';
          const compiled = compileRules([
            { path: 'new.yml', text: ruleTemplate({ title, id, level, eventType, nowMs: 0 }) },
          ]);
          expect(compiled.problems).toEqual([]);
          expect(compiled.rules[0]?.info).toMatchObject({ title, id, level });
          const results = runRuleTests(compiled);
          expect(results).toHaveLength(3);
          expect(results.filter(({ passed }) => !passed)).toEqual([]);
          const beside = '2f6b0a52-54f8-4b8e-9d39-0b8a3f1c0a11';
          const text = fleetRuleTemplate({ title, id, level, eventType, nowMs: 0 }, beside);
          const over = compileRules([{ path: 'fleet.yml', text }]);
          expect(over.problems).toEqual([]);
          expect(over.rules[1]).toMatchObject({ info: { title, id, level }, scope: 'fleet' });
          expect(runRuleTests(over).map(({ passed }) => passed)).toEqual([true, true]);
          expect(ruleFileName(title, 'x')).toMatch(/^vonage_audit_[a-z0-9][a-z0-9_]*\.yml$/);
        },
      ),
      { numRuns: 200 },
    );
  });
});
