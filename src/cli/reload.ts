import type { Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { monitorAddress } from '../app/monitor-address.ts';
import { createMonitorApi } from '../app/monitor-api.ts';
import { UsageError } from '../base/errors.ts';
import { reloadAnswer } from '../server/alert-shapes.ts';
import { about } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { type AnswerFormat, withAnswerFormats } from './format.ts';
import { outputs } from './output.ts';
import { loading, type TargetOptions, withTarget } from './target.ts';

const MAX_LINE = 1_000;

/** `reload`: has a running monitor read its configuration and rules again. */
export const registerReload = (program: Command, context: CommandContext): void => {
  const command = program
    .command('reload')
    .description(
      'have the running monitor read its configuration and rules again; if anything is wrong, the old ones stay',
    );
  about(
    withTarget(withAnswerFormats(command)),
    ['reload', 'reload --url http://monitor:8080 --token-file operate.txt'],
    {
      1: 'no monitor can be asked',
      2: 'something is wrong with the new configuration or rules: they were refused',
    },
  ).action(async (options: TargetOptions & { readonly output: AnswerFormat }) => {
    const settings = options.url === undefined ? (await loading(options)()).settings : undefined;
    const address = monitorAddress(options, settings);
    if (!address)
      throw new UsageError(
        'the configuration names no address to ask the monitor at (http.listen); send it SIGHUP instead',
      );
    const answer = await createMonitorApi(address).post('/reload', {}, reloadAnswer, context.signal);
    const { out } = outputs();
    const { colours } = out;
    context.exit(answer.ok ? EXIT.ok : EXIT.usage);
    if (options.output === 'json') return out.json(answer);
    for (const problem of answer.problems)
      await out.line(`${colours.bad('refused')}  ${visibleText(problem, MAX_LINE)}`);
    if (!answer.ok) return out.line('the configuration and the rules before stay in force');
    for (const change of answer.changes)
      await out.line(`${colours.good('changed')}  ${visibleText(change, MAX_LINE)}`);
    for (const needed of answer.needs_restart)
      await out.line(`${colours.doubtful('restart')}  ${visibleText(needed, MAX_LINE)}`);
    if (answer.changes.length + answer.needs_restart.length === 0) await out.line('nothing has changed');
  });
};
