import { stableId } from '../base/hash.ts';
import { canonicalJson } from '../base/json.ts';
import { LEVELS } from '../core/alert.ts';
import type { RuleInfo } from '../core/match.ts';
import { type Detection, readDetection } from './detection.ts';
import { type MonitorBlock, type MonitorNames, NO_MONITOR, readMonitor } from './monitor.ts';
import { type Mapping, type Node, toJson } from './node.ts';
import type { ValueContext } from './placeholders.ts';
import { didYouMean, oneOf, type Reporter, shown } from './problem.ts';
import { createFields, type Fields } from './read.ts';

const STATUSES = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'] as const;
export type Status = (typeof STATUSES)[number];

/** The keys that Sigma names, for slips such as `levle`. Any other key is allowed by the standard. */
const TOP_KEYS = (
  'title id name related taxonomy status description license author references date modified logsource ' +
  'detection correlation filter fields falsepositives level tags scope generate monitor action'
).split(' ');

/** The reason of a document that is no use to anybody. */
export const BROKEN = 'it has problems';

export interface LogSource {
  readonly category: string | undefined;
  readonly product: string | undefined;
  readonly service: string | undefined;
}

/** What is known of a rule once it is compiled. */
export interface RuleHeader {
  readonly info: RuleInfo;
  /** Handle for correlations and filters. */
  readonly name: string | undefined;
  readonly status: Status | undefined;
  readonly logsource: LogSource | undefined;
  readonly monitor: MonitorBlock;
  /** `generate` at top level. */
  readonly generate: boolean;
  /** Where the document begins in its file. */
  readonly line: number;
}

/** What every kind of document has while it is compiled. */
export interface Header extends RuleHeader {
  readonly at: number;
  readonly reporter: Reporter;
  readonly fields: Fields;
}

/** The header without the text and the tree it was read from, which would otherwise stay in memory with the rule. */
export const ruleHeader = ({
  info,
  name,
  status,
  logsource,
  monitor,
  generate,
  line,
}: Header): RuleHeader => {
  return { info, name, status, logsource, monitor, generate, line };
};

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

const readLogSource = (fields: Fields, reporter: Reporter): LogSource | undefined => {
  if (!fields.has('logsource')) {
    reporter.warn(
      fields.map.at,
      'the key "logsource" is missing',
      'add "logsource: {product: vonage, service: audit}"',
    );
    return undefined;
  }
  const source = fields.fields('logsource');
  if (!source) return undefined;
  const lower = (key: string): string | undefined => source.text(key)?.toLowerCase();
  return { category: lower('category'), product: lower('product'), service: lower('service') };
};

const readHeader = (map: Mapping, names: MonitorNames, kind: string, reporter: Reporter): Header => {
  const fields = createFields(map, reporter);
  for (const { key, at } of map.entries) {
    const hint = TOP_KEYS.includes(key) ? undefined : didYouMean(key, TOP_KEYS);
    // Custom keys are legal, so one that is a slip away from a known key is only warned about.
    if (hint && key.length > 3) reporter.warn(at, `unknown key ${shown(key)}`, hint);
  }
  const title = fields.text('title');
  if (!title) reporter.problem(fields.at('title'), 'the key "title" is missing or empty');
  else if (title.length > 256)
    reporter.problem(fields.at('title'), `the title has ${title.length} characters; at most 256 are allowed`);
  const id = fields.text('id');
  if (id === '') reporter.problem(fields.at('id'), 'the id is empty', 'write a UUID, or remove the line');
  const block = fields.fields('monitor');
  const monitor = block ? readMonitor(block, names, reporter) : NO_MONITOR;
  const info: RuleInfo = {
    id: id || stableId('rule', canonicalJson(toJson(map))),
    title: title ?? '',
    description: fields.text('description'),
    level: fields.choice('level', LEVELS) ?? 'medium',
    tags: fields.remarks('tags'),
    references: fields.remarks('references'),
    falsepositives: fields.remarks('falsepositives'),
    fields: fields.texts('fields') ?? [],
    to: monitor.to,
    message: monitor.message,
    shadow: monitor.shadow,
    unsilenceable: monitor.unsilenceable,
    firstSeen: monitor.firstSeen,
    changed: monitor.changed,
    suppress: monitor.suppress,
    file: reporter.file,
  };
  return {
    info,
    name: fields.text('name'),
    status: fields.choice('status', STATUSES),
    logsource: kind === 'correlation' ? undefined : readLogSource(fields, reporter),
    monitor,
    generate: fields.flag('generate') ?? false,
    line: reporter.position(map.at).line,
    at: map.at,
    reporter,
    fields,
  };
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
