import type { AuditEvent } from '../core/event.ts';
import type { CorrelationSpec } from './correlation.ts';

/** What a matching rule hands to a correlation that refers to it. */
export interface Contribution {
  /** Place of the rule in the correlation's list. */
  readonly ref: number;
  readonly atMs: number;
  /** The text of a field; several values are one JSON list; undefined when it is missing. */
  read(field: string): string | undefined;
  readonly events: readonly AuditEvent[];
}

/** What a correlation takes from a contribution; undefined where a field is missing or is no number. */
export interface ContributionReader {
  /** Texts of the group-by fields. */
  textsOf(contribution: Contribution): string[] | undefined;
  /** What is counted or computed with. */
  valueOf(contribution: Contribution): string | number | undefined;
}

/** Makes the reader of a correlation, which knows its aliases. */
export const createContributionReader = (spec: CorrelationSpec): ContributionReader => {
  const { groupBy } = spec;
  const counted = spec.type === 'value_count';
  const fieldOf = (name: string, ref: number): string =>
    spec.aliases.get(name)?.get(spec.rules[ref] as string) ?? name;

  const textsOf = (contribution: Contribution): string[] | undefined => {
    const texts: string[] = [];
    for (const name of groupBy) {
      const text = contribution.read(fieldOf(name, contribution.ref));
      if (text === undefined) return undefined;
      texts.push(text);
    }
    return texts;
  };

  const valueOf = (contribution: Contribution): string | number | undefined => {
    if (spec.fields.length === 0) return undefined;
    const texts = spec.fields.map((field) => contribution.read(fieldOf(field, contribution.ref)));
    if (texts.includes(undefined)) return undefined;
    if (counted) return texts.length === 1 ? texts[0] : JSON.stringify(texts);
    const text = texts[0] as string;
    return /^\s*[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\s*$/.test(text) ? Number(text) : undefined;
  };

  return { textsOf, valueOf };
};
