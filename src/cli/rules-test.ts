import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Command } from 'commander';
import { junitReport } from '../app/junit.ts';
import { counted } from '../app/numbers.ts';
import type { RuleSet } from '../app/rule-set.ts';
import { type DiffLine, testDiff } from '../app/test-report.ts';
import { errorText, UsageError } from '../base/errors.ts';
import { formatProblem } from '../core/problem.ts';
import { type RuleTestResult, runRuleTests } from '../rules/run-tests.ts';
import { about, CONFIG } from './about.ts';
import { type CommandContext, EXIT } from './context.ts';
import { createListWriter, type ListFormat, type ListStyle, withListFormats } from './format.ts';
import { loadRulesOrRefuse } from './load-rules.ts';
import { type Colours, type Output, outputs } from './output.ts';

interface Options {
  readonly config?: string;
  readonly junit?: string;
  readonly output: ListFormat;
}

/** `rules test`: the rules' own tests, with a clock of their own. */
export const registerRulesTest = (rules: Command, context: CommandContext): void => {
  const command = withListFormats(rules.command('test'))
    .argument('[path...]', 'rule files and folders (default: the rules of the configuration)')
    .description('run the tests that rules bring along (monitor.tests)')
    .option('--junit <file>', 'also write a JUnit report')
    .option(...CONFIG)
    .action(async (paths: string[], options: Options) => {
      const { out } = outputs();
      const set = await loadRulesOrRefuse(options.config, paths);
      const results = runRuleTests(set.compiled, set.isChosen);
      const reported = results.map((result) => ({ result, diff: testDiff(set.compiled, result) }));
      if (options.junit !== undefined) {
        const cases = reported.map(({ result, diff }) => ({ result, detail: plain(diff) }));
        writeReport(
          options.junit,
          junitReport(cases, (path) => relative(process.cwd(), path)),
        );
      }
      if (options.output !== 'table') {
        const list = createListWriter(out, options.output, STYLE);
        for (const result of results) await list.add(result);
        await list.end();
      } else {
        for (const { result, diff } of reported) if (!result.passed) await printFailure(out, result, diff);
        await out.line(summary(set, results, out.colours));
      }
      context.exit(results.every(({ passed }) => passed) ? EXIT.ok : EXIT.failed);
    });
  about(command, ['rules test', 'rules test my-rules/number.yml', 'rules test --junit results.xml'], {
    1: 'a test failed',
  });
};

const plain = (diff: readonly DiffLine[]): string =>
  diff.map(({ sign, text }) => `${sign} ${text}`).join('\n');

const writeReport = (file: string, text: string): void => {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`--junit: ${file} cannot be written: ${errorText(error)}`);
  }
};

/** For programs: people are told of failures alone. */
const STYLE: ListStyle<RuleTestResult> = {
  columns: [],
  cells: () => [],
  json: (result) => asJson(result),
  nothing: '',
};

const asJson = ({ rule, test, passed, reason, matches }: RuleTestResult): object => ({
  rule: { id: rule.id, title: rule.title, file: relative(process.cwd(), rule.file) },
  test: test.name,
  line: test.line,
  passed,
  expected: test.expect,
  found: matches.length,
  reason,
});

const printFailure = async (
  { line, colours }: Output,
  { rule, test }: RuleTestResult,
  diff: readonly DiffLine[],
): Promise<void> => {
  const place = formatProblem(
    { file: rule.file, line: test.line, column: 1, message: test.name },
    process.cwd(),
  );
  await line(`${colours.bad('✘')} ${colours.strong(rule.title)}`);
  await line(`  ${place}`);
  for (const { sign, text } of diff) {
    const paint = sign === '-' ? colours.good : sign === '+' ? colours.bad : (same: string) => same;
    await line(`    ${paint(`${sign} ${text}`)}`);
  }
  await line();
};

const summary = (set: RuleSet, results: readonly RuleTestResult[], colours: Colours): string => {
  const failed = results.filter(({ passed }) => !passed).length;
  const chosen = set.compiled.rules.filter(({ info }) => set.isChosen(info));
  const without = chosen.filter(({ tests, alerting }) => alerting && tests.length === 0).length;
  const outcome =
    failed > 0
      ? colours.bad(`${failed} of ${counted(results.length, 'test')} failed`)
      : colours.good(`${counted(results.length, 'test')} passed`);
  const untested = without > 0 ? `, ${without} of them without a test` : '';
  return `${outcome}; ${counted(chosen.length, 'rule')}${untested}`;
};
