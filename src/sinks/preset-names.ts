import { didYouMean } from '../base/similar.ts';

/**
 * What a name in a template stands for, as far as a preset can be checked before anything is sent: `value` is a text,
 * number or truth, `any` has members nobody knows beforehand, a list of one shape is a list of such items.
 */
export type Shape = 'value' | 'any' | readonly [Shape] | { readonly [name: string]: Shape };

const ALERT = {
  id: 'value',
  delivery_id: 'value',
  incident: 'value',
  kind: 'value',
  status: 'value',
  level: 'value',
  rule: { id: 'value', title: 'value', level: 'value', tags: ['value'], references: ['value'] },
  account: 'value',
  message: 'value',
  fields: [{ name: 'value', value: 'value' }],
  event_ids: ['value'],
  event_types: ['value'],
  events: ['any'],
  events_omitted: 'value',
  summary: {
    reason: 'value',
    total: 'value',
    levels: 'any',
    alerts: [
      {
        id: 'value',
        kind: 'value',
        status: 'value',
        level: 'value',
        title: 'value',
        account: 'value',
        message: 'value',
        created_at: 'value',
      },
    ],
  },
  created_at: 'value',
  decided_at: 'value',
} as const satisfies Shape;

/** Names in the templates of a request that carries an alert. The values are made in preset-values.ts. */
export const ALERT_NAMES = {
  ...ALERT,
  alert: ALERT,
  state: 'value',
  thread: 'value',
  headline: 'value',
  label: 'value',
  note: 'value',
  colour: 'value',
  colour_number: 'value',
  facts: [{ name: 'value', value: 'value' }],
  links: [{ label: 'value', url: 'value' }],
  actions: [{ label: 'value', url: 'value' }],
  time: 'value',
  time_seconds: 'value',
  time_ms: 'value',
  time_ns: 'value',
  time_readable: 'value',
} as const satisfies Shape;

/** Names in the templates of a request that carries a batch of audit events. */
export const FEED_NAMES = {
  batch: [
    {
      account: 'value',
      id: 'value',
      event_type: 'value',
      event: 'any',
      json: 'value',
      time: 'value',
      time_seconds: 'value',
      time_ms: 'value',
      time_ns: 'value',
      seen_at: 'value',
    },
  ],
} as const satisfies Shape;

/**
 * Names whose values are made by us alone and hold nothing of an event or a rule. Where such a value stands by itself
 * it is for a machine and is not escaped; the same goes for the operator's options and what a lookup gives.
 */
export const OWN_NAMES: ReadonlySet<string> = new Set(
  'id delivery_id incident kind status level state colour label created_at decided_at time time_ns time_readable options'.split(
    ' ',
  ),
);

/** Names whose values are known, so that a table over one of them can be checked for gaps. */
export const KNOWN_VALUES: Readonly<Record<string, readonly string[]>> = {
  level: ['informational', 'low', 'medium', 'high', 'critical'],
  state: ['informational', 'low', 'medium', 'high', 'critical', 'resolved'],
  status: ['firing', 'resolved'],
  kind: ['rule', 'system', 'drill', 'summary'],
};

const isList = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape);

/** A shape, or why there is none. */
export type FoundShape = { readonly shape: Shape } | { readonly failure: string };

/** The shape at a path. */
export const shapeAt = (names: Shape, path: readonly string[]): FoundShape => {
  let shape: Shape = names;
  for (const [index, step] of path.entries()) {
    if (shape === 'any') break;
    const before = path.slice(0, index).join('.');
    if (shape === 'value') return { failure: `"${before}" is a single value and has no "${step}"` };
    if (isList(shape)) {
      if (!/^\d{1,6}$/.test(step))
        return { failure: `"${before}" is a list; allowed: a number after it, or $each` };
      shape = shape[0];
      continue;
    }
    const inner: Shape | undefined = Object.hasOwn(shape, step) ? shape[step] : undefined;
    if (inner === undefined) {
      const known = Object.keys(shape);
      const where = before === '' ? '' : ` in "${before}"`;
      const hint = didYouMean(step, known) || `; allowed: ${known.join(', ') || 'none'}`;
      return { failure: `unknown name "${step.slice(0, 80)}"${where}${hint}` };
    }
    shape = inner;
  }
  return { shape };
};

/** The shape of what `$each` goes through: the items of a list, or the value itself. */
export const itemShape = (shape: Shape): Shape => (isList(shape) ? shape[0] : shape);
