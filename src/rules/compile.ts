import type { RuleInfo } from '../core/match.ts';
import { createTimeWindow, type TimeWindow, type TimeWindowSettings } from '../core/time-window.ts';
import { createTimeZone, type TimeZone } from '../core/time-zone.ts';
import { pinnedTypes } from './candidates.ts';
import type { EngineOptions } from './create-engine.ts';
import { BROKEN, type Document, readDocument } from './document.ts';
import type { Header } from './document-header.ts';
import type { RuleEngine } from './engine.ts';
import { createEngines, fleetPartsOf } from './fleet.ts';
import { type Left, type Linked, type LinkedCorrelation, type LinkedDetection, link } from './link.ts';
import { KNOWN_EVENT_TYPES, lintDocument } from './lint.ts';
import type { RuleTest, Scope } from './monitor.ts';
import type { Node } from './node.ts';
import type { ValueContext } from './placeholders.ts';
import { byPlace, createReporter, type Problem, shown } from './problem.ts';
import { readYaml } from './yaml.ts';

/** A rule file as text; `path` is what messages call it. */
export interface RuleFile {
  readonly path: string;
  readonly text: string;
}

export interface CompileOptions {
  /** Values of `%name%` for `expand`. */
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  /** IANA name of the zone of `hour`, `day` and the like; UTC when missing. */
  readonly timezone?: string;
  /** Named time windows for `inside` and `outside`. */
  readonly timeWindows?: Readonly<Record<string, TimeWindowSettings>>;
  /** Rules whose logsource names another product are not loaded (and said); null: all are. Default `vonage`. */
  readonly product?: string | null;
  /** Event types the API knows, for warnings; the published ones when missing. */
  readonly eventTypes?: readonly string[];
  /** A rule whose placeholder has no list is a problem (`refuse`, the default) or left out with a warning (`skip`). */
  readonly missingLists?: 'refuse' | 'skip';
  /** Groups that one correlation remembers at most (100,000); the least recently changed go first, counted. */
  readonly maxGroups?: number;
  /** Names of sinks that `monitor.to` may name; not checked when missing. */
  readonly knownSinks?: readonly string[];
}

/** One loaded rule, for lists and summaries. */
export interface RuleSummary {
  readonly info: RuleInfo;
  readonly kind: 'detection' | 'correlation';
  /** `fleet`: it looks at the events of all accounts together. */
  readonly scope: Scope;
  readonly name: string | undefined;
  readonly status: string | undefined;
  readonly line: number;
  /** False when it only feeds correlations. */
  readonly alerting: boolean;
  /** Event types (lower case) outside of which it cannot match; undefined: any. */
  readonly eventTypes: readonly string[] | undefined;
  readonly tests: readonly RuleTest[];
}

/** A document that is right but not loaded. */
export interface SkippedRule {
  readonly info: RuleInfo;
  readonly line: number;
  /** For people, such as `status: deprecated`. */
  readonly reason: string;
}

export interface CompiledRules {
  /** Evaluates the rules that have no problem; with problems it should not be used. */
  readonly engine: RuleEngine;
  /** Evaluates the correlations over all accounts, each event with its account as a field; undefined: there are none. */
  readonly fleet: RuleEngine | undefined;
  readonly rules: readonly RuleSummary[];
  /** All problems of all files, by place. Empty: everything is loaded. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly skipped: readonly SkippedRule[];
  /** The rules as they are evaluated: for explanations and for the rules' own tests. */
  readonly linked: Linked;
  readonly engineOptions: EngineOptions;
}

// The configuration has its own checks; these are for callers without one.
const settingsProblem = (file: string, message: string): Problem => ({ file, line: 0, column: 0, message });

const zoneOf = (name: string, problems: Problem[]): TimeZone => {
  const zone = createTimeZone(name);
  if (zone) return zone;
  problems.push(
    settingsProblem('timezone', `unknown time zone ${shown(name)}; write a name such as Europe/Berlin`),
  );
  return createTimeZone('UTC') as TimeZone;
};

const windowsOf = (
  settings: Readonly<Record<string, TimeWindowSettings>>,
  zone: TimeZone,
  problems: Problem[],
): Map<string, TimeWindow> => {
  const windows = new Map<string, TimeWindow>();
  for (const [name, each] of Object.entries(settings)) {
    const window = createTimeWindow(each, zone);
    if (typeof window === 'string') problems.push(settingsProblem(`time_windows.${name}`, window));
    else windows.set(name, window);
  }
  return windows;
};

