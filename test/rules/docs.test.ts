import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { alertFromMatch } from '../../src/alerts/alert-from-match.ts';
import { checkTemplates } from '../../src/app/check-templates.ts';
import { ruleOptions } from '../../src/app/load.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { registerRules } from '../../src/cli/rules.ts';
import type { Match } from '../../src/core/match.ts';
import { byPlace } from '../../src/core/problem.ts';
import { parseTime } from '../../src/core/time-zone.ts';
import { type CompiledRules, type CompileOptions, compileRules } from '../../src/rules/compile.ts';
import { explainRule } from '../../src/rules/explain.ts';
import { runRuleTests } from '../../src/rules/run-tests.ts';
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
  compileRules([{ path: FILE, text }, ...(base === '' ? [] : [{ path: 'base.yml', text: base }])], options);

/** Problems and warnings as the monitor reports them. */
const judged = (compiled: CompiledRules) => {
  const templates = checkTemplates(compiled.rules);
  return {
    problems: [...compiled.problems, ...templates.problems].sort(byPlace),
    warnings: [...compiled.warnings, ...templates.warnings].sort(byPlace),
  };
};

const compileRight = (text: string, given: Pick<Given, 'options' | 'base'>): CompiledRules => {
  const compiled = compile(text, given);
  const { problems, warnings } = judged(compiled);
  expect(places(problems) + places(warnings)).toBe('');
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

/** The alerts of the rule itself, not those of the base. What a line of a table means may well be warned of. */
const matchesOf = (rule: string, events: string, given: Pick<Given, 'options' | 'base'>): Match[] => {
  const compiled = compile(rule, given);
  expect(places(compiled.problems)).toBe('');
  return run(compiled.engine, eventsIn(events)).filter((match) => match.rule.file === FILE);
};

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
    expect(places(judged(compile(given.text, given)).problems)).toBe(given.next);
  },
  'yaml warned': (given) => {
    const { problems, warnings } = judged(compile(given.text, given));
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
  registerRules(program, { signal: new AbortController().signal, onHangup() {}, exit() {} });
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
const optionsFrom = async (
  text: string,
  files: Readonly<Record<string, string>>,
): Promise<CompileOptions> => {
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

interface Case {
  readonly name: string;
  run(): Promise<void>;
}

/** Every block and every row that is executed, with what stands above it. */
const casesOf = (blocks: typeof BLOCKS): readonly Case[] => {
  const cases: Case[] = [];
  const files: Record<string, string> = {};
  for (const block of blocks) if (isFence(block) && block.language === 'txt') files[block.role] = block.text;
  let configuration = '';
  let above = { base: '', rule: '', event: '' };
  const add = (name: string, execute: (given: Given) => void | Promise<void>, rest: Partial<Given>): void => {
    const settings = configuration;
    const known = { line: 0, text: '', next: '', ...above, ...rest };
    cases.push({
      name: `line ${known.line}: ${name}`,
      run: async () => execute({ ...known, options: await optionsFrom(settings, files) }),
    });
  };
  for (const [index, block] of blocks.entries()) {
    if (isFence(block)) {
      const { line, language, text } = block;
      const name = language === 'sh' ? 'sh' : `${language} ${block.role}`;
      if (name === 'yaml configuration') configuration = text;
      if (name === 'yaml base') above = { ...above, base: text };
      if (language === 'yaml') above = { ...above, rule: text };
      if (language === 'json') above = { ...above, event: text };
      if (language === 'txt') continue;
      const next = blocks[index + 1];
      const unknown = (): never => {
        throw new Error(`no block is of the kind "${name}"`);
      };
      add(name, ROLES[name] ?? unknown, { line, text, next: isFence(next) ? next.text : '' });
    } else {
      const table = tableRun(block);
      for (const { line, cells } of table ? block.rows : [])
        add(cells[table?.columns[0] ?? ''] ?? '', (given) => table?.run(cells, given), { line });
    }
  }
  return cases;
};

describe('docs/rules.md', () => {
  it.each(casesOf(BLOCKS))('$name', ({ run: execute }) => execute());

  it('shows no rule without an event, a test, an explanation or a table about it', () => {
    const bare = BLOCKS.filter((block, index) => {
      if (!isFence(block) || block.role !== 'rule' || block.text.includes('tests:')) return false;
      const next = BLOCKS[index + 1];
      return isFence(next) ? !['json', 'text'].includes(next.language) : !next || !tableRun(next);
    });
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
    const broken = [...PAGE.matchAll(/\]\(([^)#\s]*)#?([^)\s]*)\)/g)].filter(([, page = '', anchor = '']) => {
      if (/^https?:/.test(page)) return false;
      const path = new URL(page === '' ? 'rules.md' : page, new URL('../../docs/', import.meta.url));
      if (!existsSync(path)) return true;
      return anchor !== '' && !anchorsOf(readFileSync(path, 'utf8')).includes(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});
