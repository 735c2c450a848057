import type { Argument, Command, Option } from 'commander';

/* The command line as data: for completion and for the page of commands. */

/** What a value can be completed with. */
export type ValueKind = 'file' | 'account' | 'sink' | 'rule' | 'other';

/** One option. */
export interface DescribedOption {
  readonly flags: string;
  /** As typed: `-o`, `--output`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined: it takes no value. */
  readonly value: { readonly choices: readonly string[]; readonly kind: ValueKind } | undefined;
}

/** One command that does something, or holds others. */
export interface DescribedCommand {
  /** Words behind the name of the program; none for the program itself. */
  readonly path: readonly string[];
  readonly command: Command;
  readonly description: string;
  readonly options: readonly DescribedOption[];
  readonly arguments: readonly {
    readonly name: string;
    readonly choices: readonly string[];
    readonly kind: ValueKind;
  }[];
  readonly children: readonly DescribedCommand[];
}

const KINDS: Readonly<Record<string, ValueKind>> = {
  '--account': 'account',
  '--sink': 'sink',
  '--rule': 'rule',
};

const optionOf = (option: Option): DescribedOption => {
  const { flags, short, long, description, argChoices = [] } = option;
  const takesValue = option.required || option.optional;
  const isFile = /<(file|folder|file\|id)>/.test(flags);
  return {
    flags,
    names: [short, long].filter((name) => name !== undefined),
    description,
    value: takesValue
      ? { choices: argChoices, kind: KINDS[long ?? ''] ?? (isFile ? 'file' : 'other') }
      : undefined,
  };
};

const argumentOf = (argument: Argument): DescribedCommand['arguments'][number] => {
  const name = argument.name();
  const kind = name === 'path' || name === 'file' ? 'file' : name === 'rule' ? 'rule' : 'other';
  return { name, choices: argument.argChoices ?? [], kind };
};

/** Describes a command and all below it, without `help`, which commander adds. */
export const describeCommand = (command: Command, path: readonly string[] = []): DescribedCommand => ({
  path,
  command,
  description: command.description(),
  options: [
    ...command.options.filter(({ hidden }) => !hidden).map(optionOf),
    { flags: '-h, --help', names: ['-h', '--help'], description: 'show this help', value: undefined },
  ],
  arguments: command.registeredArguments.map(argumentOf),
  children: command.commands
    .filter((child) => child.name() !== 'help')
    .map((child) => describeCommand(child, [...path, child.name()])),
});

/** A command and all below it, each before its children. */
export const everyCommand = (root: DescribedCommand): readonly DescribedCommand[] => [
  root,
  ...root.children.flatMap(everyCommand),
];
