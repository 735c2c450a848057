import { Argument, type Command } from 'commander';
import { visibleText } from '../alerts/visible-text.ts';
import { about, CONFIG } from './about.ts';
import { describeCommand } from './command-tree.ts';
import { completionScript, NAMED_KINDS, type NamedKind, SHELLS, type Shell } from './completion-scripts.ts';
import type { CommandContext } from './context.ts';
import { loadFor } from './load-or-refuse.ts';
import { outputs } from './output.ts';
import { buildProgram } from './program.ts';

const MAX_NAME = 300;

/** `completion bash|zsh|fish`: a script that makes the shell complete commands, options and names. */
export const registerCompletion = (program: Command, context: CommandContext): void => {
  const completion = program
    .command('completion')
    .description('print a script that makes a shell complete commands, options and names');
  const descriptions: Readonly<Record<Shell, string>> = {
    bash: 'source <(vonage-audit-monitor completion bash)',
    zsh: 'vonage-audit-monitor completion zsh > ~/.zfunc/_vonage-audit-monitor',
    fish: 'vonage-audit-monitor completion fish > ~/.config/fish/completions/vonage-audit-monitor.fish',
  };
  for (const shell of SHELLS) {
    const command = completion
      .command(shell)
      .description(`the script for ${shell}: ${descriptions[shell]}`)
      .action(async () => {
        const { out } = outputs();
        await out.write(completionScript(shell, describeCommand(await buildProgram(context))));
      });
    about(command, [`completion ${shell}`]);
  }
  const values = completion
    .command('values')
    .addArgument(new Argument('<kind>', 'what is named').choices(NAMED_KINDS))
    .description('print the names that the configuration knows, one a line; the scripts ask for them')
    .option(...CONFIG)
    .action(async (kind: NamedKind, options: { readonly config?: string }) => {
      const { out } = outputs();
      const { ready } = await loadFor(options.config);
      // Whoever presses Tab is not helped by a list of problems.
      if (!ready) return;
      const { settings, rules } = ready;
      const names = {
        accounts: () => settings.accounts.map(({ name }) => name),
        sinks: () => settings.sinks.map(({ name }) => name),
        rules: () => rules.rules.map(({ info }) => info.title),
      }[kind]();
      for (const name of names) await out.line(visibleText(name, MAX_NAME));
    });
  about(values, ['completion values accounts']);
};
