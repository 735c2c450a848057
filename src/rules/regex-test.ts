import { RE2JS } from 're2js';
import type { Test } from './item.ts';
import type { Modifiers } from './modifiers.ts';
import type { Scalar } from './node.ts';
import { type Reporter, shown } from './problem.ts';
import { isSurelyRegex } from './regex-syntax.ts';

/** Longest regular expression; its compiled form grows with it. */
const MAX_REGEX_LENGTH = 16_384;

/** A compiled expression that answers in linear time. Throws when the source is none. */
const compileRegex = (source: string, flags: string): RE2JS => {
  let bits = 0;
  if (flags.includes('i')) bits |= RE2JS.CASE_INSENSITIVE;
  if (flags.includes('m')) bits |= RE2JS.MULTILINE;
  if (flags.includes('s')) bits |= RE2JS.DOTALL;
  return RE2JS.compile(source, bits);
};

/** The test of a regular expression; undefined after a problem. */
export const regexTest = (
  source: string,
  scalar: Scalar,
  modifiers: Modifiers,
  reporter: Reporter,
): Test | undefined => {
  if (source.length > MAX_REGEX_LENGTH) {
    reporter.problem(
      scalar.at,
      `the regular expression has ${source.length} characters; at most ${MAX_REGEX_LENGTH} are allowed`,
    );
    return undefined;
  }
  // The search is unanchored, so `contains` changes nothing.
  let anchored = source;
  if (modifiers.openEnd && !modifiers.openStart) anchored = `^(?:${source})`;
  if (modifiers.openStart && !modifiers.openEnd) anchored = `(?:${source})$`;
  let regex: RE2JS | undefined;
  try {
    if (!isSurelyRegex(source)) regex = compileRegex(anchored, modifiers.flags);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = /\(\?[=!<]|\\[1-9]/.test(source)
      ? 'look-around and back references do not exist in a linear-time engine; write two items'
      : undefined;
    reporter.problem(scalar.at, `${shown(source)} is no regular expression: ${reason}`, hint);
    return undefined;
  }
  return {
    type: 'regex',
    source: anchored,
    flags: modifiers.flags,
    matches(text) {
      regex ??= compileRegex(anchored, modifiers.flags);
      return regex.test(text);
    },
  };
};
