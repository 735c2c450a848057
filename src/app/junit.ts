import type { RuleTestResult } from '../rules/run-tests.ts';

// Characters that XML 1.0 does not allow at all, not even as references.
// oxlint-disable-next-line eslint/no-control-regex -- these are the characters it is about
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(FORBIDDEN, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\t', '&#9;')
    .replaceAll('\r', '&#13;');

/** A test with what went wrong in full, for people; '' when it passed. */
export interface ReportedTest {
  readonly result: RuleTestResult;
  readonly detail: string;
}

/** A JUnit XML report: one suite per rule, one case per test. `file` is what the report calls a rule's file. */
export const junitReport = (tests: readonly ReportedTest[], file: (path: string) => string): string => {
  const suites = new Map<string, ReportedTest[]>();
  for (const test of tests) {
    const { id } = test.result.rule;
    const suite = suites.get(id);
    if (suite) suite.push(test);
    else suites.set(id, [test]);
  }
  const failures = (of: readonly ReportedTest[]): number => of.filter(({ result }) => !result.passed).length;
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="rules" tests="${tests.length}" failures="${failures(tests)}" errors="0">`,
  ];
  for (const suite of suites.values()) {
    const [first] = suite;
    if (!first) continue;
    const { rule } = first.result;
    lines.push(
      `  <testsuite name="${escaped(rule.title)}" tests="${suite.length}" failures="${failures(suite)}" errors="0" skipped="0">`,
    );
    for (const { result, detail } of suite) {
      const head = `    <testcase name="${escaped(result.test.name)}" classname="${escaped(rule.title)}" file="${escaped(file(rule.file))}" line="${result.test.line}"`;
      if (result.passed) lines.push(`${head}/>`);
      else
        lines.push(
          `${head}>`,
          `      <failure message="${escaped(result.reason)}">${escaped(detail)}</failure>`,
          '    </testcase>',
        );
    }
    lines.push('  </testsuite>');
  }
  lines.push('</testsuites>', '');
  return lines.join('\n');
};
