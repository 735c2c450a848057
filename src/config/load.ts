import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean } from '../base/similar.ts';
import type { Clock } from '../core/clock.ts';
import type { Problem } from '../core/problem.ts';
import { checkTogether } from './check-together.ts';
import { type Environment, environmentLookup } from './environment.ts';
import { concluded, createFindings } from './findings.ts';
import type { LoadedConfiguration } from './loaded.ts';
import { makeSettings } from './make-settings.ts';
import { parseYaml } from './parse-yaml.ts';
import { readProxy } from './proxy.ts';
import { type PresetSource, readPresets, type SinkTypes } from './read-presets.ts';
import { readRules } from './read-rules.ts';
import { readSections } from './read-sections.ts';
import { readText } from './read-text.ts';
import { SECTION_ORDER, SECTIONS, type SinkOptionsType } from './schema.ts';
import { RULE_SECTIONS } from './schema-rules.ts';
import { createKnownSecrets, type KnownSecrets } from './secrets.ts';
import { createSection } from './section.ts';
import type { Lookup } from './substitute.ts';
import type { Tree } from './tree.ts';
import { found, type PathProblem, problemOffset } from './validate.ts';

/** The section that an offset lies in. */
const sectionAt = (tree: Tree, offset: number): string | undefined => {
  let section: string | undefined;
  let start = -1;
  for (const key of SECTION_ORDER) {
    const place = tree.place([key]);
    const at = place?.keyOffset ?? place?.offset ?? Number.POSITIVE_INFINITY;
    if (at <= offset && at > start) [section, start] = [key, at];
  }
  return section;
};

/** Where the configuration is when none is named: in the working directory, else beside the program. */
export const defaultConfigPath = (cwd: string, packageDir: string): string => {
  const own = join(cwd, 'config', 'monitor.yml');
  return existsSync(own) ? own : join(packageDir, 'config', 'monitor.yml');
};

/**
 * Reads a configuration file, with the environment and the secret files it refers to and the rule files it names.
 * All problems are collected; it never rejects, and no message holds a secret or a value from the environment.
 */
