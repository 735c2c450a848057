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
  // By the place of the rule, as aliases may give each rule its own field.
  const named = (names: readonly string[]): string[][] =>
    spec.rules.map((rule) => names.map((name) => spec.aliases.get(name)?.get(rule) ?? name));
  const groupFields = named(groupBy);
  const valueFields = named(spec.fields);

  const textsOf = (contribution: Contribution): string[] | undefined => {
    const texts: string[] = [];
    for (const field of groupFields[contribution.ref] as string[]) {
      const text = contribution.read(field);
      if (text === undefined) return undefined;
      texts.push(text);
    }
    return texts;
  };

  const valueOf = (contribution: Contribution): string | number | undefined => {
    if (spec.fields.length === 0) return undefined;
    const fields = valueFields[contribution.ref] as string[];
    if (counted && fields.length === 1) return contribution.read(fields[0] as string);
    const texts = fields.map((field) => contribution.read(field));
    if (texts.includes(undefined)) return undefined;
    if (counted) return JSON.stringify(texts);
    const text = texts[0] as string;
    return /^\s*[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\s*$/.test(text) ? Number(text) : undefined;
  };

  return { textsOf, valueOf };
};

/** All fields that a correlation reads of the events of its rules. */
export const contributedFields = (spec: CorrelationSpec): readonly string[] => {
  const names = [...spec.groupBy, ...spec.fields];
  return [...names, ...[...spec.aliases.values()].flatMap((fields) => [...fields.values()])];
};
