import { stableId } from '../base/hash.ts';
import { canonicalJson } from '../base/json.ts';
import { applyFilters } from './apply-filters.ts';
import { type CorrelationSpec, readCorrelation } from './correlation.ts';
import { isDecidedByTime } from './decided-by-time.ts';
import type { Document } from './document.ts';
import { type Header, type RuleHeader, ruleHeader } from './document-header.ts';
import { handlesOf } from './handles.ts';
import type { Expression } from './item.ts';
import { toJson } from './node.ts';
import { didYouMean, shown } from './problem.ts';

/** Which matches of which rule a correlation takes. */
export interface Dependent {
  /** Place in the list of correlations. */
  readonly correlation: number;
  /** Place of the rule in that correlation's list. */
  readonly ref: number;
}

/** A detection with its filters, ready to be compiled. */
export interface LinkedDetection {
  readonly header: RuleHeader;
  readonly expression: Expression;
  readonly dependents: Dependent[];
  /** False when it only feeds correlations. */
  alerting: boolean;
}

/** A correlation whose references are known. */
export interface LinkedCorrelation {
  readonly header: RuleHeader;
  readonly spec: CorrelationSpec;
  /** Changes when its definition does. */
  readonly version: string;
  readonly dependents: Dependent[];
  alerting: boolean;
}

export interface Linked {
  readonly detections: readonly LinkedDetection[];
  /** Every correlation stands after those it refers to. */
  readonly correlations: readonly LinkedCorrelation[];
}

/** A document that is right, but of no use here. */
export interface Left {
  readonly header: Header;
  readonly reason: string;
}

const checkAliases = (spec: CorrelationSpec, { reporter }: Header): void => {
  for (const [alias, fields] of spec.aliases) {
    for (const name of fields.keys())
      if (!spec.rules.includes(name))
        reporter.problem(
          spec.aliasesAt,
          `the alias ${shown(alias)} names ${shown(name)}, which is not in "rules"`,
          didYouMean(name, spec.rules),
        );
    for (const name of spec.rules)
      if (!fields.has(name))
        reporter.problem(
          spec.aliasesAt,
          `the alias ${shown(alias)} names no field for the rule ${shown(name)}`,
        );
  }
};

/** Whether a correlation and what it refers to look at different events, or wait where nobody can say that all was read. */
const refuseScope = (
  header: Header,
  spec: CorrelationSpec,
  parts: readonly (LinkedDetection | LinkedCorrelation)[],
): boolean => {
  const { scope } = header.monitor;
  const { reporter } = header;
  const before = reporter.count();
  for (const [index, part] of parts.entries())
    if ('spec' in part && part.header.monitor.scope !== scope)
      reporter.problem(
        spec.rulesAt,
        `${shown(spec.rules[index] ?? '')} is a correlation over ${
          scope === 'fleet' ? 'each account by itself' : 'all accounts'
        }, and this one is not`,
        'give both the same "scope", or refer to detections',
      );
  if (scope === 'fleet' && isDecidedByTime(spec))
    reporter.problem(
      header.fields.fields('monitor')?.at('scope') ?? header.at,
      'absence cannot be judged over all accounts, since they are never read up to the same time',
      'leave "scope" out, so that each account is judged by itself',
    );
  return reporter.count() > before;
};

/**
 * Joins documents: filters to rules, correlations to what they refer to, in an order in which every correlation comes
 * after its parts. Unknown, unloaded and circular references are problems.
 */
export const link = (documents: readonly Document[]): Linked & { readonly skipped: readonly Left[] } => {
  const byHandle = handlesOf(documents);
  const ofKind = <K extends Document['kind']>(kind: K): (Document & { readonly kind: K })[] =>
    documents.filter((document): document is Document & { readonly kind: K } => document.kind === kind);
  const detectionDocuments = ofKind('detection');
  const filters = applyFilters(detectionDocuments, ofKind('filter'), byHandle);
  const detections = new Map<Document, LinkedDetection>();
  for (const document of detectionDocuments) {
    if (!document.detection) continue;
    const extra = filters.get(document) ?? [];
    const { expression } = document.detection;
    detections.set(document, {
      header: ruleHeader(document.header),
      expression: extra.length > 0 ? { op: 'and', items: [expression, ...extra] } : expression,
      dependents: [],
      alerting: true,
    });
  }

  const specs = new Map<Document, CorrelationSpec>();
  for (const document of ofKind('correlation')) {
    const before = document.header.reporter.count();
    const spec = readCorrelation(document.header, document.section);
    if (spec) checkAliases(spec, document.header);
    if (spec && document.header.reporter.count() === before) specs.set(document, spec);
  }
  const ordered: LinkedCorrelation[] = [];
  const references = new Map<LinkedDetection | LinkedCorrelation, boolean>();
  const placed = new Map<Document, LinkedCorrelation | 'open' | 'broken' | 'foreign'>();
  const skipped: Left[] = [];
  const place = (document: Document): LinkedCorrelation | 'broken' | 'foreign' => {
    const known = placed.get(document);
    const { header } = document;
    if (known === 'open') {
      header.reporter.problem(header.at, `the correlation ${shown(header.info.title)} refers to itself`);
      return 'broken';
    }
    if (known) return known;
    const spec = specs.get(document);
    placed.set(document, spec ? 'open' : 'broken');
    if (!spec) return 'broken';
    let broken = false;
    let foreign = false;
    const parts: (LinkedDetection | LinkedCorrelation)[] = [];
    for (const name of spec.rules) {
      const target = byHandle.get(name);
      let part: LinkedDetection | LinkedCorrelation | 'broken' | 'foreign' = 'broken';
      if (!target || target.kind === 'filter') {
        header.reporter.problem(
          spec.rulesAt,
          `the correlation names an unknown rule ${shown(name)}`,
          didYouMean(name, byHandle.keys()),
        );
      } else if (target.kind === 'skipped' && target.foreign) {
        part = 'foreign';
      } else if (target.kind === 'skipped') {
        header.reporter.problem(spec.rulesAt, `the rule ${shown(name)} is not loaded (${target.reason})`);
      } else part = target.kind === 'correlation' ? place(target) : (detections.get(target) ?? 'broken');
      if (part === 'broken') broken = true;
      else if (part === 'foreign') foreign = true;
      else parts.push(part);
    }
    if (broken) {
      placed.set(document, 'broken');
      return 'broken';
    }
    if (foreign) {
      // It counts what never comes here, and is as little wrong as the rules it names.
      skipped.push({ header, reason: 'it refers to rules that are not loaded here' });
      placed.set(document, 'foreign');
      return 'foreign';
    }
    if (refuseScope(header, spec, parts)) {
      placed.set(document, 'broken');
      return 'broken';
    }
    const made: LinkedCorrelation = {
      header: spec.header,
      spec,
      version: stableId('correlation', canonicalJson(toJson(header.fields.map))),
      dependents: [],
      alerting: true,
    };
    const correlation = ordered.push(made) - 1;
    for (const [ref, part] of parts.entries()) {
      if (spec.rules.indexOf(spec.rules[ref] as string) === ref) part.dependents.push({ correlation, ref });
      references.set(part, (references.get(part) ?? false) || spec.generate || part.header.generate);
    }
    placed.set(document, made);
    return made;
  };
  for (const document of ofKind('correlation')) place(document);
  // What a correlation refers to is silent by itself, unless one that refers to it says `generate: true`.
  for (const [part, generate] of references) part.alerting = generate;
  return { detections: [...detections.values()], correlations: ordered, skipped };
};
