import type { Document } from './document.ts';
import type { LogSource } from './document-header.ts';
import type { Expression } from './item.ts';
import { didYouMean, shown } from './problem.ts';

type DetectionDocument = Document & { readonly kind: 'detection' };
type FilterDocument = Document & { readonly kind: 'filter' };

// A filter applies to rules whose log source is the same as, or more specific than, its own.
const covers = (filter: LogSource | undefined, rule: LogSource | undefined): boolean =>
  (['category', 'product', 'service'] as const).every(
    (key) => filter?.[key] === undefined || filter[key] === rule?.[key],
  );

/**
 * What filters add to the detections they apply to: each is a further condition that must hold. Slips in what a filter names are
 * problems.
 */
export const applyFilters = (
  detections: readonly DetectionDocument[],
  filters: readonly FilterDocument[],
  byHandle: ReadonlyMap<string, Document>,
): Map<DetectionDocument, Expression[]> => {
  const applied = new Map<DetectionDocument, Expression[]>();
  for (const filter of filters) {
    const { header, detection } = filter;
    const targets: DetectionDocument[] = [];
    if (filter.rules === 'any')
      targets.push(...detections.filter((rule) => covers(header.logsource, rule.header.logsource)));
    else {
      if (filter.rules.length === 0)
        header.reporter.problem(
          filter.rulesAt,
          'the list of rules is empty',
          'write "any", or remove the filter',
        );
      for (const name of filter.rules) {
        const target = byHandle.get(name);
        if (!target || target.kind === 'filter')
          header.reporter.problem(
            filter.rulesAt,
            `the filter names an unknown rule ${shown(name)}`,
            didYouMean(name, byHandle.keys()),
          );
        else if (target.kind === 'correlation')
          header.reporter.problem(
            filter.rulesAt,
            `${shown(name)} is a correlation, to which filters do not apply`,
            'name the rules it refers to',
          );
        else if (target.kind === 'detection') {
          if (covers(header.logsource, target.header.logsource)) targets.push(target);
          else
            header.reporter.warn(
              filter.rulesAt,
              `the filter's logsource is not that of ${shown(name)}, so it does not apply`,
            );
        }
      }
    }
    if (!detection) continue;
    const expression: Expression = {
      op: 'selection',
      name: `filter ${shown(header.info.title)}`,
      item: detection.expression,
    };
    for (const target of targets) applied.set(target, [...(applied.get(target) ?? []), expression]);
  }
  return applied;
};
