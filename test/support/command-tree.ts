import { runHere } from './command.ts';

/** A command with what can stand behind it, as its `--help` says. */
export interface CommandNode {
  readonly options: ReadonlySet<string>;
  readonly commands: ReadonlyMap<string, CommandNode>;
}

const section = (help: string, title: string): readonly string[] => {
  const [, rest = ''] = help.split(`\n${title}:\n`);
  return (rest.split(/\n(?! {2})/)[0] ?? '').split('\n');
};

/** The command line as a tree, asked from the program itself. */
export const commandTree = async (path: readonly string[] = []): Promise<CommandNode> => {
  const { stdout } = await runHere([...path, '--help']);
  const options = section(stdout, 'Options').flatMap((line) => {
    const [, short, long] = /^ {2}(?:(-\w), )?(--[\w-]+)/.exec(line) ?? [];
    return [short, long].filter((name) => name !== undefined);
  });
  const commands = new Map<string, CommandNode>();
  for (const line of section(stdout, 'Commands')) {
    const [, name] = /^ {2}([a-z][a-z-]*)\b/.exec(line) ?? [];
    if (name !== undefined && name !== 'help') commands.set(name, await commandTree([...path, name]));
  }
  return { options: new Set(options), commands };
};

/**
 * What is wrong with the words of a command line, without the name of the program; undefined if nothing is. Brackets and
 * alternatives, as a table of commands has them, are seen through; what is neither a command nor an option is taken for
 * a value.
 */
export const commandProblem = (root: CommandNode, words: readonly string[]): string | undefined => {
  let node = root;
  let index = 0;
  for (; index < words.length; index += 1) {
    const next = node.commands.get(words[index] ?? '');
    if (!next) break;
    node = next;
  }
  const stopped = words[index];
  if (node.commands.size > 0 && stopped !== undefined && /^[a-z][a-z-]*$/.test(stopped))
    return `"${words.slice(0, index + 1).join(' ')}" is no command`;
  for (const word of words.slice(index)) {
    for (const [option] of word.matchAll(/(?<![\w-])--[a-z][a-z-]*/g))
      if (!node.options.has(option)) return `"${words.slice(0, index).join(' ')}" has no option ${option}`;
  }
  return undefined;
};
