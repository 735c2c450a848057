import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { registerEventsGet } from './events-get.ts';
import { registerEventsList } from './events-list.ts';
import { registerEventsTail } from './events-tail.ts';
import { registerEventsTypes } from './events-types.ts';

/** `events …`: the audit trail itself, as it is stored and as the API gives it. */
export const registerEvents = (program: Command, context: CommandContext): void => {
  const events = program
    .command('events')
    .description('look at the audit trail: list, search, one event, types, live');
  for (const register of [registerEventsTail, registerEventsList, registerEventsGet, registerEventsTypes])
    register(events, context);
};
