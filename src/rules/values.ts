import { RE2JS } from 're2js';
import type { TimePart } from '../core/time-zone.ts';
import { parseNetwork } from './cidr.ts';
import { base64, base64Offsets, dashVariants, type Encoded, utf16 } from './encodings.ts';
import type { Comparison, Test, Value } from './item.ts';
import { lintValue } from './lint.ts';
import type { Encoding, Modifiers } from './modifiers.ts';
import type { Scalar } from './node.ts';
import { expansions, type ValueContext } from './placeholders.ts';
import { oneOf, shown } from './problem.ts';
import { regexTest } from './regex-test.ts';
import {
  escapePattern,
  foldPattern,
  isLiteral,
  literalText,
  opened,
  type Pattern,
  parsePattern,
} from './text-pattern.ts';

const MAX_DASH_VARIANTS = 625;

const PART_RANGES: Readonly<Record<TimePart, readonly [number, number]>> = {
  minute: [0, 59],
  hour: [0, 23],
  day: [1, 31],
  week: [1, 53],
  month: [1, 12],
  year: [1970, 9999],
};

const encode = (literal: string, encodings: readonly Encoding[]): string[] => {
  let values: Encoded[] = [{ text: literal, bytes: false }];
  for (const encoding of encodings) {
    values = values.flatMap((value): Encoded[] => {
      switch (encoding) {
        case 'wide':
          return [utf16(value.text, 'little', false)];
        case 'utf16be':
          return [utf16(value.text, 'big', false)];
        case 'utf16':
          return [utf16(value.text, 'little', true)];
        case 'base64':
          return [base64(value)];
        case 'base64offset':
          break;
      }
      return base64Offsets(value);
    });
  }
  return values.map((value) => value.text);
};

const textTest = (pattern: Pattern, modifiers: Modifiers, number: number | undefined): Test => ({
  type: 'text',
  pattern: modifiers.cased ? pattern : foldPattern(pattern),
  cased: modifiers.cased,
  number,
});

const textTests = (
  source: string,
  scalar: Scalar,
  field: string,
  modifiers: Modifiers,
  context: ValueContext,
): Test[] | undefined => {
  const { reporter } = context;
  // A keyword is looked for inside values, so a keyword search is open at both ends by itself.
  const openStart = modifiers.openStart || field === '';
  const openEnd = modifiers.openEnd || field === '';
  let sources = [source];
  if (modifiers.windash) {
    const variants = dashVariants(source, MAX_DASH_VARIANTS);
    if (!variants) {
      reporter.problem(scalar.at, `"windash" makes more than ${MAX_DASH_VARIANTS} texts of ${shown(source)}`);
      return undefined;
    }
    sources = variants;
  }
  if (modifiers.encodings.length > 0) {
    const pattern = parsePattern(source);
    if (!isLiteral(pattern)) {
      reporter.problem(
        scalar.at,
        `${shown(source)} has a wildcard, which "${modifiers.encodings[0]}" cannot encode`,
        'escape it with a backslash',
      );
      return undefined;
    }
    sources = encode(literalText(pattern), modifiers.encodings).map(escapePattern);
  }
  const plain = modifiers.encodings.length === 0 && !modifiers.windash && !openStart && !openEnd;
  const number = plain && !modifiers.cased && scalar.type === 'number' ? Number(scalar.text) : undefined;
  return sources.map((text) =>
    textTest(
      opened(parsePattern(text), openStart, openEnd),
      modifiers,
      number !== undefined && (Number.isSafeInteger(number) || !Number.isInteger(number))
        ? number
        : undefined,
    ),
  );
};

const testsOf = (
  source: string,
  scalar: Scalar,
  field: string,
  modifiers: Modifiers,
  context: ValueContext,
): Test[] | undefined => {
  const { reporter } = context;
  const refuse = (message: string, hint?: string): undefined =>
    reporter.problem(scalar.at, message, hint) as undefined;
  const { kind } = modifiers;
  switch (kind) {
    case 'exists': {
      const value = source.toLowerCase();
      if (value !== 'true' && value !== 'false')
        return refuse(`"exists" on field ${shown(field)} takes true or false, found ${shown(source)}`);
      return [{ type: 'exists', value: value === 'true' }];
    }
    case 're': {
      const test = regexTest(source, scalar, modifiers, reporter);
      return test && [test];
    }
    case 'cidr': {
      const network = parseNetwork(source);
      if ('wrong' in network) return refuse(`${shown(source)} ${network.wrong}`, network.hint);
      return [{ type: 'cidr', network: source.toLowerCase() }];
    }
    case 'fieldref': {
      if (source === '' || /[*?|]/.test(source))
        return refuse(`"fieldref" takes the name of a field without wildcards, found ${shown(source)}`);
      const { openStart, openEnd, cased } = modifiers;
      return [{ type: 'fieldref', field: source, openStart, openEnd, cased }];
    }
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte': {
      if (!/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(source))
        return refuse(`"${kind}" on field ${shown(field)} takes a number, found ${shown(source)}`);
      return [{ type: 'compare', op: kind satisfies Comparison, text: source }];
    }
    case 'text':
      break;
  }
  return textTests(source, scalar, field, modifiers, context);
};

/** Reads one value of an item. Undefined after a problem. */
export const readValue = (
  scalar: Scalar,
  field: string,
  modifiers: Modifiers,
  context: ValueContext,
): Value | undefined => {
  const { reporter } = context;
  if (modifiers.part) {
    const [low, high] = PART_RANGES[modifiers.part];
    const value = Number(scalar.text);
    if (!/^\d+$/.test(scalar.text) || value < low || value > high) {
      const range = `"${modifiers.part}" takes a whole number from ${low} to ${high}`;
      reporter.problem(scalar.at, `${range}, found ${shown(scalar.text)}`);
      return undefined;
    }
    // Written `08` it is still the number 8.
    scalar = { ...scalar, text: String(value), type: 'number' };
  }
  if (scalar.type === 'null') {
    const used = [
      modifiers.kind !== 'text' ? modifiers.kind : undefined,
      modifiers.openStart || modifiers.openEnd ? 'contains, startswith or endswith' : undefined,
      modifiers.encodings[0],
      modifiers.windash ? 'windash' : undefined,
      modifiers.expand ? 'expand' : undefined,
      modifiers.cased ? 'cased' : undefined,
      field === '' ? 'a keyword search' : undefined,
    ].find((word) => word !== undefined);
    if (used === undefined) return { text: 'null', alternatives: [{ type: 'null' }] };
    reporter.problem(scalar.at, `null (or nothing) is no value for ${used}`, 'write a text in quotes');
    return undefined;
  }
  if (!modifiers.expand) {
    const alternatives = testsOf(scalar.text, scalar, field, modifiers, context);
    const pattern = modifiers.kind === 'text' ? parsePattern(scalar.text) : undefined;
    if (alternatives && !modifiers.part) lintValue(scalar, field, modifiers, pattern, reporter);
    return alternatives && { text: scalar.text, alternatives };
  }
  const quote =
    modifiers.kind === 're' ? (text: string): string => RE2JS.quote(text) : (text: string): string => text;
  const sources = expansions(scalar, quote, context);
  if (!sources) return undefined;
  const alternatives: Test[] = [];
  for (const source of sources) {
    const tests = testsOf(source, scalar, field, modifiers, context);
    if (!tests) return undefined;
    alternatives.push(...tests);
  }
  return { text: scalar.text, alternatives };
};

/** What may be said of values in messages. */
export const VALUE_KINDS = oneOf(['a text', 'a number', 'true', 'false', 'null', 'a list of these']);
