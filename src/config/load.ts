import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean } from '../base/similar.ts';
import type { Clock } from '../core/clock.ts';
import { MIN_AUTO_OVERLAP_MS } from '../core/lateness.ts';
import type { Problem } from '../core/problem.ts';
import type { StorePlace } from '../core/store-place.ts';
import type { TimeWindowSettings } from '../core/time-window.ts';
import { checkTogether } from './check-together.ts';
import type { ReadTree } from './effective.ts';
import { type Environment, environmentLookup } from './environment.ts';
import { parseYaml } from './parse-yaml.ts';
import { readProxy } from './proxy.ts';
import { readAccounts } from './read-accounts.ts';
import { readDrill, readHeartbeat } from './read-checks.ts';
import { checkFeeds } from './read-feeds.ts';
import { readHttp } from './read-http.ts';
import { readLists } from './read-lists.ts';
import { type PresetSource, readPresets, type SinkTypes } from './read-presets.ts';
import { readRoutes } from './read-routes.ts';
import { readRules } from './read-rules.ts';
import { readSinks } from './read-sinks.ts';
import { readStore } from './read-store.ts';
import { readText } from './read-text.ts';
import { readTracing } from './read-tracing.ts';
import { arrange } from './report.ts';
import { rereadHeartbeat, rereadSink } from './reread-sink.ts';
import type { RuleFile } from './rule-files.ts';
import { SECTION_ORDER, SECTIONS, type SinkOptionsType } from './schema.ts';
import { createKnownSecrets, type KnownSecrets } from './secrets.ts';
import { createSection, type Section } from './section.ts';
import type { Settings } from './settings.ts';
import { standIns } from './stand-ins.ts';
import type { Lookup } from './substitute.ts';
import type { Tree } from './tree.ts';
import { found, type PathProblem, problemOffset } from './validate.ts';

/** Everything that a configuration file came to. */
export interface LoadedConfiguration {
  /** Undefined when there are problems. */
  readonly settings: Settings | undefined;
  /**
   * The same, also when only rule files or presets have problems, for looking after a monitor that runs. A sink of a preset
   * that has problems stands there by its name and type, without its options: nothing is to be sent by it.
   */
  readonly usable: Settings | undefined;
  /** Files named by `rules`, in the order to load them; read also when there are problems elsewhere. */
  readonly ruleFiles: readonly RuleFile[];
  /** What the rules are checked against, as far as it could be read: so a slip elsewhere makes no problems in rules. */
  readonly lists: Readonly<Record<string, readonly string[]>> | undefined;
  readonly sinkNames: readonly string[] | undefined;
  readonly timezone: string | undefined;
  readonly timeWindows: Readonly<Record<string, TimeWindowSettings>> | undefined;
  /** For reading the history without the rest of the configuration, which may want secrets that are not there. */
  readonly storePlace: StorePlace | undefined;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Those of `warnings` that are about secret files which every user of the machine can read. */
  readonly openSecrets: readonly Problem[];
  /** Those of `problems` and `warnings` without which the rules cannot be read and judged: not those of other sections. */
  readonly aboutRules: { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };
  /** Every secret that was read, for the log's redactor. Live: a rotated secret file adds its new content. */
  readonly secrets: readonly string[];
  /** What {@link effectiveConfiguration} is made of, without the redactor; undefined when the file could not be read. */
  readonly read: Omit<ReadTree, 'redact'> | undefined;
  /**
   * Files and folders that it was read from, also those that were not there. Without those that are followed while
   * running anyway: secret files of accounts and sinks.
   */
  readonly sources: readonly string[];
  /** Texts of the presets that sinks are made of, by name. */
  readonly presets: Readonly<Record<string, string>>;
}

/** Sections that rules are read with. */
const RULE_SECTIONS: readonly string[] = ['rules', 'lists', 'timezone', 'time_windows'];

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

const readTimeWindows = (section: Section): Settings['timeWindows'] | undefined => {
  const checked = section.check(SECTIONS.time_windows, ['time_windows']);
  if (checked === undefined) return undefined;
  const windows = Object.entries(checked).map(
    ([name, { days, hours, timezone }]): [string, TimeWindowSettings] => [
      name,
      { ...(days && { days }), ...(hours && { hours }), ...(timezone && { timezone }) },
    ],
  );
  return Object.fromEntries(windows);
};

/** Names of all accounts, as far as they can be read; undefined when there may be more. */
const accountNames = (section: Section): readonly string[] | undefined => {
  const raw = section.value(['accounts']);
  if (!Array.isArray(raw)) return undefined;
  const names = raw.map((_, index) => section.value(['accounts', index, 'name']));
  return names.every((name) => typeof name === 'string') ? names : undefined;
};

