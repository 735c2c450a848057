import type { Match, RuleInfo } from '../core/match.ts';
import { pinnedTypes } from './candidates.ts';
import type { Detection } from './detection.ts';
import { type Document, type Header, readDocument } from './document.ts';
import type { EngineCounters, RuleEngine, RuleFailure } from './engine.ts';
import { createEvaluator, type Holds } from './evaluator.ts';
import type { RuleTest } from './monitor.ts';
import { byPlace, createReporter, type Problem, shown } from './problem.ts';
import { fold } from './text-pattern.ts';
import { createTimeZone } from './time-zone.ts';
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
  /** Names of sinks that `monitor.to` may name; not checked when missing. */
  readonly knownSinks?: readonly string[];
}

/** One loaded rule, for lists and summaries. */
export interface RuleSummary {
  readonly info: RuleInfo;
  readonly kind: 'detection' | 'correlation';
  readonly name: string | undefined;
  readonly status: string | undefined;
  readonly line: number;
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
  readonly rules: readonly RuleSummary[];
  /** All problems of all files, by place. Empty: everything is loaded. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly skipped: readonly SkippedRule[];
}

interface Loaded {
  readonly header: Header;
  readonly detection: Detection;
}

const lineOf = (header: Header): number => header.reporter.position(header.at).line;

// Ids and names share one space, as correlations and filters refer to both.
const refuseDuplicates = (documents: readonly Document[]): void => {
  const seen = new Map<string, Header>();
  for (const { header } of documents) {
    const handles = header.name === undefined ? ['id'] : ['id', 'name'];
    for (const key of handles) {
      const handle = key === 'id' ? header.info.id : (header.name as string);
      const other = seen.get(handle);
      if (!other) {
        seen.set(handle, header);
        continue;
      }
      if (other === header) continue;
      const place = `${other.info.file}:${lineOf(other)}`;
      const what =
        key === 'id' && !header.fields.has('id')
          ? `this rule is a copy of the one at ${place}`
          : `the ${key} ${shown(handle)} is already used at ${place}`;
      const at = header.fields.has(key) ? header.fields.at(key) : header.at;
      header.reporter.problem(
        at,
        what,
        key === 'id' ? 'give every rule its own id' : 'give every rule its own name',
      );
    }
  }
};

const createEngine = (loaded: readonly Loaded[], timezone: string): RuleEngine => {
  const zone = createTimeZone(timezone);
  if (!zone) throw new Error(`unknown time zone ${shown(timezone)}`);
  const counters: EngineCounters = { cutValues: 0, ungroupedEvents: 0, evictedGroups: 0, lateEvents: 0 };
  const evaluator = createEvaluator(
    loaded.map(({ detection }) => detection.expression),
    zone,
    counters,
  );
  const byType = new Map<string, number[]>();
  const anyType: number[] = [];
  for (const [index, { detection }] of loaded.entries()) {
    const types = pinnedTypes(detection.expression);
    if (!types) anyType.push(index);
    else
      for (const type of types) {
        const list = byType.get(type);
        if (list) list.push(index);
        else byType.set(type, [index]);
      }
  }
  return {
    counters,
    evaluate(event) {
      const matches: Match[] = [];
      const failures: RuleFailure[] = [];
      evaluator.show(event);
      const run = (index: number): void => {
        const { info } = (loaded[index] as Loaded).header;
        try {
          if ((evaluator.conditions[index] as Holds)())
            matches.push({
              rule: info,
              events: [event],
              group: undefined,
              values: {},
              atMs: event.createdAtMs,
            });
        } catch (error) {
          failures.push({ rule: info, error });
        }
      };
      for (const index of byType.get(fold(event.eventType)) ?? []) run(index);
      for (const index of anyType) run(index);
      return { matches, failures };
    },
    tick: () => ({ matches: [], failures: [] }),
    flush() {},
  };
};

/**
 * Compiles all rule files at once. Never throws for anything a file holds: what is wrong is in `problems`, all of it,
 * with places. Throws for an unknown `timezone`, which is the configuration's fault.
 */
export const compileRules = (files: readonly RuleFile[], options: CompileOptions = {}): CompiledRules => {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const documents: Document[] = [];
  const names = { sinks: options.knownSinks, timeWindows: [] };
  for (const { path, text } of files) {
    const reporter = createReporter(path, text, problems, warnings);
    for (const node of readYaml(text, reporter)) {
      const document = readDocument(node, names, { lists: options.lists ?? {}, reporter });
      if (document) documents.push(document);
    }
  }
  refuseDuplicates(documents);
  const loaded: Loaded[] = [];
  const skipped: SkippedRule[] = [];
  for (const document of documents) {
    const { header } = document;
    if (document.kind === 'skipped')
      skipped.push({ info: header.info, line: lineOf(header), reason: document.reason });
    else if (document.kind === 'detection' && document.detection)
      loaded.push({ header, detection: document.detection });
    else if (document.kind !== 'detection')
      header.reporter.problem(header.at, `a ${document.kind} is not supported yet`);
  }
  return {
    engine: createEngine(loaded, options.timezone ?? 'UTC'),
    rules: loaded.map(({ header, detection }) => {
      const types = pinnedTypes(detection.expression);
      return {
        info: header.info,
        kind: 'detection',
        name: header.name,
        status: header.status,
        line: lineOf(header),
        eventTypes: types && [...types],
        tests: header.monitor.tests,
      };
    }),
    problems: problems.sort(byPlace),
    warnings: warnings.sort(byPlace),
    skipped,
  };
};
