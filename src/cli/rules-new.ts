import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { fleetRuleTemplate } from '../app/fleet-rule-template.ts';
import { ruleFileName, ruleTemplate } from '../app/rule-template.ts';
import { errorCode, errorText, UsageError } from '../base/errors.ts';
import { LEVELS, type Level } from '../core/alert.ts';
import { SCOPES, type Scope } from '../rules/monitor.ts';
import { about } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { outputs } from './output.ts';

interface Options {
  readonly dir?: string;
  readonly type: string;
  readonly level: Level;
  readonly scope: Scope;
}

const USUAL_DIR = join('config', 'rules');

/** `rules new`: a rule to begin with. */
export const registerRulesNew = (rules: Command, context: CommandContext): void => {
  const command = rules
    .command('new')
    .argument('<title>', 'what the rule detects, in a few words', ruleTitle)
    .description('write a new rule with comments and tests; never overwrites a file')
    .option('--dir <folder>', `folder (default: ${USUAL_DIR} if there is one, else the working directory)`)
    .option('--type <event_type>', 'event type it looks for', eventType, 'ACCOUNT_SECRET_CREATE')
    .addOption(new Option('--level <level>', 'how severe it is').choices(LEVELS).default('medium'))
    .addOption(
      new Option(
        '--scope <scope>',
        'whose events it looks at: those of each account by itself, or of all together',
      )
        .choices(SCOPES)
        .default('account'),
    )
    .action(async (title: string, options: Options) => {
      const id = randomUUID();
      const dir = options.dir ?? (existsSync(USUAL_DIR) ? USUAL_DIR : '.');
      const file = join(dir, ruleFileName(title, id.slice(0, 8)));
      const rule = { title, id, level: options.level, eventType: options.type, nowMs: Date.now() };
      const text = options.scope === 'fleet' ? fleetRuleTemplate(rule, randomUUID()) : ruleTemplate(rule);
      writeNew(dir, file, text);
      const { out } = outputs();
      await out.line(`wrote ${file}`);
      await out.line(`next: edit it, then "rules test ${file}" and "rules check ${file}"`);
      context.exit(EXIT.ok);
    });
  about(command, [
    'rules new "Number released by automation"',
    'rules new "Application deleted" --type APP_DELETE --level high --dir my-rules',
    'rules new "Secrets in many accounts" --scope fleet',
  ]);
};

const ruleTitle = (text: string): string => {
  const title = text.trim();
  if (title === '' || title.length > 256 || /[\p{Cc}\uFFFD]/u.test(title) || !title.isWellFormed())
    throw new InvalidArgumentError('Allowed: 1 to 256 characters on one line.');
  return title;
};

const eventType = (text: string): string => {
  if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(text))
    throw new InvalidArgumentError('Allowed: an event type such as NUMBER_UPDATED.');
  return text;
};

const writeNew = (dir: string, file: string, text: string): void => {
  try {
    mkdirSync(dir, { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    if (errorCode(error) === 'EEXIST')
      throw new UsageError(`${file}: there is such a file already; nothing was written`);
    throw new UsageError(`${file}: cannot be written: ${errorText(error)}`);
  }
};
