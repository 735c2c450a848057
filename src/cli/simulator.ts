import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../base/duration.ts';
import { parseListen } from '../config/values.ts';
import { serveSimulator } from '../simulator/serve.ts';
import { about } from './about.ts';
import type { CommandContext } from './context.ts';

interface Options {
  readonly listen: { readonly host: string; readonly port: number };
  readonly key: string;
  readonly secret: string;
  readonly seed: string;
  readonly events: number;
  readonly history: number;
  readonly rate: number;
  readonly stories?: number;
}

/** `simulator`: an Audit API to try the monitor against, with made-up accounts and events. */
export const registerSimulator = (program: Command, context: CommandContext): void => {
  const command = program
    .command('simulator')
    .description('serve a made-up Audit API, to try the monitor without an account')
    .addOption(
      new Option('--listen <host:port>', 'address; port 0 takes a free one')
        .argParser(listen)
        .default({ host: '127.0.0.1', port: 8090 }, '127.0.0.1:8090'),
    )
    .option('--key <key>', 'API key of the made-up account', 'abcd1234')
    .option('--secret <secret>', 'its secret', 'simulator-secret')
    .option('--seed <text>', 'the same seed makes the same events', 'simulator')
    .option('--events <count>', 'events that have already happened', whole, 0)
    .addOption(
      new Option('--history <duration>', 'time over which those are spread, up to now')
        .argParser(duration)
        .default(86_400_000, '24h'),
    )
    .option('--rate <count>', 'ordinary events a minute from now on', whole, 6)
    .option(
      '--stories <duration>',
      'also play attack stories, one after the other, this long apart',
      duration,
    )
    .action(async (options: Options) => {
      const nowMs = Date.now();
      const { simulator, done } = await serveSimulator(
        {
          listen: options.listen,
          accounts: [{ key: options.key, secret: options.secret }],
          seed: options.seed,
          livePerMinute: options.rate,
          ...(options.events > 0
            ? { history: { count: options.events, fromMs: nowMs - options.history, toMs: nowMs } }
            : {}),
          ...(options.stories === undefined ? {} : { stories: { everyMs: options.stories } }),
        },
        context.signal,
      );
      // One JSON line, so that scripts learn the port; written only once everything is in place.
      process.stdout.write(`${JSON.stringify({ event: 'simulator.listening', base_url: simulator.url })}\n`);
      await done;
    });
  about(command, ['simulator --listen 127.0.0.1:8090 --events 1000 --stories 2m']);
};

const listen = (text: string): { readonly host: string; readonly port: number } => {
  const parsed = parseListen(text);
  if (!parsed) throw new InvalidArgumentError('Allowed: host:port, such as 127.0.0.1:0.');
  return parsed;
};

const whole = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Allowed: a whole number from 0.');
  return Number(text);
};

const duration = (text: string): number => {
  const ms = parseDuration(text);
  if (ms === undefined || ms === 0)
    throw new InvalidArgumentError('Allowed: a duration such as 30s, 10m or 24h.');
  return ms;
};
