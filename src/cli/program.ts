import { Command, CommanderError } from 'commander';
import { packageVersion } from '../app/version.ts';
import { errorText, UsageError } from '../base/errors.ts';
import { showLines } from '../logs/terminal.ts';
import { type CommandContext, EXIT } from './context.ts';

type Register = (program: Command, context: CommandContext) => void;

/** The commands in the order of the help. Loaded on demand: `run` need not wait for what only `demo` uses. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  run: async () => (await import('./run.ts')).registerRun,
  check: async () => (await import('./check.ts')).registerCheck,
  rules: async () => (await import('./rules.ts')).registerRules,
  sinks: async () => (await import('./sinks.ts')).registerSinks,
  routes: async () => (await import('./routes.ts')).registerRoutes,
  silences: async () => (await import('./silences.ts')).registerSilences,
  deliveries: async () => (await import('./deliveries.ts')).registerDeliveries,
  feeds: async () => (await import('./feeds.ts')).registerFeeds,
  completeness: async () => (await import('./completeness.ts')).registerCompleteness,
  backfill: async () => (await import('./backfill.ts')).registerBackfill,
  export: async () => (await import('./export.ts')).registerExport,
  backup: async () => (await import('./backup.ts')).registerBackup,
  verify: async () => (await import('./verify.ts')).registerVerify,
  demo: async () => (await import('./demo.ts')).registerDemo,
  simulator: async () => (await import('./simulator.ts')).registerSimulator,
};

/** The one command that is named, or all of them: for the help, and for a name that is none. */
const commandsFor = (args: readonly string[]): Promise<readonly Register[]> => {
  const named = Object.entries(COMMANDS).find(([name]) => name === args[0]);
  return Promise.all((named ? [named] : Object.entries(COMMANDS)).map(([, load]) => load()));
};

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
  const program = new Command('vonage-audit-monitor')
    .description(
      'Watches the audit trail of Vonage accounts and tells people when something sensitive happens.',
    )
    .version(packageVersion())
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride()
    // A message quotes what was typed, or written by somebody else: it must not steer the terminal.
    .configureOutput({ writeErr: (text) => process.stderr.write(showLines(text)) })
    .enablePositionalOptions();
  for (const register of await commandsFor(args)) register(program, context);
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
