import { stableId } from '../base/hash.ts';
import { canonicalJson } from '../base/json.ts';
import { LEVELS } from '../core/alert.ts';
import type { RuleInfo } from '../core/match.ts';
import { type MonitorBlock, type MonitorNames, NO_MONITOR, readMonitor } from './monitor.ts';
import { type Mapping, toJson } from './node.ts';
import { didYouMean, type Reporter, shown } from './problem.ts';
import { createFields, type Fields } from './read.ts';

const STATUSES = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'] as const;
export type Status = (typeof STATUSES)[number];

/** The keys that Sigma names, for slips such as `levle`. Any other key is allowed by the standard. */
const TOP_KEYS = (
  'title id name related taxonomy status description license author references date modified logsource ' +
  'detection correlation filter fields falsepositives level tags scope generate monitor action'
).split(' ');

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

/** Reads what every kind of document has; problems are reported. */
export const readHeader = (map: Mapping, names: MonitorNames, kind: string, reporter: Reporter): Header => {
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
