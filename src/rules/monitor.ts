import { parseDuration } from '../base/duration.ts';
import { isObject, type JsonObject } from '../base/json.ts';

import { parseTime } from '../core/time-zone.ts';
import { type Node, toJson } from './node.ts';
import { didYouMean, oneOf, type Reporter, shown } from './problem.ts';
import { createFields, type Fields } from './read.ts';

/** `first_seen`: the rule holds only when the value is new for its group. */
export interface FirstSeen {
  readonly field: string;
  readonly by: readonly string[];
  /** For this long after a group is first met, values are learnt and nothing is said. */
  readonly learnMs: number;
  /** A value not met again for this long counts as new. */
  readonly rememberMs: number;
}

/** `changed`: the rule holds only when the value differs from the group's last one. */
export interface Changed {
  readonly field: string;
  readonly by: readonly string[];
}

/** One of a rule's own tests. */
export interface RuleTest {
  readonly name: string;
  readonly line: number;
  /** Event fields with the time given by `at`, in the order written. */
  readonly events: readonly { readonly atMs: number; readonly fields: JsonObject }[];
  /** How many alerts this rule must make. The end of an absence is none. */
  readonly expect: number;
  /** How many absences must end; undefined: not checked. */
  readonly resolved: number | undefined;
  /** The clock runs to here after the last event (for absence); undefined: to the last event. */
  readonly untilMs: number | undefined;
}

/** Whose events a rule looks at: those of each account by itself, or those of all accounts. */
export const SCOPES = ['account', 'fleet'] as const;
export type Scope = (typeof SCOPES)[number];

/** The `monitor:` block, checked. */
export interface MonitorBlock {
  readonly to: readonly string[] | undefined;
  readonly message: string | undefined;
  readonly suppress: { readonly by: readonly string[]; readonly forMs: number } | undefined;
  readonly changed: Changed | undefined;
  readonly firstSeen: FirstSeen | undefined;
  readonly inside: readonly string[];
  readonly outside: readonly string[];
  readonly unsilenceable: boolean;
  readonly shadow: boolean;
  /** `fleet`: a correlation over the events of all accounts together. */
  readonly scope: Scope;
  readonly tests: readonly RuleTest[];
}

export const NO_MONITOR: MonitorBlock = {
  to: undefined,
  message: undefined,
  suppress: undefined,
  changed: undefined,
  firstSeen: undefined,
  inside: [],
  outside: [],
  unsilenceable: false,
  shadow: false,
  scope: 'account',
  tests: [],
};

/** Names a `monitor:` block may refer to. */
export interface MonitorNames {
  /** Sinks of the configuration; undefined: not checked. */
  readonly sinks: readonly string[] | undefined;
  readonly timeWindows: readonly string[];
}

const KEYS = [
  'to',
  'message',
  'suppress',
  'changed',
  'first_seen',
  'inside',
  'outside',
  'unsilenceable',
  'shadow',
  'scope',
  'tests',
];
const DAY_MS = 86_400_000;
/** When the clock of a rule test starts, unless `at` says otherwise: a Monday noon. */
export const TEST_START_MS = Date.UTC(2026, 0, 5, 12);

const required = (fields: Fields, key: string, what: string, reporter: Reporter): string => {
  const text = fields.text(key);
  if (text === undefined && !fields.has(key)) reporter.problem(fields.map.at, `${what} needs ${shown(key)}`);
  return text ?? '';
};

const readSuppress = (fields: Fields, reporter: Reporter): MonitorBlock['suppress'] => {
  fields.only(['by', 'for'], '"suppress"');
  const forMs = fields.durationMs('for');
  if (!fields.has('for')) reporter.problem(fields.map.at, '"suppress" needs "for", a duration such as 30m');
  return { by: fields.texts('by') ?? [], forMs: forMs ?? 0 };
};

const readChanged = (fields: Fields, reporter: Reporter): Changed => {
  fields.only(['field', 'by'], '"changed"');
  return { field: required(fields, 'field', '"changed"', reporter), by: fields.texts('by') ?? [] };
};

const readFirstSeen = (fields: Fields, reporter: Reporter): FirstSeen => {
  fields.only(['field', 'by', 'learn', 'remember'], '"first_seen"');
  const learn = fields.text('learn');
  return {
    field: required(fields, 'field', '"first_seen"', reporter),
    by: fields.texts('by') ?? [],
    learnMs: learn !== undefined && /^0[a-z]*$/.test(learn) ? 0 : (fields.durationMs('learn') ?? 0),
    rememberMs: fields.durationMs('remember') ?? 90 * DAY_MS,
  };
};

