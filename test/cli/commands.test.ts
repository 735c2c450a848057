import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withCommands } from '../../scripts/docs-commands.ts';
import { aboutOf } from '../../src/cli/about.ts';
import { type DescribedCommand, describeCommand, everyCommand } from '../../src/cli/command-tree.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { runHere, runProcess } from '../support/command.ts';

const PAGE = new URL('../../docs/commands.md', import.meta.url);
const root = describeCommand(
  await buildProgram({ signal: new AbortController().signal, exit() {}, onHangup() {} }),
);
const commands = everyCommand(root).filter(({ path, children }) => path.length > 0 && children.length === 0);
const named = commands.map((command): [string, DescribedCommand] => [command.path.join(' '), command]);

/** The words of a command line, as a shell would make them; enough for the examples. */
const wordsOf = (line: string): readonly string[] =>
  [...(line.split(/ [|>] /)[0] ?? '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );

describe('docs/commands.md', () => {
  it('is what the command line is: scripts/docs-commands.ts writes it', async () => {
    const page = readFileSync(PAGE, 'utf8');
    expect(await withCommands(page)).toBe(page);
  });
});

describe.each(named)('%s', (name, { command, options }) => {
  it('has a description, and examples that are command lines of its own', () => {
    expect(command.description()).toMatch(/^\S.*[^.]$/s);
    const examples = aboutOf(command)?.examples ?? [];
    expect(examples.length).toBeGreaterThan(0);
    const known = new Map(options.flatMap((option) => option.names.map((each) => [each, option])));
    for (const example of examples) {
      const words = wordsOf(example);
      expect(words.slice(0, name.split(' ').length).join(' ')).toBe(name);
      for (const [index, word] of words.entries()) {
        if (!/^--?[a-z]/i.test(word)) continue;
        const option = known.get(word);
        expect(option, `${example}: ${word}`).toBeDefined();
        const next = words[index + 1] ?? '';
        const choices = option?.value?.choices ?? [];
        expect(choices.length === 0 || choices.includes(next), `${example}: ${next}`).toBe(true);
      }
    }
  });

  it('calls the same thing by the same name as all others', () => {
    const flags = options.map((option) => option.flags);
    const same: Readonly<Record<string, readonly string[]>> = {
      '--config': ['-c, --config <file>'],
      '--output': ['-o, --output <format>'],
      '--json': ['--json'],
      '--account': ['--account <name>'],
      '--from': ['--from <time>', '--from <store>'],
      '--to': ['--to <time>', '--to <store>'],
      '--limit': ['--limit <count>'],
      '--author': ['--author <name>'],
      '--reason': ['--reason <text>'],
      '--type': ['--type <type>', '--type <event_type>'],
      '--rule': ['--rule <id>', '--rule <rule>', '--rule <rule...>'],
    };
    for (const flag of flags) {
      const long = /--[a-z-]+/.exec(flag)?.[0] ?? '';
      expect(same[long] ?? [flag]).toContain(flag);
    }
    // What has a form for machines has the short way to it, but for what writes nothing else.
    const isForMachines =
      flags.includes('-o, --output <format>') && !['export', 'rules check'].includes(name);
    expect(flags.includes('--json')).toBe(isForMachines);
    // Names of options in other commands, or of older versions, are gone.
    expect(flags.filter((flag) => /--(format|since-|file-out)/.test(flag))).toEqual([]);
  });

  it('shows its help', async () => {
    const { code, stdout, stderr } = await runHere([...name.split(' '), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/Examples?:\n {2}vonage-audit-monitor /);
    expect(stdout).not.toMatch(/default: (\[\]|\{\})/);
  });
});

describe('a slip', () => {
  it.each([
    [['sttus'], 'Did you mean status?'],
    [['events', 'lst'], 'Did you mean list?'],
    [['status', '--wach'], 'Did you mean --watch?'],
    [['events', 'list', '--output', 'xml'], 'Allowed choices are table, ndjson, json, csv.'],
    [['events', 'tail', '--filter', 'sorce_country=NL'], 'did you mean "source_country"'],
    [['events', 'list', '--ip', '10.0.0.1/8'], 'did you mean "10.0.0.0/8"?'],
    [['alerts', 'list', '--level', 'hgh'], 'Allowed choices are informational, low, medium, high, critical.'],
  ])('%j is answered with what was probably meant', async (args, hint) => {
    const { code, stdout, stderr } = await runHere(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(hint);
  });
});

describe('the program', () => {
  it('shows all commands in their groups, and the exit codes', async () => {
    const { code, stdout } = await runProcess(['--help']);
    expect(code).toBe(0);
    for (const { path } of root.children) expect(stdout).toMatch(new RegExp(`^ {2}${path[0]}[ \\n]`, 'm'));
    expect(stdout.match(/^[A-Z].*:$/gm)).toEqual([
      'Options:',
      'Watch:',
      'Look:',
      'Rules and routes:',
      'Keep:',
      'Beside it:',
      'Exit codes:',
    ]);
  });

  it('tells what exactly it is', async () => {
    const { stdout } = await runProcess(['version', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      node: process.versions.node,
      sqlite: expect.stringMatching(/^3\.\d+/),
      platform: `${process.platform} ${process.arch}`,
      build: 'source',
    });
    expect((await runProcess(['version'])).stdout).toMatch(
      /^vonage-audit-monitor \d.*\nnode +\d.*\nsqlite +3/,
    );
    expect((await runProcess(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
