import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean } from '../base/similar.ts';
import type { Clock } from '../core/ports.ts';
import type { Problem } from '../core/problem.ts';
import { checkTogether } from './check-together.ts';
import { type Environment, environmentLookup } from './environment.ts';
import { parseYaml } from './parse-yaml.ts';
import { readProxy } from './proxy.ts';
import { readAccounts } from './read-accounts.ts';
import { readRoutes } from './read-routes.ts';
import { readRules } from './read-rules.ts';
import { readSinks } from './read-sinks.ts';
import { readText } from './read-text.ts';
import { arrange } from './report.ts';
import type { RuleFile } from './rule-files.ts';
import { SECTION_ORDER, SECTIONS, type SinkOptionsType } from './schema.ts';
import { createKnownSecrets } from './secrets.ts';
import { createSection, type Section } from './section.ts';
import type { Settings } from './settings.ts';
import { found, type PathProblem, problemOffset } from './validate.ts';

/** Everything that a configuration file came to. */
export interface LoadedConfiguration {
  /** Undefined when there are problems. */
  readonly settings: Settings | undefined;
  /** Files named by `rules`, in the order to load them; read also when there are problems elsewhere. */
  readonly ruleFiles: readonly RuleFile[];
  /** What the rules are checked against, as far as it could be read: so a slip elsewhere makes no problems in rules. */
  readonly lists: Readonly<Record<string, readonly string[]>> | undefined;
  readonly sinkNames: readonly string[] | undefined;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Every secret that was read, for the log's redactor. Live: a rotated secret file adds its new content. */
  readonly secrets: readonly string[];
}

/** Names of all accounts, as far as they can be read; undefined when there may be more. */
const accountNames = (section: Section): readonly string[] | undefined => {
  const raw = section.value(['accounts']);
  if (!Array.isArray(raw)) return undefined;
  const names = raw.map((_, index) => section.value(['accounts', index, 'name']));
  return names.every((name) => typeof name === 'string') ? names : undefined;
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
  readonly now: Clock;
}): Promise<LoadedConfiguration> => {
  const { path } = options;
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const known = createKnownSecrets();
  const whole = (message: string): Problem => ({ file: path, line: 0, column: 0, message });
  const end = (
    rest: Partial<Pick<LoadedConfiguration, 'settings' | 'ruleFiles' | 'lists' | 'sinkNames'>>,
  ): LoadedConfiguration => ({
    settings: problems.length === 0 ? rest.settings : undefined,
    ruleFiles: rest.ruleFiles ?? [],
    lists: rest.lists,
    sinkNames: rest.sinkNames,
    problems: arrange(problems),
    warnings: arrange(warnings),
    secrets: known.values,
  });

  const read = readText(path);
  if ('failure' in read) {
    problems.push(whole(read.failure));
    return end({});
  }
  const { lookup, mixed } = environmentLookup(options.env);
  const parsed = parseYaml(read.text, lookup);
  const at = (offset: number, message: string): Problem => ({
    file: path,
    ...parsed.position(offset),
    message,
  });
  problems.push(...parsed.problems.map(({ offset, message }) => at(offset, message)));
  const { tree } = parsed;
  if (tree === undefined) return end({});
  const toProblem = (problem: PathProblem): Problem => at(problemOffset(tree, problem), problem.message);
  const section = createSection(
    path,
    tree,
    known,
    (problem) => problems.push(toProblem(problem)),
    (problem) => warnings.push(toProblem(problem)),
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

  const accounts = readAccounts(section);
  const api = section.check(SECTIONS.api, ['api']);
  const poll = section.check(SECTIONS.poll, ['poll']);
  const store = section.check(SECTIONS.store, ['store']);
  const rules = section.check(SECTIONS.rules, ['rules']);
  const lists = section.check(SECTIONS.lists, ['lists']);
  const timezone = section.check(SECTIONS.timezone, ['timezone']);
  const { sinks, names: sinkNames } = readSinks(section, options.sinkTypes);
  const routes = readRoutes(section, { sinks: sinkNames, accounts: accountNames(section) });
  const http = section.check(SECTIONS.http, ['http']);
  const log = section.check(SECTIONS.log, ['log']);
  const proxy = readProxy(options.env);
  problems.push(...proxy.problems.map((message) => ({ file: 'environment', line: 0, column: 0, message })));
  for (const secret of proxy.secrets) known.add(secret);
  const ruleFiles = rules === undefined ? [] : readRules(section, rules, problems);
  if (mixed())
    warnings.push(
      whole(
        'the API key and its secret come from names of different age (VONAGE_… and NEXMO_…): are they of one account?',
      ),
    );

  if (!accounts || !api || !poll || !store || !lists || !timezone || !routes || !http || !log)
    return end({ ruleFiles, lists, sinkNames });
  const settings: Settings = {
    file: path,
    accounts,
    api: { baseUrl: api.base_url, pageSize: api.page_size, timeoutMs: api.timeout },
    poll: {
      intervalMs: poll.interval,
      overlapMs: poll.overlap,
      settleMs: poll.settle,
      start: poll.start,
      maxWindowEvents: poll.max_window_events,
    },
    store: { path: store.path, retentionMs: store.retention },
    lists,
    timezone,
    sinks,
    routes,
    http: { listen: http.listen },
    log,
    proxy: proxy.proxy,
  };
  checkTogether(section, settings, options.now());
  return end({ settings, ruleFiles, lists, sinkNames });
};