export const loadConfiguration = async (options: {
  readonly path: string;
  readonly env: Environment;
  readonly sinkTypes: readonly SinkOptionsType[];
  /** Where kinds of sink come from beside `sinkTypes`. Absent: there are no others. */
  readonly presets?: PresetSource;
  readonly now: Clock;
  /** Whether a secret file that every user of the machine can read is a problem (the default) or a warning. */
  readonly openSecrets?: 'refuse' | 'warn';
  /** Where the secrets are added; left out: a list of its own. */
  readonly known?: KnownSecrets;
}): Promise<LoadedConfiguration> => {
  const { path } = options;
  const findings = createFindings();
  const { problems, warnings, openSecrets, elsewhere, beside } = findings;
  const known = options.known ?? createKnownSecrets();
  const sources = new Set([path]);
  const presets: Record<string, string> = {};
  const whole = (message: string): Problem => ({ file: path, line: 0, column: 0, message });
  const end = (rest: Partial<LoadedConfiguration>): LoadedConfiguration => ({
    ...concluded(findings, rest.settings),
    ruleFiles: rest.ruleFiles ?? [],
    lists: rest.lists,
    sinkNames: rest.sinkNames,
    timezone: rest.timezone,
    timeWindows: rest.timeWindows,
    storePlace: rest.storePlace,
    secrets: known.values,
    read: rest.read,
    sources: [...sources],
    presets,
  });

  const file = readText(path);
  if ('failure' in file) {
    problems.push(whole(file.failure));
    return end({});
  }
  const { lookup: find, mixed } = environmentLookup(options.env);
  const lookup: Lookup = (name) => {
    const answer = find(name);
    if (answer !== undefined && 'file' in answer && answer.file !== undefined) sources.add(answer.file);
    return answer;
  };
  const parsed = parseYaml(file.text, lookup);
  const { tree } = parsed;
  const at = (offset: number, message: string, section: unknown): Problem => {
    const problem = { file: path, ...parsed.position(offset), message };
    // A key that is none may be a slip for one that rules are read with.
    if (SECTION_ORDER.some((name) => name === section && !Object.hasOwn(RULE_SECTIONS, name)))
      elsewhere.add(problem);
    return problem;
  };
  problems.push(
    ...parsed.problems.map(({ offset, message }) => at(offset, message, tree && sectionAt(tree, offset))),
  );
  if (tree === undefined) return end({});
  const toProblem = (problem: PathProblem): Problem =>
    at(problemOffset(tree, problem), problem.message, problem.path[0]);
  const section = createSection(
    path,
    tree,
    known,
    (problem) => problems.push(toProblem(problem)),
    (problem) => warnings.push(toProblem(problem)),
    (problem) => {
      const open = toProblem(problem);
      if (options.openSecrets !== 'warn') return problems.push(open);
      openSecrets.push(open);
      return warnings.push(open);
    },
    (source) => sources.add(source),
  );
  if (typeof tree.root !== 'object' || tree.root === null || Array.isArray(tree.root)) {
    section.problem([], `top level: found ${found(tree, [], true)}, allowed: a map with at least "accounts"`);
    return end({});
  }
  for (const key of Object.keys(tree.root))
    if (!(SECTION_ORDER as readonly string[]).includes(key))
      section.keyProblem(
        [key],
        `unknown key ${JSON.stringify(key.slice(0, 80))}${didYouMean(key, SECTION_ORDER) || `; allowed: ${SECTION_ORDER.join(', ')}`}`,
      );

  const readSinkTypes = async (): Promise<SinkTypes> => {
    const { sinkTypes: builtIn, presets: source } = options;
    const folders = section.check(SECTIONS.presets, ['presets']) ?? [];
    const report = (to: Problem[]) => (problem: Problem) => {
      to.push(problem);
      elsewhere.add(problem);
      beside.add(problem);
    };
    return source === undefined
      ? { names: builtIn.map(({ type }) => type), find: (name) => builtIn.find(({ type }) => type === name) }
      : await readPresets(section, folders, builtIn, source, {
          problem: report(problems),
          warn: report(warnings),
          used(name, text) {
            presets[name] = text;
          },
        });
  };
  const read = await readSections(
    section,
    readSinkTypes,
    { file: path, text: file.text, lookup, known },
    options.sinkTypes.filter((type) => type.takesEvents).map(({ type }) => type),
  );
  const proxy = readProxy(options.env);
  for (const message of proxy.problems) {
    const problem = { file: 'environment', line: 0, column: 0, message };
    problems.push(problem);
    elsewhere.add(problem);
  }
  for (const secret of proxy.secrets) known.add(secret);
  const beforeRules = problems.length;
  const ruleFiles = read.rules === undefined ? [] : readRules(section, read.rules, problems);
  for (const problem of problems.slice(beforeRules)) beside.add(problem);
  if (problems.length === 0) {
    // These are read again before they are used; a change of theirs asks for nothing here.
    for (const { secretFile } of read.accounts ?? [])
      if (secretFile !== undefined) sources.delete(secretFile);
    for (const sink of read.sinks) if (!sink.off) for (const file of sink.secretFiles) sources.delete(file);
  }
  if (mixed()) {
    const warning = whole(
      'the API key and its secret come from names of different age (VONAGE_… and NEXMO_…): are they of one account?',
    );
    warnings.push(warning);
    elsewhere.add(warning);
  }
  const { lists, sinkNames, timezone, timeWindows } = read;
  const forRules = {
    read: { tree, sinkTypes: read.sinkTypes, line: (offset: number) => parsed.position(offset).line },
    ruleFiles,
    lists,
    sinkNames,
    timezone,
    timeWindows,
    storePlace: read.store?.place,
  };
  const settings = makeSettings(path, read, proxy.proxy);
  if (settings) checkTogether(section, settings, options.now());
  return end({ ...forRules, settings });
};