/** Names of all time windows, as far as they can be read. */
const windowNames = (section: Section): readonly string[] | undefined => {
  const raw = section.value(['time_windows']);
  if (raw === undefined) return [];
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? Object.keys(raw) : undefined;
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
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const known = options.known ?? createKnownSecrets();
  const sources = new Set([path]);
  const presets: Record<string, string> = {};
  const whole = (message: string): Problem => ({ file: path, line: 0, column: 0, message });
  const openSecrets: Problem[] = [];
  /** Problems and warnings that the rules do not depend on. */
  const elsewhere = new Set<Problem>();
  /** Problems of rule files and presets, without which all settings can be read. */
  const beside = new Set<Problem>();
  const end = (rest: Partial<LoadedConfiguration>): LoadedConfiguration => ({
    settings: problems.length === 0 ? rest.settings : undefined,
    usable: problems.every((problem) => beside.has(problem)) ? rest.settings : undefined,
    ruleFiles: rest.ruleFiles ?? [],
    lists: rest.lists,
    sinkNames: rest.sinkNames,
    timezone: rest.timezone,
    timeWindows: rest.timeWindows,
    storePlace: rest.storePlace,
    problems: arrange(problems),
    warnings: arrange(warnings),
    openSecrets: arrange(openSecrets),
    aboutRules: {
      problems: arrange(problems.filter((problem) => !elsewhere.has(problem))),
      warnings: arrange(warnings.filter((warning) => !elsewhere.has(warning))),
    },
    secrets: known.values,
    read: rest.read,
    sources: [...sources],
    presets,
  });

  const read = readText(path);
  if ('failure' in read) {
    problems.push(whole(read.failure));
    return end({});
  }
  const { lookup: find, mixed } = environmentLookup(options.env);
  const lookup: Lookup = (name) => {
    const answer = find(name);
    if (answer !== undefined && 'file' in answer && answer.file !== undefined) sources.add(answer.file);
    return answer;
  };
  const parsed = parseYaml(read.text, lookup);
  const { tree } = parsed;
  const at = (offset: number, message: string, section: unknown): Problem => {
    const problem = { file: path, ...parsed.position(offset), message };
    // A key that is none may be a slip for one that rules are read with.
    if (SECTION_ORDER.some((name) => name === section && !RULE_SECTIONS.includes(name)))
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
  const accounts = readAccounts(section);
  const api = section.check(SECTIONS.api, ['api']);
  const poll = section.check(SECTIONS.poll, ['poll']);
  const reconcile = section.check(SECTIONS.reconcile, ['reconcile']);
  const drift = section.check(SECTIONS.drift, ['drift']);
  const store = readStore(section);
  const rules = section.check(SECTIONS.rules, ['rules']);
  // A text where a list belongs can be anything, a secret that slipped a level too: it is not shown.
  const listed = section.check(SECTIONS.lists, ['lists'], (at) => at.length === 2);
  const lists = listed && readLists(section, listed);
  const timezone = section.check(SECTIONS.timezone, ['timezone']);
  const timeWindows = readTimeWindows(section);
  const sinkTypes = await readSinkTypes();
  const { sinks: readOnce, names: sinkNames } = readSinks(section, sinkTypes);
  const source = { file: path, text: read.text, lookup, known, sinkTypes };
  const sinks = readOnce.map((sink) => ({ ...sink, reread: () => rereadSink(source, sink.name) }));
  const routes = readRoutes(section, {
    sinks: sinkNames,
    accounts: accountNames(section),
    timeWindows: windowNames(section),
  });
  checkFeeds(
    section,
    sinks,
    options.sinkTypes.filter((type) => type.takesEvents).map(({ type }) => type),
  );
  const http = readHttp(section);
  const drill = readDrill(section, sinkNames, timezone);
  const heartbeat = readHeartbeat(section);
  const tracing = readTracing(section);
  const log = section.check(SECTIONS.log, ['log']);
  const reload = section.check(SECTIONS.reload, ['reload']);
  const proxy = readProxy(options.env);
  for (const message of proxy.problems) {
    const problem = { file: 'environment', line: 0, column: 0, message };
    problems.push(problem);
    elsewhere.add(problem);
  }
  for (const secret of proxy.secrets) known.add(secret);
  const beforeRules = problems.length;
  const ruleFiles = rules === undefined ? [] : readRules(section, rules, problems);
  for (const problem of problems.slice(beforeRules)) beside.add(problem);
  if (problems.length === 0) {
    // These are read again before they are used; a change of theirs asks for nothing here.
    for (const { secretFile } of accounts ?? []) if (secretFile !== undefined) sources.delete(secretFile);
    for (const sink of sinks) if (!sink.off) for (const file of sink.secretFiles) sources.delete(file);
  }
  if (mixed()) {
    const warning = whole(
      'the API key and its secret come from names of different age (VONAGE_… and NEXMO_…): are they of one account?',
    );
    warnings.push(warning);
    elsewhere.add(warning);
  }
  const forRules = {
    read: { tree, sinkTypes, line: (offset: number) => parsed.position(offset).line },
    ruleFiles,
    lists,
    sinkNames,
    timezone,
    timeWindows,
    storePlace: store?.place,
  };

  if (!accounts || !api || !poll || !reconcile || !drift || !store) return end(forRules);
  if (!lists || !timezone || !timeWindows || !routes || !http || !log || !reload) return end(forRules);
  const settings: Settings = {
    file: path,
    accounts,
    api: {
      baseUrl: api.base_url,
      pageSize: api.page_size,
      timeoutMs: api.timeout,
      requestsPerSecond: api.requests_per_second,
    },
    poll: {
      intervalMs: poll.interval,
      overlapMs: poll.overlap === 'auto' ? MIN_AUTO_OVERLAP_MS : poll.overlap,
      overlapAuto: poll.overlap === 'auto',
      settleMs: poll.settle,
      start: poll.start,
      maxWindowEvents: poll.max_window_events,
    },
    reconcile: {
      requestsPerMinute: reconcile.requests_per_minute,
      backfillRequestsPerMinute: reconcile.backfill_requests_per_minute,
      sweeps: reconcile.windows.map(({ last, every }) => ({ lastMs: last, everyMs: every })),
    },
    drift: { learnMs: drift.learn },
    store,
    lists,
    timezone,
    timeWindows,
    sinks: [...sinks, ...standIns(section, sinks, sinkNames)],
    routes: routes.routes,
    feeds: routes.feeds,
    http,
    drill,
    heartbeat: heartbeat && { ...heartbeat, reread: () => rereadHeartbeat(source) },
    tracing,
    log,
    reload,
    proxy: proxy.proxy,
  };
  checkTogether(section, settings, options.now());
  return end({ ...forRules, settings });
};
