import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { registerStateCopy } from './state-copy.ts';
import { registerStateMigrate } from './state-migrate.ts';

/** `state`: what is stored, as a whole. */
export const registerState = (program: Command, context: CommandContext): void => {
  const group = program.command('state').description('work on what is stored');
  registerStateCopy(group, context);
  registerStateMigrate(group);
};
