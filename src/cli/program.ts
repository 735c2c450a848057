import { Command, CommanderError } from 'commander';
import { packageVersion } from '../app/version.ts';
import { errorText, UsageError } from '../base/errors.ts';
import { registerCheck } from './check.ts';
import { type CommandContext, EXIT } from './context.ts';
import { registerDeliveries } from './deliveries.ts';
import { registerDemo } from './demo.ts';
import { registerRules } from './rules.ts';
import { registerRun } from './run.ts';
import { registerSimulator } from './simulator.ts';
import { registerSinks } from './sinks.ts';

/**
 * Runs one command line to its end and resolves with the exit code: 0 done, 1 it failed, 2 the command line, the
 * configuration or a rule is wrong. Errors an operator can mend are printed without a stack.
 */
export const runCommandLine = async (args: readonly string[], signal: AbortSignal): Promise<number> => {
  let code: number = EXIT.ok;
  const context: CommandContext = {
    signal,
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
    .enablePositionalOptions();
  for (const register of [
    registerRun,
    registerCheck,
    registerRules,
    registerSinks,
    registerDeliveries,
    registerDemo,
    registerSimulator,
  ]) {
    register(program, context);
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed its own message; its help and version "errors" carry exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    process.stderr.write(`${error instanceof UsageError ? '' : 'failed: '}${errorText(error)}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
};
