import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { type Ran, runHere } from '../support/command.ts';
import { runInProcess } from '../support/in-process.ts';
import { installationIn, simulatorIn } from '../support/in-scope.ts';
import { type Installation, KEY, ruleOf } from '../support/installation.ts';

let scope: Scope;
let simulator: Simulator;
let installation: Installation;
beforeEach(async () => {
  scope = createScope();
  simulator = await simulatorIn(scope);
  installation = installationIn(scope, simulator.url);
  installation.rule('app.yml', ruleOf('App made', 'high', ['APP_CREATE']));
});
afterEach(() => scope.close());

const generator = createGenerator({ seed: 'export', account: KEY });
/** Events in the store, through the real monitor. */
const fill = async (count: number): Promise<void> => {
  simulator.add(KEY, generator.burst(count, Date.now() - 60_000, 50_000));
  simulator.add(KEY, generator.any(Date.now() - 5_000, 'APP_CREATE'));
  await (await runInProcess(installation.config, 'once')).done;
};
const run = (...args: readonly string[]): Promise<Ran> =>
  runHere(['export', '--config', installation.config, ...args]);
type Line = Readonly<Record<string, unknown>> & { readonly _monitor: Readonly<Record<string, unknown>> };
const linesOf = (text: string): readonly Line[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);

describe('export', () => {
  it('writes every event as the API gave it, in order of time, with its alerts', async () => {
    await fill(250);
    const ran = await run('--alerts');
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const lines = linesOf(ran.stdout);
    expect(lines).toHaveLength(251);
    const order = lines.map(({ created_at, id }) => `${String(created_at)} ${String(id)}`);
    expect(order).toEqual([...order].sort());
    const { _monitor, ...event } = lines.find(({ event_type }) => event_type === 'APP_CREATE') as Line;
    expect(_monitor).toMatchObject({
      account: 'default',
      seen_at: expect.stringMatching(/^20/),
      alerts: [{ kind: 'rule', level: 'high', title: 'App made', message: expect.stringContaining('') }],
    });
    expect(Object.keys(event)).toEqual(expect.arrayContaining(['id', 'account_id', 'context', '_links']));
    expect(lines.filter(({ _monitor: { alerts } }) => (alerts as unknown[]).length > 0).length).toBe(
      lines.filter(({ event_type }) => event_type === 'APP_CREATE').length,
    );
    // What it writes is what a backtest reads.
    const file = join(installation.folder, 'events.ndjson');
    writeFileSync(file, ran.stdout);
    const backtest = await runHere(['rules', 'backtest', '-c', installation.config, '--source', file]);
    expect(backtest.stdout).toMatch(/^1 rule held against 251 events,/);
  });

  it('writes the same as one array, and as a table', async () => {
    await fill(20);
    const lines = linesOf((await run()).stdout);
    expect(JSON.parse((await run('--output', 'json')).stdout)).toEqual(lines);
    const table = (await run('--output', 'csv', '--alerts', '--type', 'APP_CREATE')).stdout.split('\r\n');
    expect(table[0]).toBe(
      'account,id,event_type,created_at,seen_at,account_id,user_id,user_email,source,source_ip,source_country,alerts,event',
    );
    expect(table[1]).toMatch(
      new RegExp(
        `^default,[0-9a-f-]{36},APP_CREATE,20.*Z,20.*Z,${KEY},\\d+,.*@example.com,.*high: App made \\(`,
      ),
    );
  });

  it('takes only what is asked for; nothing is no line at all', async () => {
    await fill(20);
    expect((await run('--to', '2020-01-01')).stdout).toBe('');
    expect((await run('--to', '2020-01-01', '--output', 'json')).stdout).toBe('[\n\n]\n');
    expect((await run('--type', 'NO_SUCH')).stdout).toBe('');
    const types = linesOf((await run('--type', 'APP_CREATE', '--from', '1h', '--account', 'default')).stdout);
    expect(types.length).toBeGreaterThan(0);
    expect(new Set(types.map(({ event_type }) => event_type))).toEqual(new Set(['APP_CREATE']));
  });

  it('anonymised, holds nobody: the same pseudonyms with the same key, others without', async () => {
    await fill(250);
    const key = join(installation.folder, 'key');
    writeFileSync(key, 'f'.repeat(32));
    const plain = linesOf((await run()).stdout);
    const first = await run('--anonymise-key', key, '--alerts');
    expect(first.code).toBe(0);
    expect((await run('--anonymise-key', key, '--alerts')).stdout).toBe(first.stdout);
    expect((await run('--anonymise', '--alerts')).stdout).not.toBe(first.stdout);
    const table = (await run('--anonymise', '--output', 'csv', '--alerts')).stdout;
    const leaves = new Set<string>();
    const visit = (value: unknown): void => {
      if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) visit(inner);
      else if (/@|^\d+\.\d+\.\d+\.\d+|^\d{10,12}$/.test(String(value)) && !String(value).startsWith('sip:'))
        leaves.add(String(value));
    };
    for (const { _links, ...line } of plain) visit(line);
    expect(leaves.size).toBeGreaterThan(20);
    for (const text of [first.stdout, table])
      for (const leaf of [...leaves, KEY]) expect(text).not.toContain(leaf);
    expect(linesOf(first.stdout).map(({ id }) => id)).toEqual(plain.map(({ id }) => id));
    expect(first.stdout).not.toContain('"message"');
  });

  it('writes a file for its owner only, whole or not at all, and replaces none unasked', async () => {
    await fill(5);
    const file = join(installation.folder, 'out.ndjson');
    const ran = await run('--file', file);
    expect(ran).toMatchObject({ code: 0, stdout: '', stderr: `6 events in ${file}\n` });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(linesOf(readFileSync(file, 'utf8'))).toHaveLength(6);
    expect(existsSync(`${file}.part`)).toBe(false);
    const again = await run('--file', file, '--to', '2020-01-01');
    expect(again).toMatchObject({ code: 2, stderr: `${file} is there already; --force replaces it\n` });
    expect((await run('--file', file, '--to', '2020-01-01', '--force')).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe('');
    const stop = AbortSignal.abort();
    const stopped = await runHere(['export', '-c', installation.config, '--file', file, '--force'], {
      signal: stop,
    });
    expect(stopped).toMatchObject({ code: 1, stderr: 'stopped early: nothing was written\n' });
    expect(readFileSync(file, 'utf8')).toBe('');
  });

  it.each([
    [['--from', '2026-02-01', '--to', '2026-01-01'], '--from must be before --to'],
    [['--account', 'nobody'], 'the store knows no account "nobody"; there are default'],
    [['--output', 'xml'], 'Allowed choices are ndjson, csv, json'],
    [['--anonymise-key', '/nowhere'], '--anonymise-key: ENOENT'],
    [['--anonymise-key', '/dev/null'], 'holds 0 bytes; allowed are at least 16'],
    [['--file', '/nowhere/out'], 'out cannot be written in /nowhere: ENOENT'],
  ])('%j is refused with what is allowed', async (args, message) => {
    await fill(1);
    const ran = await run(...args);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(message);
  });

  it('says so where there is no store yet', async () => {
    expect(await run()).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no store at') });
  });
});
