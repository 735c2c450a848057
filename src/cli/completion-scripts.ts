import { type DescribedCommand, type DescribedOption, everyCommand, type ValueKind } from './command-tree.ts';

/* Scripts that make a shell complete the command line. They hold the whole tree, so that pressing Tab starts nothing but
 * for names of accounts, sinks and rules, which the program is asked for. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Kinds of values that `completion values` lists. */
export const NAMED_KINDS = ['accounts', 'sinks', 'rules'] as const;
export type NamedKind = (typeof NAMED_KINDS)[number];

const PROGRAM = 'vonage-audit-monitor';
const NAMED: Readonly<Partial<Record<ValueKind, NamedKind>>> = {
  account: 'accounts',
  sink: 'sinks',
  rule: 'rules',
};

/** A text as one word of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const pathText = ({ path }: DescribedCommand): string => path.join(' ');
/** The first line of a description, short enough for a list. */
const short = (text: string): string => {
  const [line = ''] = text.split('\n');
  return line.length > 70 ? `${line.slice(0, 69)}…` : line;
};

/** The script for a shell. */
export const completionScript = (shell: Shell, root: DescribedCommand): string => {
  const write = { bash, zsh, fish }[shell];
  return write(everyCommand(root));
};

/** Options with values, by the command and the name they are typed as. */
const valued = (
  commands: readonly DescribedCommand[],
): readonly {
  readonly command: DescribedCommand;
  readonly option: DescribedOption;
  readonly value: NonNullable<DescribedOption['value']>;
}[] =>
  commands.flatMap((command) =>
    command.options.flatMap((option) => (option.value ? [{ command, option, value: option.value }] : [])),
  );

/** Patterns of a case in bash and zsh: which command, which option. */
const patterns = (command: DescribedCommand, option: DescribedOption): string =>
  option.names.map((name) => quoted(`${pathText(command)}:${name}`)).join('|');

const bash = (commands: readonly DescribedCommand[]): string => {
  const words = (items: readonly string[]): string => quoted(items.join(' '));
  const values = valued(commands).map(({ command, option, value }) => {
    const named = NAMED[value.kind];
    const what =
      value.choices.length > 0
        ? `__vam_words ${words(value.choices)}`
        : named
          ? `__vam_names ${named}`
          : value.kind === 'file'
            ? 'COMPREPLY=($(compgen -f -- "$cur"))'
            : 'COMPREPLY=()';
    return `    ${patterns(command, option)}) ${what}; return ;;`;
  });
  const next = commands.map((command) => {
    const options = command.options.flatMap(({ names }) => names);
    const [argument] = command.arguments;
    const rest = [...command.children.map(({ path }) => path.at(-1) ?? ''), ...(argument?.choices ?? [])];
    const named = argument && NAMED[argument.kind];
    const otherwise = named
      ? `__vam_names ${named}`
      : argument?.kind === 'file'
        ? 'COMPREPLY=($(compgen -f -- "$cur"))'
        : `__vam_words ${words(rest)}`;
    return `    ${quoted(pathText(command))}) if [[ $cur == -* ]]; then __vam_words ${words(options)}; else ${otherwise}; fi ;;`;
  });
  return `# bash completion of ${PROGRAM}: source <(${PROGRAM} completion bash)
__vam_words() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}
# Names come from the configuration, which may be another one; they may hold spaces.
__vam_names() {
  local name
  COMPREPLY=()
  while IFS= read -r name; do
    [[ $name == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$name")")
  done < <("\${COMP_WORDS[0]}" completion values "$1" "\${config[@]}" 2>/dev/null)
}
_vonage_audit_monitor() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path='' i word
  local -a config=()
  # --option=value comes as three words.
  if [[ $cur == '=' ]]; then cur=''; elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$word" in -c | --config) config=(--config "\${COMP_WORDS[i+1]}") ;; esac
    case "\${path:+$path }$word" in
    ${commands
      .filter(({ path }) => path.length > 0)
      .map((command) => quoted(pathText(command)))
      .join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path:$prev" in
${values.join('\n')}
  esac
  case "$path" in
${next.join('\n')}
  esac
}
complete -o filenames -F _vonage_audit_monitor ${PROGRAM}
`;
};

