import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { alertFromMatch } from '../../src/alerts/alert-from-match.ts';
import { ruleOptions } from '../../src/app/load.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { registerRules } from '../../src/cli/rules.ts';
import type { Match } from '../../src/core/match.ts';
import { type CompiledRules, type CompileOptions, compileRules } from '../../src/rules/compile.ts';
import { explainRule } from '../../src/rules/explain.ts';
import { runRuleTests } from '../../src/rules/run-tests.ts';
import { parseTime } from '../../src/rules/time-zone.ts';
import { SINK_TYPES } from '../../src/sinks/registry.ts';
import { ACCOUNT, folder, load } from '../config/files.ts';
import { anchorsOf, blocksOf, type Fence, type Table } from '../support/markdown.ts';
import { eventOf, NOON_MS, ruleOf, run } from '../support/rules.ts';

/*
 * Executes docs/rules.md from top to bottom. What a block is stands behind its language:
 *
 *   yaml configuration   loads; its lists, time zone, time windows and sinks hold from there on
 *   yaml base            rules that the blocks after it may refer to, until the next base
 *   yaml rule            compiles without problems and warnings, and its tests pass
 *   json match           an event that the rule above matches; `no match`: that it does not
 *   text explained       what `rules explain` says of the rule above
 *   text message         the message of the alert about the event above
 *   yaml refused         compiles with the problems in the `text` block after it, exactly
 *   yaml warned          compiles with the warnings in the `text` block after it, exactly
 *   yaml not loaded      compiles, is left out, and the `text` block after it says why
 *   txt NAME             a file beside the configuration
 *   sh                   command lines that exist
 *
 * Tables are executed when they have one of the sets of columns of TABLES.
 */

const PAGE = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');
const BLOCKS = blocksOf(PAGE);
const FILE = 'rule.yml';

interface Given {
  /** Line of the block, for the name of its test. */
  readonly line: number;
  readonly text: string;
  readonly base: string;
  readonly options: CompileOptions;
  /** The rule above, and the event above. */
  readonly rule: string;
  readonly event: string;
  /** The block after this one. */
  readonly next: string;
}

