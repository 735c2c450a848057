import { isAbsolute, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { byPlace, formatProblem, type Problem } from '../core/problem.ts';

/** A problem or a warning. */
export interface Finding extends Problem {
  readonly severity: 'error' | 'warning';
}

/** Ways to write findings down: for people, for scripts, for a GitHub workflow, for code scanning and editors. */
export const FINDING_FORMATS = ['text', 'json', 'github', 'sarif'] as const;
export type FindingFormat = (typeof FINDING_FORMATS)[number];

/** Problems and warnings in one list, by place. */
export const findingsOf = (problems: readonly Problem[], warnings: readonly Problem[]): readonly Finding[] =>
  [
    ...problems.map((problem): Finding => ({ ...problem, severity: 'error' })),
    ...warnings.map((problem): Finding => ({ ...problem, severity: 'warning' })),
  ].sort(byPlace);

/** The path as seen from `cwd` when it lies inside, with forward slashes; undefined outside. */
const inside = (file: string, cwd: string): string | undefined => {
  const path = relative(cwd, file);
  return path === '' || path.startsWith('..') || isAbsolute(path) ? undefined : path.replaceAll('\\', '/');
};

/** One JSON array. */
export const findingsJson = (findings: readonly Finding[], cwd: string): string =>
  JSON.stringify(
    findings.map(({ severity, file, line, column, message }) => ({
      severity,
      file: inside(file, cwd) ?? file,
      line,
      column,
      message,
    })),
  );

// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
const data = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/** Workflow commands that make annotations of a GitHub run, one a line. */
export const findingsGithub = (findings: readonly Finding[], cwd: string): string =>
  findings
    .map(({ severity, file, line, column, message }) => {
      const place = line > 0 ? `,line=${line},col=${column}` : '';
      return `::${severity} file=${property(inside(file, cwd) ?? file)}${place}::${data(message)}`;
    })
    .join('\n');

const SARIF_RULES = [
  {
    id: 'rule-problem',
    name: 'RuleProblem',
    shortDescription: { text: 'The rule cannot be loaded' },
    defaultConfiguration: { level: 'error' },
  },
  {
    id: 'rule-warning',
    name: 'RuleWarning',
    shortDescription: { text: 'The rule probably does not do what was meant' },
    defaultConfiguration: { level: 'warning' },
  },
] as const;

const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

const sarifResult = ({ severity, file, line, column, message }: Finding, cwd: string): object => {
  const path = inside(file, cwd);
  const ruleIndex = severity === 'error' ? 0 : 1;
  return {
    ruleId: SARIF_RULES[ruleIndex].id,
    ruleIndex,
    level: severity,
    message: { text: message },
    locations: [
      {
        physicalLocation: {
          artifactLocation:
            path === undefined
              ? { uri: pathToFileURL(file).href }
              : { uri: encodePath(path), uriBaseId: '%SRCROOT%' },
          ...(line > 0 ? { region: { startLine: line, startColumn: column } } : {}),
        },
      },
    ],
  };
};

/** A SARIF 2.1.0 log (OASIS): paths relative to `cwd`, columns in UTF-16 units as editors count them. */
export const findingsSarif = (findings: readonly Finding[], cwd: string, version: string): string =>
  JSON.stringify({
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'vonage-audit-monitor', semanticVersion: version, rules: SARIF_RULES } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => sarifResult(finding, cwd)),
      },
    ],
  });

/** One finding a line for people: `error: file:line:column: message`. */
export const findingLine = (finding: Finding, cwd: string): string =>
  `${finding.severity}: ${formatProblem(finding, cwd)}`;
