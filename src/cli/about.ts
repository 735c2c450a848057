import type { Command, Option } from 'commander';
import type { EXIT } from './context.ts';

/** What the help and the page of commands say about a command beside its options. */
export interface About {
  /** Without the name of the program. */
  readonly examples: readonly string[];
  /** What an exit code means for this command, where that is not said by the general rule. */
  readonly exits: Readonly<Partial<Record<(typeof EXIT)[keyof typeof EXIT], string>>>;
}

const ABOUT = new WeakMap<Command, About>();

/** Options that many commands have, in the order of the help. */
const GENERAL = ['--output', '--json', '--url', '--token-file', '--config', '--insecure'];

/** What was said about a command by {@link about}; undefined for one that only holds others. */
export const aboutOf = (command: Command): About | undefined => ABOUT.get(command);

/** Says of a command how it is used and what its exit codes mean, for `--help` and for docs/commands.md. */
export const about = (command: Command, examples: readonly string[], exits: About['exits'] = {}): Command => {
  ABOUT.set(command, { examples, exits });
  // What every command has stands behind what it has of its own.
  const options = command.options as Option[];
  options.sort((a, b) => GENERAL.indexOf(a.long ?? '') - GENERAL.indexOf(b.long ?? ''));
  const lines = [
    '',
    examples.length === 1 ? 'Example:' : 'Examples:',
    ...examples.map((example) => `  vonage-audit-monitor ${example}`),
    ...(Object.keys(exits).length === 0 ? [] : ['', 'Exit codes:']),
    ...Object.entries(exits).map(([code, meaning]) => `  ${code}  ${meaning}`),
  ];
  return command.addHelpText('after', lines.join('\n'));
};

/** The option that nearly every command has. */
export const CONFIG = ['-c, --config <file>', 'configuration file (default: config/monitor.yml)'] as const;
