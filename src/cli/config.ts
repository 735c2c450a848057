import type { Command } from 'commander';
import { UsageError } from '../base/errors.ts';
import { effectiveConfiguration } from '../config/effective.ts';
import { createTextRedactor } from '../logs/redact.ts';
import { showLines } from '../logs/terminal.ts';
import { about, CONFIG } from './about.ts';
import { type AnswerFormat, withAnswerFormats } from './format.ts';
import { loadSettings } from './load-or-refuse.ts';
import { type Output, outputs } from './output.ts';

/** `config show`: the configuration as it is in force. */
export const registerConfig = (program: Command): void => {
  const config = program.command('config').description('look at the configuration');
  const show = withAnswerFormats(config.command('show'))
    .description('print the configuration as it is in force: defaults filled in, secrets left out, as YAML')
    .option(...CONFIG)
    .action(async (options: { readonly config?: string; readonly output: AnswerFormat }) => {
      const { file, read, secrets } = await loadSettings(options.config);
      if (!read) throw new UsageError(`${file}: cannot be read`);
      const effective = effectiveConfiguration({ ...read, redact: createTextRedactor(secrets) });
      const { out } = outputs();
      if (options.output === 'json')
        return out.json({ file, config: effective.values, sources: effective.sources });
      await printYaml(out, file, effective.yaml);
    });
  about(show, ['config show', 'config show --json'], { 2: 'it has problems; they are listed' });
};

const printYaml = async ({ line, colours }: Output, file: string, yaml: string): Promise<void> => {
  await line(colours.faint(`# ${showLines(file)}, and where a value does not come from it`));
  for (const text of showLines(yaml).trimEnd().split('\n')) {
    const comment = / # (default|environment|file .*)$/.exec(text);
    await line(comment ? text.slice(0, comment.index) + colours.faint(comment[0]) : text);
  }
};
