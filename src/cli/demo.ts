import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError } from 'commander';
import { runDemo } from '../app/demo.ts';
import { parseDuration } from '../base/duration.ts';
import { processEnvironment } from '../config/process-environment.ts';
import { about } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';

/** `demo`: the main job with made-up everything, to watch. */
export const registerDemo = (program: Command, context: CommandContext): void => {
  const command = program
    .command('demo')
    .description('watch an account takeover being noticed: made-up API, real monitor, local receivers')
    .option(
      '--for <duration>',
      'end after this long; exits 0 if every step of the attack was alerted',
      duration,
    )
    .action(async (options: { for?: number }) => {
      const caught = await runDemo(
        {
          packageDir: fileURLToPath(new URL('../..', import.meta.url)),
          forMs: options.for,
          colour: process.stdout.isTTY && colourWanted(),
          write: (text) => void process.stdout.write(text),
          now: Date.now,
          random: Math.random,
        },
        context.signal,
      );
      context.exit(caught || options.for === undefined ? EXIT.ok : EXIT.failed);
    });
  about(command, ['demo', 'demo --for 20s'], { 1: 'with --for: not every step of the attack was alerted' });
};

const duration = (text: string): number => {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 5_000)
    throw new InvalidArgumentError('Allowed: a duration from 5s, such as 20s.');
  return ms;
};

/** https://no-color.org */
const colourWanted = (): boolean => !processEnvironment().NO_COLOR;
