import { TIME_PARTS, type TimePart } from '../core/time-zone.ts';
import { COMPARISONS, type Comparison } from './item.ts';
import { didYouMean, oneOf, type Reporter, shown } from './problem.ts';

export const ENCODINGS = ['wide', 'utf16be', 'utf16', 'base64', 'base64offset'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** What a chain of modifiers asks for, checked as a whole. */
export interface Modifiers {
  readonly kind: 'text' | 're' | 'cidr' | 'exists' | 'fieldref' | Comparison;
  readonly encodings: readonly Encoding[];
  readonly windash: boolean;
  readonly expand: boolean;
  /** `contains`: both; `startswith`: the end is open; `endswith`: the start is open. */
  readonly openStart: boolean;
  readonly openEnd: boolean;
  readonly flags: string;
  readonly cased: boolean;
  readonly all: boolean;
  readonly negated: boolean;
  readonly part: TimePart | undefined;
}

const ALIASES: Readonly<Record<string, string>> = {
  utf16le: 'wide',
  ignorecase: 'i',
  multiline: 'm',
  dotall: 's',
};
const ANCHORS = ['contains', 'startswith', 'endswith'];
const KINDS = ['re', 'cidr', 'exists', 'fieldref', ...COMPARISONS];
const KNOWN: readonly string[] = [
  ...ANCHORS,
  ...KINDS,
  ...ENCODINGS,
  ...TIME_PARTS,
  ...Object.keys(ALIASES),
  'all',
  'cased',
  'neq',
  'i',
  'm',
  's',
  'expand',
  'windash',
];

const isOneOf = <T extends string>(word: string, words: readonly T[]): word is T =>
  (words as readonly string[]).includes(word);

/**
 * Reads the chain after the field name. Reports and answers undefined when a modifier is unknown or the chain has no
 * meaning. `at` is the place of the key, whose text is `key`.
 */
export const readModifiers = (
  key: string,
  at: number,
  listed: boolean,
  reporter: Reporter,
): { field: string; modifiers: Modifiers } | undefined => {
  const [field, ...words] = key.split('|') as [string, ...string[]];
  const on = field === '' ? 'a keyword search' : `field ${shown(field)}`;
  let place = at + field.length + 1;
  let failed = false;
  const refuse = (message: string, hint?: string): void => {
    failed = true;
    reporter.problem(place, message, hint);
  };
  let kind: Modifiers['kind'] = 'text';
  let part: TimePart | undefined;
  let flags = '';
  const encodings: Encoding[] = [];
  const seen = new Set<string>();
  for (const written of words) {
    const word =
      ALIASES[written] !== undefined && Object.hasOwn(ALIASES, written) ? ALIASES[written] : written;
    if (!KNOWN.includes(word)) {
      const what = word === '' ? 'an empty modifier' : `unknown modifier ${shown(word)}`;
      refuse(`${what} on ${on}`, didYouMean(word, KNOWN) ?? `allowed are ${oneOf(KNOWN)}`);
    } else if (seen.has(word) && !isOneOf(word, ENCODINGS)) {
      refuse(`the modifier "${word}" stands twice on ${on}`);
    } else if (isOneOf(word, ENCODINGS)) {
      if (ANCHORS.some((anchor) => seen.has(anchor)))
        refuse(`"${word}" must stand before contains, startswith and endswith on ${on}`);
      const before = encodings[encodings.length - 1];
      if ((word === 'wide' || word.startsWith('utf16')) && before !== undefined)
        refuse(`"${word}" cannot follow "${before}" on ${on}`, `write "${word}|base64offset|contains"`);
      encodings.push(word);
    } else if (isOneOf(word, TIME_PARTS)) {
      if (part) refuse(`"${word}" beside "${part}" on ${on}; only one part of a time can be taken`);
      if (seen.size > 0 && kind !== 'text') refuse(`"${word}" must stand before "${kind}" on ${on}`);
      part = word;
    } else if (KINDS.includes(word)) {
      if (kind !== 'text') refuse(`"${word}" cannot be combined with "${kind}" on ${on}`);
      else kind = word as Modifiers['kind'];
    } else if (word === 'i' || word === 'm' || word === 's') {
      if (kind !== 're')
        refuse(`"${written}" on ${on} is a flag of regular expressions`, `write "re|${word}"`);
      flags += word;
    }
    seen.add(word);
    place += written.length + 1;
  }
  place = at;
  const anchored = ANCHORS.filter((anchor) => seen.has(anchor));
  const transforms = [...encodings, ...(seen.has('windash') ? ['windash'] : [])];
  const textual = [...anchored, ...transforms, ...(seen.has('cased') ? ['cased'] : [])];
  const clash = (others: readonly string[], what: string): void => {
    if (others.length > 0) refuse(`"${others[0]}" cannot be combined with "${what}" on ${on}`);
  };
  if (!failed) {
    if (kind === 'exists')
      clash(
        [...seen].filter((word) => word !== 'exists'),
        'exists',
      );
    else if (kind === 'cidr' || isOneOf(kind, COMPARISONS)) clash(textual, kind);
    else if (kind === 're' || kind === 'fieldref') clash(transforms, kind);
    if (kind === 'fieldref' && seen.has('expand')) clash(['expand'], kind);
    if (part) clash([...textual, ...(kind === 'text' || isOneOf(kind, COMPARISONS) ? [] : [kind])], part);
    if (field === '' && (part || !['text', 're'].includes(kind)))
      refuse(`"${part ?? kind}" needs a field, but this is a keyword search`);
    if (seen.has('all') && !listed)
      refuse(`"all" on ${on} needs a list of values, found one value`, 'remove "all" or make it a list');
    if (encodings.length > 0 && seen.has('windash')) clash(['windash'], encodings[0] as string);
  }
  if (failed) return undefined;
  return {
    field,
    modifiers: {
      kind,
      encodings,
      windash: seen.has('windash'),
      expand: seen.has('expand'),
      openStart: seen.has('contains') || seen.has('endswith'),
      openEnd: seen.has('contains') || seen.has('startswith'),
      flags: flags.split('').sort().join(''),
      cased: seen.has('cased'),
      all: seen.has('all'),
      negated: seen.has('neq'),
      part,
    },
  };
};
