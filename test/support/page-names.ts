import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describedSchema, type JsonSchema } from '../../scripts/schema.ts';
import { CONDITION_TEXTS } from '../../src/alerts/condition-texts.ts';
import { LOG_EVENTS } from '../../src/core/log-events.ts';
import { type CommandNode, commandProblem, commandTree } from './command-tree.ts';
import { blocksOf } from './markdown.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
/** Pieces of code within lines. */
const spansOf = (text: string): readonly string[] =>
  [...text.replaceAll(/^```.*?^```$/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) =>
    code.replaceAll('\\|', '|'),
  );
/** Commands in blocks of shell, each on one line, without comments. */
const commandsOf = (text: string): readonly string[] =>
  blocksOf(text)
    .filter((block) => block.kind === 'fence' && ['sh', 'bash', 'console'].includes(block.language))
    .flatMap((block) => (block.kind === 'fence' ? [block.text] : []))
    .flatMap((code) => code.replaceAll(/\\\n/g, ' ').split(/\n|&&|;|\||\$\(/))
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');

/** Programs that are handed the name of our image, our unit or our release, and no command of ours. */
const FOREIGN = /\b(docker|kubectl|helm|systemctl|journalctl|buildah|podman|cd|npm)\b/;

/** The words behind the program in a command line, or undefined when it does not call the program. */
const ourWords = (tree: CommandNode, line: string): readonly string[] | undefined => {
  const [, words] =
    /(?:^|\s)(?:npm run (?:-s )?monitor --|node (?:--\S+ )*(?:src\/main\.ts|\S*dist\/main\.js))\s+(.*)$/.exec(
      line,
    ) ?? [];
  if (words !== undefined) return words.split(/\s+/);
  const [, before = '', after] = /^(.*?)(?<![\w/-])vonage-audit-monitor\s+(.*)$/.exec(line) ?? [];
  if (after === undefined) return undefined;
  const behind = after.split(/\s+/);
  return tree.commands.has(behind[0] ?? '') || !FOREIGN.test(before) ? behind : undefined;
};

/** Words that begin a piece of code and name a command only if one of its own words follows. */
const startsLikeCommand = (tree: CommandNode, words: readonly string[]): boolean => {
  if (!tree.commands.has(words[0] ?? '')) return false;
  return words.length === 1 || /^(\[?--?[a-z]|[a-z][a-z-]*$)/.test(words[1] ?? '');
};

const SCHEMA = describedSchema();
const within = (schema: JsonSchema): readonly JsonSchema[] => [
  schema,
  ...(schema.anyOf ?? []).flatMap(within),
  ...(schema.items ? within(schema.items) : []),
];
/** Whether a path such as `poll.interval` leads to an option. Names that an operator chooses are passed through. */
const isOption = (path: readonly string[], schemas: readonly JsonSchema[] = [SCHEMA]): boolean => {
  const [first, ...rest] = path;
  if (first === undefined) return true;
  const inner = schemas.flatMap(within).flatMap((schema) => {
    const named = schema.properties?.[first] ?? schema.properties?.[first.replace(/_file$/, '')];
    const free = typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : [];
    return named ? [named] : free;
  });
  return inner.length > 0 && isOption(rest, inner);
};
const SECTIONS = Object.keys(SCHEMA.properties ?? {});
const FAMILIES = new Set(Object.keys(LOG_EVENTS).map((name) => name.split('.')[0] ?? ''));

/** All text of the product and of what runs it, in which a variable must occur to be one. */
const textOf = (path: string): string =>
  readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|yml|yaml|service|env|sh)$/.test(name))
    .map((name) => read(join(path, name)))
    .join('\n');
const source = textOf('src');
const product = ['src', 'config', 'deploy', 'scripts', 'test/container', 'test/chaos', 'test/e2e', 'bench']
  .map(textOf)
  .concat(read('Dockerfile'), read('docker-compose.yml'), read('package.json'))
  .join('\n');
const words = new Set(product.match(/\b[A-Z][A-Z0-9_]*\b/g));
/** Variables that belong to others: Node, npm, the C library, SQLite's or a receiver's own. */
const OTHERS = new Set([
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'MALLOC_ARENA_MAX',
  'COMPOSE_FILE',
  'ENTERPRISE_ID',
]);
/** Written to show a mistake, or to stand for any name. */
const EXAMPLES = new Set(['NAME_FILE', 'NUMBER_UPDATE', 'ALERT_ID']);