// `at` is an ISO time, or a duration after the start of the test's clock.
const readAt = (text: string): number | undefined => {
  const relative = parseDuration(text.replace(/^\+/, ''));
  return relative === undefined ? parseTime(text) : TEST_START_MS + relative;
};

const AT_ALLOWED = 'a time such as 2026-01-05T12:00:00Z or a duration after the start such as 10m';

const readTest = (node: Node, reporter: Reporter): RuleTest | undefined => {
  if (node.kind !== 'map') {
    reporter.problem(node.at, 'a test must be a map with "name", "events" and "expect"');
    return undefined;
  }
  const fields = createFields(node, reporter);
  fields.only(['name', 'events', 'expect', 'resolved', 'until'], 'a test');
  const list = fields.node('events');
  const events: { atMs: number; fields: JsonObject }[] = [];
  let atMs = TEST_START_MS;
  if (list?.kind !== 'list') reporter.problem(list?.at ?? node.at, 'a test needs "events", a list of events');
  else {
    for (const item of list.items) {
      const json = toJson(item);
      if (!isObject(json) || item.kind !== 'map') {
        reporter.problem(item.at, 'an event of a test must be a map of its fields');
        continue;
      }
      const given = createFields(item, reporter).text('at');
      const parsed = given === undefined ? atMs : readAt(given);
      if (parsed === undefined)
        reporter.problem(item.at, `"at" must be ${AT_ALLOWED}, found ${shown(given ?? '')}`);
      else atMs = parsed;
      const { at: _, ...rest } = json;
      events.push({ atMs, fields: rest });
    }
  }
  const expectText = fields.text('expect');
  if (expectText === undefined || !/^\d{1,6}$/.test(expectText))
    reporter.problem(fields.at('expect'), 'a test needs "expect", the number of alerts');
  const resolvedText = fields.text('resolved');
  if (resolvedText !== undefined && !/^\d{1,6}$/.test(resolvedText))
    reporter.problem(fields.at('resolved'), '"resolved" is the number of absences that end');
  const until = fields.text('until');
  const untilMs = until === undefined ? undefined : readAt(until);
  if (until !== undefined && untilMs === undefined)
    reporter.problem(fields.at('until'), `"until" must be ${AT_ALLOWED}, found ${shown(until)}`);
  const { line } = reporter.position(node.at);
  return {
    name: fields.text('name') ?? `line ${line}`,
    line,
    events,
    expect: Number(expectText),
    resolved: resolvedText === undefined ? undefined : Number(resolvedText),
    untilMs,
  };
};

const readNames = (
  fields: Fields,
  key: string,
  known: readonly string[] | undefined,
  what: string,
  reporter: Reporter,
): readonly string[] | undefined => {
  const names = fields.texts(key);
  for (const name of names ?? []) {
    if (!known || known.includes(name)) continue;
    const there = known.length > 0 ? `there are ${oneOf(known)}` : 'there are none';
    reporter.problem(
      fields.at(key),
      `unknown ${what} ${shown(name)} in ${shown(key)}; ${there}`,
      didYouMean(name, known),
    );
  }
  return names;
};

/** Reads the `monitor:` block. Every problem is reported; the result is only of use when there was none. */
export const readMonitor = (fields: Fields, names: MonitorNames, reporter: Reporter): MonitorBlock => {
  fields.only(KEYS, '"monitor"');
  const suppress = fields.fields('suppress');
  const changed = fields.fields('changed');
  const firstSeen = fields.fields('first_seen');
  const tests = fields.node('tests');
  if (tests && tests.kind !== 'list') reporter.problem(tests.at, '"tests" must be a list of tests');
  const to = readNames(fields, 'to', names.sinks, 'sink', reporter);
  if (to?.length === 0)
    reporter.problem(fields.at('to'), '"to" is empty', 'use "shadow: true" to send nothing');
  return {
    to,
    message: fields.text('message'),
    suppress: suppress && readSuppress(suppress, reporter),
    changed: changed && readChanged(changed, reporter),
    firstSeen: firstSeen && readFirstSeen(firstSeen, reporter),
    inside: readNames(fields, 'inside', names.timeWindows, 'time window', reporter) ?? [],
    outside: readNames(fields, 'outside', names.timeWindows, 'time window', reporter) ?? [],
    unsilenceable: fields.flag('unsilenceable') ?? false,
    shadow: fields.flag('shadow') ?? false,
    scope: fields.choice('scope', SCOPES) ?? 'account',
    tests:
      tests?.kind === 'list'
        ? tests.items.map((item) => readTest(item, reporter)).filter((test) => test !== undefined)
        : [],
  };
};
