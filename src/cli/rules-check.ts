import { type Command, Option } from 'commander';
import {
  FINDING_FORMATS,
  type Finding,
  type FindingFormat,
  findingLine,
  findingsGithub,
  findingsJson,
  findingsOf,
  findingsSarif,
} from '../app/findings.ts';
import { counted } from '../app/numbers.ts';
import type { RuleSet } from '../app/rule-set.ts';
import { packageVersion } from '../app/version.ts';
import { escapeJsonControls, showControls } from '../logs/terminal.ts';
import { about, CONFIG } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { loadRules } from './load-rules.ts';
import { type Colours, outputs } from './output.ts';

interface Options {
  readonly config?: string;
  readonly strict?: boolean;
  readonly output: FindingFormat;
}

/** `rules check`: everything wrong with rules, and everything that is probably not meant. */
export const registerRulesCheck = (rules: Command, context: CommandContext): void => {
  const command = rules
    .command('check')
    .argument('[path...]', 'rule files and folders (default: the rules of the configuration)')
    .description('list all problems and warnings of rules; exit code 2 when there is a problem')
    .option('--strict', 'exit with 2 on warnings, too')
    .addOption(
      new Option('-o, --output <format>', 'how findings are written')
        .choices(FINDING_FORMATS)
        .default('text'),
    )
    .option(...CONFIG)
    .action(async (paths: string[], options: Options) => {
      const { out, err } = outputs();
      const set = await loadRules(options.config, paths);
      const problems = set.problems.filter(set.isChosen);
      const warnings = set.warnings.filter(set.isChosen);
      const findings = findingsOf(problems, warnings);
      const text = written(findings, options.output, set, out.colours);
      if (text !== '') await out.line(options.output === 'text' ? text : escapeJsonControls(text));
      const beside = set.problems.length - problems.length;
      if (beside > 0) await err.line(`${counted(beside, 'problem')} in other rules of the configuration`);
      const bad = problems.length > 0 || (options.strict === true && warnings.length > 0);
      context.exit(bad ? EXIT.usage : EXIT.ok);
    });
  about(
    command,
    ['rules check', 'rules check my-rules --strict', 'rules check --output sarif > rules.sarif'],
    { 2: 'there is a problem; with --strict also for a warning' },
  );
};

const written = (
  findings: readonly Finding[],
  format: FindingFormat,
  set: RuleSet,
  colours: Colours,
): string => {
  const cwd = process.cwd();
  switch (format) {
    case 'json':
      return findingsJson(findings, cwd);
    case 'github':
      return findingsGithub(findings, cwd);
    case 'sarif':
      return findingsSarif(findings, cwd, packageVersion());
    case 'text':
      break;
  }
  const lines = findings.map((finding) => {
    const paint = finding.severity === 'error' ? colours.bad : colours.doubtful;
    return showControls(findingLine(finding, cwd)).replace(finding.severity, paint(finding.severity));
  });
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const loaded = set.compiled.rules.filter(({ info }) => set.isChosen(info)).length;
  const skipped = set.compiled.skipped.filter(({ info }) => set.isChosen(info)).length;
  const parts = [
    counted(loaded, 'rule'),
    ...(skipped > 0
      ? [`${skipped} not loaded by ${skipped === 1 ? 'its' : 'their'} status or log source`]
      : []),
    counted(errors, 'problem'),
    counted(findings.length - errors, 'warning'),
  ];
  return [...lines, parts.join(', ')].join('\n');
};