const zsh = (commands: readonly DescribedCommand[]): string => {
  /** Items of _describe: a colon in a name would end it. */
  const items = (pairs: readonly (readonly [string, string])[]): string =>
    pairs.map(([name, text]) => quoted(`${name.replaceAll(':', '\\:')}:${short(text)}`)).join(' ');
  const values = valued(commands).map(({ command, option, value }) => {
    const named = NAMED[value.kind];
    const what =
      value.choices.length > 0
        ? `compadd -- ${value.choices.map(quoted).join(' ')}`
        : named
          ? `__vam_names ${named}`
          : value.kind === 'file'
            ? '_files'
            : `_message ${quoted(option.description)}`;
    return `    ${patterns(command, option)}) ${what}; return ;;`;
  });
  const next = commands.map((command) => {
    const options = items(
      command.options.flatMap(({ names, description }) => names.map((name) => [name, description] as const)),
    );
    const children = items(
      command.children.map(({ path, description }) => [path.at(-1) ?? '', description] as const),
    );
    const [argument] = command.arguments;
    const named = argument && NAMED[argument.kind];
    const choices = argument?.choices ?? [];
    const otherwise = children
      ? `list=(${children}); _describe command list`
      : named
        ? `__vam_names ${named}`
        : choices.length > 0
          ? `compadd -- ${choices.map(quoted).join(' ')}`
          : argument?.kind === 'file'
            ? '_files'
            : ':';
    return `    ${quoted(pathText(command))}) if [[ $cur == -* ]]; then list=(${options}); _describe -o option list; else ${otherwise}; fi ;;`;
  });
  return `#compdef ${PROGRAM}
# zsh completion of ${PROGRAM}: put this into a file called _${PROGRAM} in a folder of $fpath
__vam_names() {
  local -a names
  names=("\${(@f)$("\${words[1]}" completion values "$1" $config 2>/dev/null)}")
  compadd -- $names
}
_vonage_audit_monitor() {
  local cur=$words[CURRENT] prev=$words[CURRENT-1] cmd='' i word
  local -a list config
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    case $word in -c | --config) config=(--config $words[i+1]) ;; esac
    case "\${cmd:+$cmd }$word" in
    ${commands
      .filter(({ path }) => path.length > 0)
      .map((command) => quoted(pathText(command)))
      .join('|')}) cmd="\${cmd:+$cmd }$word" ;;
    esac
  done
  case "$cmd:$prev" in
${values.join('\n')}
  esac
  case "$cmd" in
${next.join('\n')}
  esac
}
if [[ $funcstack[1] == _${PROGRAM} ]]; then _vonage_audit_monitor "$@"; else compdef _vonage_audit_monitor ${PROGRAM}; fi
`;
};

const fish = (commands: readonly DescribedCommand[]): string => {
  const at = (command: DescribedCommand): string =>
    `complete -c ${PROGRAM} -n ${quoted(`test (__vam_path) = "${pathText(command)}"`)}`;
  const lines = commands.flatMap((command) => [
    ...command.children.map(
      ({ path, description }) =>
        `${at(command)} -f -a ${quoted(path.at(-1) ?? '')} -d ${quoted(short(description))}`,
    ),
    ...command.options.map(({ names, description, value }) => {
      const flags = names.map((name) =>
        name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
      );
      const named = value && NAMED[value.kind];
      const what =
        value === undefined
          ? ''
          : value.choices.length > 0
            ? ` -x -a ${quoted(value.choices.join(' '))}`
            : named
              ? ` -x -a ${quoted(`(__vam_names ${named})`)}`
              : value.kind === 'file'
                ? ' -r -F'
                : ' -x';
      return `${at(command)} ${flags.join(' ')}${what} -d ${quoted(short(description))}`;
    }),
    ...command.arguments.slice(0, 1).flatMap(({ choices, kind }) => {
      const named = NAMED[kind];
      if (choices.length > 0) return [`${at(command)} -f -a ${quoted(choices.join(' '))}`];
      if (named) return [`${at(command)} -f -a ${quoted(`(__vam_names ${named})`)}`];
      return kind === 'file' ? [`${at(command)} -F`] : [];
    }),
  ]);
  const paths = commands.filter(({ path }) => path.length > 0).map((command) => quoted(pathText(command)));
  return `# fish completion of ${PROGRAM}: ${PROGRAM} completion fish > ~/.config/fish/completions/${PROGRAM}.fish
function __vam_path
    set -l found
    for word in (commandline -opc)[2..-1]
        set -l longer (string join ' ' -- $found $word)
        if contains -- "$longer" ${paths.join(' ')}
            set -a found $word
        end
    end
    string join ' ' -- $found
end
function __vam_names
    set -l words (commandline -opc)
    set -l config
    for i in (seq (count $words))
        if contains -- "$words[$i]" -c --config
            set config --config $words[(math $i + 1)]
        end
    end
    command $words[1] completion values $argv[1] $config 2>/dev/null
end
complete -c ${PROGRAM} -f
${lines.join('\n')}
`;
};
