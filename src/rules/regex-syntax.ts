/*
 * Compiling a regular expression takes longer than reading its whole rule, and most are never needed: a rule of another
 * event type, or one whose literal does not show. So one that is certainly an expression is compiled when it is first
 * tried; every other one at once, to say what is wrong with it.
 */

/** Repetitions multiply; the engine refuses a thousand. */
const MAX_REPEATED = 500;

const ATOM = /(?:[^\\[\](){}|*+?^$\u0080-\uffff]|\\[dDwWsS]|\\[^\sA-Za-z0-9\u0080-\uffff])/y;
// Members of a class: no brackets and no dash but one of the three usual ranges.
const CLASS = /\[\^?(?:a-z|A-Z|0-9|[^\\[\]\-^\u0080-\uffff]|\\[dws]|\\[^\sA-Za-z0-9\u0080-\uffff])+\]/y;
const REPEAT = /(?:[*+?]|\{(\d{1,3})(?:,(\d{0,3}))?\})\??/y;
const EDGE = /\^|\$|\\b/y;

/**
 * Whether a source is certainly a regular expression of the engine; false says nothing. Knows groups, classes, escapes
 * of punctuation and repetitions, in ASCII.
 */
export const isSurelyRegex = (source: string): boolean => {
  let at = source.startsWith('(?i)') ? 4 : 0;
  let depth = 0;
  let repeated = 1;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) at = pattern.lastIndex;
    return found;
  };
  while (at < source.length) {
    const char = source[at];
    if (char === '(') {
      depth += 1;
      at += source.startsWith('(?:', at) ? 3 : 1;
      // Nothing can be repeated here, and a question mark would begin something else.
      if (source[at] === '?') return false;
      continue;
    }
    if (char === '|') {
      at += 1;
      continue;
    }
    if (char === ')') {
      depth -= 1;
      if (depth < 0) return false;
      at += 1;
    } else if (take(EDGE)) continue;
    else if (!take(ATOM) && !take(CLASS)) return false;
    const repeat = take(REPEAT);
    if (!repeat) continue;
    const [, least, most] = repeat;
    if (most !== undefined && most !== '' && Number(most) < Number(least)) return false;
    repeated *= Math.max(1, Number(least ?? 1), Number(most || 1));
    if (repeated > MAX_REPEATED) return false;
  }
  return depth === 0;
};