const places = (list: CompiledRules['problems']): string =>
  list.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}\n`).join('');

const compile = (text: string, { options, base }: Pick<Given, 'options' | 'base'>): CompiledRules =>
  compileRules(
    [{ path: FILE, text }, ...(base === '' ? [] : [{ path: 'base.yml', text: base }])],
    options,
  );

const compileRight = (text: string, given: Pick<Given, 'options' | 'base'>): CompiledRules => {
  const compiled = compile(text, given);
  expect(places(compiled.problems) + places(compiled.warnings)).toBe('');
  return compiled;
};

const eventsIn = (text: string): ReturnType<typeof eventOf>[] => {
  // ‹70000 x› stands for so many letters.
  const long = text.replaceAll(/‹(\d+) (\S)›/g, (_, count: string, letter: string) =>
    letter.repeat(Number(count)),
  );
  const parsed = JSON.parse(long) as JsonObject | JsonObject[];
  return [parsed].flat().map((fields) => {
    const stated = typeof fields['created_at'] === 'string' ? parseTime(fields['created_at']) : undefined;
    return eventOf(fields, { ms: stated ?? NOON_MS });
  });
};

const matchesOf = (rule: string, events: string, given: Pick<Given, 'options' | 'base'>): Match[] =>
  run(compileRight(rule, given).engine, eventsIn(events));

/** A selection in one line; `not …` puts the `not` into the condition, and keywords stand in brackets. */
const ruleAround = (example: string): string => {
  const negated = example.startsWith('not ');
  const item = negated ? example.slice(4) : example;
  return ruleOf(`s: ${item.startsWith('[') ? item : `{${item}}`}\ncondition: ${negated ? 'not s' : 's'}`);
};

const messagesOf = (list: CompiledRules['problems']): string =>
  list.map(({ message }) => message).join(' / ');

const ROLES: Readonly<Record<string, (given: Given) => void | Promise<void>>> = {
  'yaml base': ({ text, options }) => {
    compileRight(text, { options, base: '' });
  },
  'yaml rule': (given) => {
    const compiled = compileRight(given.text, given);
    const failed = runRuleTests(compiled).filter(({ passed }) => !passed);
    expect(failed.map(({ test, reason }) => `${test.name}: ${reason}`)).toEqual([]);
  },
  'json match': (given) => {
    expect(matchesOf(given.rule, given.text, given)).not.toEqual([]);
  },
  'json no match': (given) => {
    expect(matchesOf(given.rule, given.text, given)).toEqual([]);
  },
  'text explained': (given) => {
    const { linked } = compileRight(given.rule, given);
    const explained = [...linked.detections, ...linked.correlations].map(
      (rule) => `${explainRule(rule).join('\n')}\n`,
    );
    expect(explained).toContain(given.text);
  },
  'text message': (given) => {
    const messages = matchesOf(given.rule, given.event, given).map(
      (match) => `${alertFromMatch(match, NOON_MS).message}\n`,
    );
    expect(messages).toEqual([given.text]);
  },
  'yaml refused': (given) => {
    expect(places(compile(given.text, given).problems)).toBe(given.next);
  },
  'yaml warned': (given) => {
    const { problems, warnings } = compile(given.text, given);
    expect([places(problems), places(warnings)]).toEqual(['', given.next]);
  },
  'yaml not loaded': (given) => {
    const { rules, problems, skipped } = compile(given.text, { ...given, base: '' });
    expect([rules, problems]).toEqual([[], []]);
    expect(skipped.map(({ info, reason }) => `${info.title}: ${reason}\n`).join('')).toBe(given.next);
  },
  'yaml configuration': () => {},
  'text ': () => {},
  sh: ({ text }) => {
    for (const line of text.trim().split('\n')) knownCommand(line.replace(/ +#.*$/, ''));
  },
};

/** Fails unless a command line names a command and options that there are. */
const knownCommand = (line: string): void => {
  const program = new Command('vonage-audit-monitor');
  registerRules(program, { signal: new AbortController().signal, exit() {} });
  let command: Command = program;
  for (const word of line.split(/ +/).slice(1)) {
    if (word.startsWith('-')) {
      expect(command.options.map(({ long }) => long)).toContain(word);
    } else {
      command = command.commands.find((each) => each.name() === word) ?? command;
    }
  }
  expect(command.parent?.name()).toBe('rules');
};

/** What is done with the rows of a table that has these columns; `event` may stand there as JSON. */
const TABLES: readonly {
  readonly columns: readonly string[];
  run(cells: Readonly<Record<string, string>>, given: Given): void;
}[] = [
  {
    columns: ['example', 'event', 'holds'],
    run({ example = '', event = '', holds }, { options }) {
      const given = { options, base: '' };
      expect(matchesOf(ruleAround(example), event, given)).toHaveLength(holds === 'yes' ? 1 : 0);
      expect(['yes', 'no']).toContain(holds);
    },
  },
  {
    columns: ['condition', 'event', 'holds'],
    run({ condition = '', event = '', holds }, given) {
      const rule = given.rule.replace(/^( +condition:).*$/m, `$1 ${condition}`);
      expect(matchesOf(rule, event, given)).toHaveLength(holds === 'yes' ? 1 : 0);
      expect(['yes', 'no']).toContain(holds);
    },
  },
  {
    columns: ['example', 'refusal'],
    run({ example = '', refusal }, { options }) {
      expect(messagesOf(compile(ruleAround(example), { options, base: '' }).problems)).toBe(refusal);
    },
  },
  {
    columns: ['condition', 'refusal'],
    run({ condition = '', refusal }, given) {
      const rule = given.rule.replace(/^( +condition:).*$/m, `$1 ${condition}`);
      expect(messagesOf(compile(rule, given).problems)).toBe(refusal);
    },
  },
  {
    columns: ['example', 'warning'],
    run({ example = '', warning }, { options }) {
      const { problems, warnings } = compile(ruleAround(example), { options, base: '' });
      expect([messagesOf(problems), messagesOf(warnings)]).toEqual(['', warning]);
    },
  },
  {
    columns: ['key of `monitor:`', 'example'],
    run({ 'key of `monitor:`': key = '', example = '' }, { options }) {
      const text = ruleOf('s: {event_type: USER_LOGIN}\ncondition: s', `monitor:\n  ${example}\n`);
      const [rule] = compileRight(text, { options, base: '' }).linked.detections;
      expect(example.startsWith(`${key}:`)).toBe(true);
      expect(rule?.header.monitor).toBeDefined();
    },
  },
  {
    columns: ['key of `correlation:`', 'example'],
    run({ 'key of `correlation:`': key = '', example = '' }, given) {
      const rest: Readonly<Record<string, string>> = {
        type: 'type: event_count',
        rules: 'rules: [secret_created, number_forwarded]',
        timespan: 'timespan: 1h',
        condition: 'condition: {gte: 2}',
      };
      const lines = Object.entries({ ...rest, [key]: example }).map(([, line]) => `  ${line}\n`);
      expect(example.startsWith(`${key}:`)).toBe(true);
      compileRight(`title: c\ncorrelation:\n${lines.join('')}`, given);
    },
  },
];

const tableRun = (table: Table) =>
  TABLES.find(({ columns }) => columns.every((column) => table.columns.includes(column)));

/** The configuration that the page shows up to a block, as the monitor would read it. */
const optionsFrom = async (text: string, files: Readonly<Record<string, string>>): Promise<CompileOptions> => {
  const root = folder({ 'monitor.yml': `${ACCOUNT}${text}`, 'rules/one.yml': 'title: One\n' });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  const loaded = await load({ root }, {}, SINK_TYPES);
  expect([...loaded.problems, ...loaded.warnings]).toEqual([]);
  return ruleOptions({ ...loaded, problems: [], warnings: [] });
};

const isFence = (block: Fence | Table | undefined): block is Fence => block?.kind === 'fence';

describe('docs/rules.md', () => {
  let configuration = '';
  const files: Record<string, string> = {};
  let base = '';
  let rule = '';
  let event = '';
  for (const block of BLOCKS) {
    if (isFence(block) && block.language === 'txt') files[block.role] = block.text;
  }
  for (const [index, block] of BLOCKS.entries()) {
    const next = BLOCKS[index + 1];
    const { line } = block;
    if (isFence(block)) {
      const name = block.language === 'sh' ? 'sh' : `${block.language} ${block.role}`;
      if (name === 'yaml configuration') configuration = block.text;
      if (name === 'yaml base') base = block.text;
      if (block.language === 'yaml') rule = block.text;
      if (block.language === 'json') event = block.text;
      if (block.language === 'txt') continue;
      const expected = { text: block.text, base, rule, event, next: isFence(next) ? next.text : '' };
      const settings = configuration;
      it(`line ${line}: ${name}`, async () => {
        const execute = ROLES[name];
        if (!execute) throw new Error(`no block is of the kind "${name}"`);
        await execute({ line, options: await optionsFrom(settings, files), ...expected });
      });
    } else {
      const execute = tableRun(block);
      if (!execute) continue;
      const known = { base, rule, event, text: '', next: '' };
      const settings = configuration;
      for (const { line: at, cells } of block.rows) {
        const [shown] = execute.columns;
        it(`line ${at}: ${cells[shown ?? '']}`, async () => {
          execute.run(cells, { line: at, options: await optionsFrom(settings, files), ...known });
        });
      }
    }
  }

  it('shows no rule without an event, a test or an explanation', () => {
    const bare = BLOCKS.filter(
      (block, index) =>
        isFence(block) &&
        block.role === 'rule' &&
        !block.text.includes('tests:') &&
        !['json', 'text', undefined].includes(
          ((next) => (isFence(next) ? next.language : tableColumns(next)))(BLOCKS[index + 1]),
        ),
    );
    expect(bare.map(({ line }) => line)).toEqual([]);
  });

  it('executes what it shows: many blocks and many rows', () => {
    const rows = BLOCKS.filter((block) => block.kind === 'table').flatMap((table) =>
      tableRun(table) ? table.rows : [],
    );
    expect(rows.length).toBeGreaterThan(80);
    expect(BLOCKS.filter((block) => isFence(block) && block.language === 'yaml').length).toBeGreaterThan(30);
  });

  it('has links that lead somewhere', () => {
    const anchors = anchorsOf(PAGE);
    for (const [, page = '', anchor = ''] of PAGE.matchAll(/\]\(([^)#\s]*)#?([^)\s]*)\)/g)) {
      if (/^https?:/.test(page)) continue;
      const there =
        page === '' ? anchors : anchorsOf(readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8'));
      if (anchor !== '') expect(there).toContain(anchor);
    }
  });
});

function tableColumns(block: Fence | Table | undefined): string | undefined {
  return block?.kind === 'table' && tableRun(block) ? undefined : 'other';
}
