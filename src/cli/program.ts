import { Command, CommanderError, Help, type Option } from 'commander';
import { errorText, UsageError } from '../base/errors.ts';
import { showLines } from '../logs/terminal.ts';
import { type CommandContext, EXIT } from './context.ts';

/** The last of the groups. */
const BESIDE = 'Beside it:';

type Register = (program: Command, context: CommandContext) => void;

/**
 * The commands in the order of the help, by what people want. Loaded on demand: `run` need not wait for what only `demo`
 * uses.
 */
const GROUPS: Readonly<Record<string, Readonly<Record<string, () => Promise<Register>>>>> = {
  'Watch:': {
    run: async () => (await import('./run.ts')).registerRun,
    check: async () => (await import('./check.ts')).registerCheck,
    reload: async () => (await import('./reload.ts')).registerReload,
    demo: async () => (await import('./demo.ts')).registerDemo,
  },
  'Look:': {
    status: async () => (await import('./status.ts')).registerStatus,
    events: async () => (await import('./events.ts')).registerEvents,
    alerts: async () => (await import('./alerts.ts')).registerAlerts,
    deliveries: async () => (await import('./deliveries.ts')).registerDeliveries,
    accounts: async () => (await import('./accounts.ts')).registerAccounts,
    completeness: async () => (await import('./completeness.ts')).registerCompleteness,
    feeds: async () => (await import('./feeds.ts')).registerFeeds,
  },
  'Rules and routes:': {
    rules: async () => (await import('./rules.ts')).registerRules,
    routes: async () => (await import('./routes.ts')).registerRoutes,
    sinks: async () => (await import('./sinks.ts')).registerSinks,
    silences: async () => (await import('./silences.ts')).registerSilences,
    config: async () => (await import('./config.ts')).registerConfig,
  },
  'Keep:': {
    backfill: async () => (await import('./backfill.ts')).registerBackfill,
    export: async () => (await import('./export.ts')).registerExport,
    backup: async () => (await import('./backup.ts')).registerBackup,
    verify: async () => (await import('./verify.ts')).registerVerify,
    state: async () => (await import('./state.ts')).registerState,
  },
  [BESIDE]: {
    simulator: async () => (await import('./simulator.ts')).registerSimulator,
    completion: async () => (await import('./completion.ts')).registerCompletion,
    version: async () => (await import('./version.ts')).registerVersion,
  },
};

/**
 * The command line with the one command that `named` names, or with all of them: for the help, for a name that is none,
 * and for those who describe it.
 */
export const buildProgram = async (context: CommandContext, named?: string): Promise<Command> => {
  const program = new Command('vonage-audit-monitor')
    .description(
      'Watches the audit trail of Vonage accounts and tells people when something sensitive happens.',
    )
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride()
    // A message quotes what was typed, or written by somebody else: it must not steer the terminal.
    .configureOutput({ writeErr: (text) => process.stderr.write(showLines(text)) })
    .configureHelp({ optionDescription: describeOption })
    .enablePositionalOptions();
  const groups = Object.entries(GROUPS);
  const isNamed = groups.some(([, commands]) => Object.hasOwn(commands, named ?? ''));
  for (const [title, commands] of groups) {
    program.commandsGroup(title);
    const wanted = Object.entries(commands).filter(([name]) => !isNamed || name === named);
    for (const [, load] of wanted) (await load())(program, context);
  }
  if (!isNamed) {
    const { packageVersion } = await import('../app/version.ts');
    program.version(packageVersion(), '-V, --version', 'print the version alone');
    program.addHelpText('after', HELP_END);
    program.addHelpCommand(
      new Command('help').argument('[command]').description('show the help of a command').helpGroup(BESIDE),
    );
  }
  return program;
};

/** What commander says of an option, without the default of those that can be repeated: nothing. */
function describeOption(this: Help, option: Option): string {
  const isNothing = Array.isArray(option.defaultValue) || typeof option.defaultValue === 'object';
  return Help.prototype.optionDescription.call(
    this,
    isNothing && option.defaultValueDescription === undefined ? withoutDefault(option) : option,
  );
}

const withoutDefault = (option: Option): Option =>
  Object.assign(Object.create(option) as Option, { defaultValue: undefined });

const HELP_END = `
Times are UTC. Lists are tables for people; --json or --output gives them to
programs. Colour only on a terminal, and not with NO_COLOR.

Exit codes:
  0  done
  1  it failed, or what was looked at is not all right
  2  the command line, the configuration or a rule is wrong; nothing was done`;

/**
 * Runs one command line to its end and resolves with the exit code: 0 done, 1 it failed, 2 the command line, the
 * configuration or a rule is wrong. Errors an operator can mend are printed without a stack.
 */
export const runCommandLine = async (
  args: readonly string[],
  signal: AbortSignal,
  onHangup: CommandContext['onHangup'],
): Promise<number> => {
  let code: number = EXIT.ok;
  const context: CommandContext = {
    signal,
    onHangup,
    exit(wanted) {
      code = wanted;
    },
  };
  const program = await buildProgram(context, args[0]);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed its own message; its help and version "errors" carry exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const said = `${error instanceof UsageError ? '' : 'failed: '}${errorText(error)}\n`;
    process.stderr.write(showLines(said));
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
};
