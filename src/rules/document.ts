import { type Detection, readDetection } from './detection.ts';
import { type Header, readHeader } from './document-header.ts';
import type { MonitorNames } from './monitor.ts';
import type { Mapping, Node } from './node.ts';
import type { ValueContext } from './placeholders.ts';
import { didYouMean, oneOf, type Reporter, shown } from './problem.ts';
import type { Fields } from './read.ts';

/** The reason of a document that is no use to anybody. */
export const BROKEN = 'it has problems';

export type Document =
  | { readonly kind: 'detection'; readonly header: Header; readonly detection: Detection | undefined }
  | { readonly kind: 'correlation'; readonly header: Header; readonly section: Fields }
  | {
      readonly kind: 'filter';
      readonly header: Header;
      readonly rules: readonly string[] | 'any';
      readonly rulesAt: number;
      readonly detection: Detection | undefined;
    }
  | {
      readonly kind: 'skipped';
      readonly header: Header;
      readonly reason: string;
      /** Nothing is wrong with it: it is for other logs. */
      readonly foreign?: boolean;
    };

const readFilterRules = (section: Fields, reporter: Reporter): readonly string[] | 'any' => {
  const rules = section.texts('rules');
  if (rules === undefined && !section.has('rules'))
    reporter.problem(section.map.at, '"filter" needs "rules", a list of rule ids or names, or "any"');
  return rules === undefined || (rules.length === 1 && rules[0] === 'any') ? 'any' : rules;
};

/**
 * Reads one document. Undefined when it is no Sigma document at all; problems are reported in every case. A detection
 * for which `leftOut` has a reason is read like any other and then skipped, except that its placeholders need no lists.
 */
export const readDocument = (
  node: Node,
  names: MonitorNames,
  context: ValueContext,
  leftOut: (header: Header) => string | undefined,
): Document | undefined => {
  const { reporter } = context;
  if (node.kind !== 'map') {
    reporter.problem(node.at, 'a rule must be a map that begins with "title:"');
    return undefined;
  }
  const action = node.entries.find(({ key }) => key === 'action');
  const retired = action && retiredStatus(node);
  if (retired !== undefined)
    return { kind: 'skipped', header: readHeader(node, names, 'detection', reporter), reason: retired };
  if (action) {
    reporter.problem(
      action.at,
      '"action: global / repeat / reset" is not part of Sigma 2',
      'write every rule out, "---" between them',
    );
    return undefined;
  }
  const kinds = (['detection', 'correlation', 'filter'] as const).filter((key) =>
    node.entries.some((entry) => entry.key === key),
  );
  const [kind] = kinds;
  if (!kind || kinds.length > 1) {
    const found = kinds.length > 1 ? `has ${kinds.join(' and ')}` : 'has none of these keys';
    const slip = node.entries.find(({ key }) => didYouMean(key, ['detection', 'correlation', 'filter']));
    reporter.problem(
      slip?.at ?? node.at,
      `a document is one of ${oneOf(['detection', 'correlation', 'filter'])}, this one ${found}`,
      slip && didYouMean(slip.key, ['detection', 'correlation', 'filter']),
    );
    return undefined;
  }
  const header = readHeader(node, names, kind, reporter);
  const retirement = retiredStatus(node);
  if (retirement !== undefined) return { kind: 'skipped', header, reason: retirement };
  const section = header.fields.fields(kind);
  if (!section) {
    reporter.problem(header.fields.at(kind), `"${kind}" must be a map`);
    return { kind: 'skipped', header, reason: BROKEN };
  }
  switch (kind) {
    case 'detection': {
      refuseFleet(header, reporter);
      const reason = leftOut(header);
      let unlisted: string | undefined;
      const onUnlisted = (name: string): void => {
        unlisted ??= name;
      };
      const listless = reason !== undefined || context.onUnlisted !== undefined;
      const detection = readDetection(section.map, [], { ...context, ...(listless && { onUnlisted }) });
      if (reason !== undefined) return { kind: 'skipped', header, reason, foreign: true };
      if (unlisted === undefined) return { kind, header, detection };
      context.onUnlisted?.(unlisted);
      return { kind: 'skipped', header, reason: `no list ${shown(unlisted)} for its placeholder` };
    }
    case 'filter': {
      refuseFleet(header, reporter);
      const rules = readFilterRules(section, reporter);
      const detection = readDetection(section.map, ['rules'], context);
      return { kind, header, rules, rulesAt: section.at('rules'), detection };
    }
    case 'correlation':
      refuseNovelty(header, reporter);
      break;
  }
  return { kind, header, section };
};

/** Why a document that its status retires is not loaded; undefined for any other status. */
const retiredStatus = (map: Mapping): string | undefined => {
  const value = map.entries.find(({ key }) => key === 'status')?.value;
  const retired = value?.kind === 'scalar' && /^(?:deprecated|unsupported)$/i.test(value.text);
  return retired ? `status: ${value.text.toLowerCase()}` : undefined;
};

/** One event is of one account; only what counts several can look at all accounts. */
const refuseFleet = (header: Header, reporter: Reporter): void => {
  if (header.monitor.scope !== 'fleet') return;
  const hint = 'put it on the correlation that refers to this rule';
  reporter.problem(
    header.fields.fields('monitor')?.at('scope') ?? header.at,
    '"scope: fleet" is for correlations',
    hint,
  );
};

/** What is new or different is asked about an event, so of a detection; ignoring it here would look as if it worked. */
const refuseNovelty = (header: Header, reporter: Reporter): void => {
  const block = header.fields.fields('monitor');
  for (const key of ['first_seen', 'changed']) {
    if (!block?.has(key)) continue;
    const hint = 'put it on the detection that the correlation counts';
    reporter.problem(block.at(key), `"${key}" is for detections, not for a correlation`, hint);
  }
};
