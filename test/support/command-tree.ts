import { type DescribedCommand, describeCommand } from '../../src/cli/command-tree.ts';
import { buildProgram } from '../../src/cli/program.ts';

/** A command with what can stand behind it. */
export interface CommandNode {
  readonly options: ReadonlySet<string>;
  readonly commands: ReadonlyMap<string, CommandNode>;
}

const nodeOf = ({ options, children, path }: DescribedCommand): CommandNode => ({
  options: new Set([
    ...options.flatMap(({ names }) => names),
    ...(path.length === 0 ? ['-V', '--version'] : []),
  ]),
  commands: new Map(children.map((child) => [child.path.at(-1) ?? '', nodeOf(child)])),
});

/** The command line as a tree, asked from the program itself. */
export const commandTree = async (): Promise<CommandNode> =>
  nodeOf(
    describeCommand(await buildProgram({ signal: new AbortController().signal, exit() {}, onHangup() {} })),
  );

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