// A rule for the logs of another product would only cost time here, and its keywords might match by accident.
const foreign = (header: Header, product: string | undefined): string | undefined => {
  const found = header.logsource?.product;
  if (product === undefined || found === undefined || found === product) return undefined;
  return `logsource: its product is ${shown(found)}, and events here are of ${shown(product)}`;
};

/** Documents left out for one reason that are warned of one by one; of more, the first stands for all. */
const MOST_ALIKE = 5;

// Said once for a folder full of rules for other logs, as nobody reads three thousand warnings.
const warnOfLeft = (left: readonly Left[]): void => {
  const alike = new Map<string, Left[]>();
  for (const each of left) {
    // A status says for itself that the rule is not loaded.
    if (each.reason.startsWith('status:') || each.reason === BROKEN) continue;
    const known = alike.get(each.reason);
    if (known) known.push(each);
    else alike.set(each.reason, [each]);
  }
  for (const [reason, some] of alike) {
    const many = some.length > MOST_ALIKE;
    for (const { header } of many ? some.slice(0, 1) : some) {
      const more = many ? `, nor are ${some.length - 1} others for this reason` : '';
      const at = header.fields.has('logsource') ? header.fields.at('logsource') : header.at;
      header.reporter.warn(at, `the rule is not loaded (${reason})${more}`);
    }
  }
};

const actionOf = (node: Node): string | undefined => {
  const value = node.kind === 'map' ? node.entries.find(({ key }) => key === 'action')?.value : undefined;
  return value?.kind === 'scalar' ? value.text : undefined;
};

const summaryOf = (rule: LinkedDetection | LinkedCorrelation): RuleSummary => {
  const { header, alerting } = rule;
  const types = 'expression' in rule ? pinnedTypes(rule.expression) : undefined;
  return {
    info: header.info,
    kind: 'expression' in rule ? 'detection' : 'correlation',
    scope: header.monitor.scope,
    name: header.name,
    status: header.status,
    line: header.line,
    alerting,
    eventTypes: types && [...types],
    tests: header.monitor.tests,
  };
};

/**
 * Compiles all rule files at once. Never throws for anything a file or an option holds: what is wrong is in
 * `problems`, all of it, with places.
 */
export const compileRules = (files: readonly RuleFile[], options: CompileOptions = {}): CompiledRules => {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const skipped: SkippedRule[] = [];
  const zone = zoneOf(options.timezone ?? 'UTC', problems);
  const timeWindows = windowsOf(options.timeWindows ?? {}, zone, problems);
  const names = { sinks: options.knownSinks, timeWindows: Object.keys(options.timeWindows ?? {}) };
  const product = options.product === undefined ? 'vonage' : (options.product ?? undefined);
  const documents: Document[] = [];
  const sound: Document[] = [];
  for (const { path, text } of files) {
    const reporter = createReporter(path, text, problems, warnings);
    const context: ValueContext = {
      lists: options.lists ?? {},
      reporter,
      ...(options.missingLists === 'skip' && { onUnlisted() {} }),
    };
    const leftOut = (header: Header): string | undefined => foreign(header, product);
    // Of a file in the style of Sigma 1 whose first document retires all that follow, only that one is looked at.
    let retired = false;
    for (const node of readYaml(text, reporter)) {
      const before = reporter.count();
      const action = actionOf(node);
      if (retired && action !== 'reset' && action !== 'global') continue;
      const document = readDocument(node, names, context, leftOut);
      retired = action === 'global' && document?.kind === 'skipped';
      if (!document) continue;
      documents.push(document);
      if (reporter.count() === before) sound.push(document);
    }
  }
  const linked = link(documents);
  const lintContext = {
    eventTypes: options.eventTypes ?? KNOWN_EVENT_TYPES,
    fleetParts: fleetPartsOf(linked),
  };
  for (const document of sound) lintDocument(document, product === 'vonage', lintContext);
  const left = [...documents.filter((document) => document.kind === 'skipped'), ...linked.skipped];
  for (const { header, reason } of left) skipped.push({ info: header.info, line: header.line, reason });
  warnOfLeft(left);
  const engineOptions = { zone, timeWindows, maxGroups: options.maxGroups ?? 100_000 };
  return {
    linked,
    engineOptions,
    ...createEngines(linked, engineOptions),
    rules: [...linked.detections, ...linked.correlations].map(summaryOf),
    problems: problems.sort(byPlace),
    warnings: warnings.sort(byPlace),
    skipped,
  };
};
