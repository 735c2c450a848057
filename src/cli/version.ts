import type { Command } from 'commander';
import { builtWith } from '../app/built-with.ts';
import { about } from './about.ts';
import { type AnswerFormat, withAnswerFormats } from './format.ts';
import { outputs } from './output.ts';

/** `version`: what exactly runs here. */
export const registerVersion = (program: Command): void => {
  const command = program
    .command('version')
    .description('print the versions of the program and of what it runs on');
  about(withAnswerFormats(command), ['version', 'version --json']).action(
    async ({ output }: { readonly output: AnswerFormat }) => {
      const { out } = outputs();
      const facts = builtWith();
      if (output === 'json') return out.json(facts);
      const { version, ...rest } = facts;
      await out.line(`vonage-audit-monitor ${version}`);
      for (const [name, value] of Object.entries(rest))
        await out.line(`${out.colours.faint(name.padEnd(9))} ${value}`);
    },
  );
};