const systemRules = new Set([
  ...Object.keys(CONDITION_TEXTS).map((name) => `system.${name}`),
  ...[...textOf('src').matchAll(/['`](system\.[a-z_]+)['`]/g)].map(([, name = '']) => name),
]);

/** Whether a catalogue of metrics has it: an entry `name: [help, labels]`. */
const isCatalogued = (name: string): boolean => new RegExp(`^  ${name}: \\[`, 'm').test(source);
const isMetric = (name: string): boolean =>
  isCatalogued(name) || isCatalogued(name.replace(/_(bucket|sum|count)$/, ''));

const FILE_NAME = /\.(yml|yaml|md|com|org|ts|js|json|db|env|service)$/;

/** Long options of programs that our pages run beside our own, in pieces of code of their own. */
const FOREIGN_OPTIONS =
  /^--(max-semi-space-size|build-arg|profile|read-only|tmpfs|ignore-scripts|set|set-string|values)\b/;

const optionsOf = (node: CommandNode): readonly string[] => [
  ...node.options,
  ...[...node.commands.values()].flatMap(optionsOf),
];

/** Names in a page that name nothing, each with what it was taken for. */
export type NameCheck = (text: string) => readonly string[];

const dotted: NameCheck = (text) =>
  spansOf(text)
    .filter((span) => /^[a-z_]+(\.[a-z_]+)+$/.test(span) && !FILE_NAME.test(span))
    .filter((name) => {
      const path = name.split('.');
      const [first = ''] = path;
      if (first === 'system') return !systemRules.has(name);
      // In a rule, `monitor` is the part that is ours; `rule` and `event` are also what templates know.
      if (first === 'monitor' || first === 'rule' || first === 'event')
        return !Object.hasOwn(LOG_EVENTS, name) && !product.includes(`${path[1]}:`);
      if (!SECTIONS.includes(first) && !FAMILIES.has(first)) return false;
      // Attributes of traces and the like are written out in the source.
      if (source.includes(`'${name}'`)) return false;
      return !Object.hasOwn(LOG_EVENTS, name) && !isOption(path);
    });

const filteredLines: NameCheck = (text) =>
  [...text.matchAll(/\.event == "([^"]+)"/g)]
    .map(([, name = '']) => name)
    .filter((name) => !Object.hasOwn(LOG_EVENTS, name));

const variables: NameCheck = (text) =>
  [...spansOf(text), ...commandsOf(text)]
    .flatMap((code) => code.match(/(?<![\w%])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g) ?? [])
    .filter((name) => !words.has(name) && !words.has(name.replace(/_FILE$/, '')))
    .filter((name) => !OTHERS.has(name) && !EXAMPLES.has(name));

const figures: NameCheck = (text) =>
  [...text.matchAll(/vonage_audit_monitor_([a-z_]+[a-z])/g)]
    .map(([, name = '']) => name)
    .filter((name) => !isMetric(name));

const files: NameCheck = (text) =>
  [...spansOf(text), ...commandsOf(text).flatMap((line) => line.split(/[\s"'=]+/))]
    .filter((path) => /^(src|scripts|test|docs|deploy|bench|\.ci)\/[\w./-]*\w$/.test(path))
    .filter((path) => !existsSync(join(root, path)));

/**
 * A check that whatever a page names exists: commands and their options, options of the configuration, kinds of log lines
 * and system alerts, variables, types of events, metrics, files of the repository.
 */
export const createNameCheck = async (): Promise<NameCheck> => {
  const tree = await commandTree();
  const anyOption = new Set(optionsOf(tree));

  const commands: NameCheck = (text) => {
    const called = [...commandsOf(text), ...spansOf(text)].map((line) => ourWords(tree, line));
    const bare = spansOf(text)
      .map((span) => span.split(/\s+/))
      .filter((line) => startsLikeCommand(tree, line));
    const problems = [...called, ...bare].map((line) => line && commandProblem(tree, line));
    return problems.filter((problem) => problem !== undefined);
  };
  const lonelyOptions: NameCheck = (text) =>
    spansOf(text).filter(
      (span) =>
        /^--[a-z]/.test(span) &&
        !FOREIGN_OPTIONS.test(span) &&
        !anyOption.has(/^--[a-z-]+/.exec(span)?.[0] ?? ''),
    );

  const kinds: Readonly<Record<string, NameCheck>> = {
    command: commands,
    option: lonelyOptions,
    'option of the configuration, log line or system alert': dotted,
    'log line': filteredLines,
    'variable or type of event': variables,
    metric: figures,
    file: files,
  };
  return (text) =>
    Object.entries(kinds).flatMap(([kind, check]) => check(text).map((name) => `${kind}: ${name}`));
};
