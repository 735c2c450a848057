import { didYouMean, type Reporter, shown } from './problem.ts';
import { Refused } from './refused.ts';

/*
 * conditions:  or := and ('or' and)*    and := not ('and' not)*    not := 'not' not | primary
 *              primary := '(' or ')' | ('1' | 'any' | 'all') 'of' ('them' | pattern) | identifier
 */

/** A condition over names; what the names are is the caller's business. */
export type Condition =
  | { readonly op: 'and' | 'or'; readonly items: readonly Condition[] }
  | { readonly op: 'not'; readonly item: Condition }
  | { readonly op: 'name'; readonly name: string; readonly at: number };

/** Deepest nesting of parentheses and `not`. */
const MAX_CONDITION_DEPTH = 200;

interface Token {
  readonly text: string;
  readonly at: number;
}

const TOKEN = /[()|]|[A-Za-z0-9_*?.:-]+|[^\sA-Za-z0-9_*?.:()|-]+/g;
const IDENTIFIER = /^[A-Za-z0-9_.-]+$/;
const KEYWORDS = new Set(['and', 'or', 'not', 'of', 'them', '(', ')', '|']);

const tokenize = (text: string): Token[] => {
  const tokens: Token[] = [];
  for (const match of text.matchAll(TOKEN)) tokens.push({ text: match[0], at: match.index });
  return tokens;
};

const matcher = (pattern: string): ((name: string) => boolean) => {
  const parts = pattern.split('*');
  const head = parts[0] as string;
  const tail = parts[parts.length - 1] as string;
  if (parts.length === 1) return (name) => name === pattern;
  return (name) => {
    if (!name.startsWith(head) || name.length < head.length + tail.length || !name.endsWith(tail))
      return false;
    let at = head.length;
    for (const part of parts.slice(1, -1)) {
      at = name.indexOf(part, at);
      if (at < 0) return false;
      at += part.length;
    }
    return at <= name.length - tail.length;
  };
};

/**
 * Parses a condition. Undefined after a problem, which is reported at `at(offset)` of the text. Every name of the
 * result is one of `names`.
 */
export const parseCondition = (
  text: string,
  names: readonly string[],
  at: (offset: number) => number,
  reporter: Reporter,
): Condition | undefined => {
  const tokens = tokenize(text);
  const known = new Set(names);
  let index = 0;
  const peek = (): Token => tokens[index] ?? { text: '', at: text.length };
  const found = (token: Token): string => (token.text === '' ? 'the end' : shown(token.text));

  const join = (op: 'and' | 'or', items: readonly Condition[]): Condition =>
    items.length === 1 ? (items[0] as Condition) : { op, items };

  const quantified = (all: boolean): Condition => {
    index += 2;
    const target = peek();
    index += 1;
    let chosen: string[];
    if (target.text === 'them') chosen = names.filter((name) => !name.startsWith('_'));
    else if (/^[A-Za-z0-9_.*-]+$/.test(target.text) && !KEYWORDS.has(target.text)) {
      const matches = matcher(target.text);
      const hidden = target.text.startsWith('_');
      chosen = names.filter((name) => (hidden || !name.startsWith('_')) && matches(name));
    } else {
      throw new Refused(
        target.at,
        `after "of" stands "them" or a pattern such as selection_*, not ${found(target)}`,
      );
    }
    if (chosen.length === 0) {
      throw new Refused(
        target.at,
        `the pattern ${shown(target.text)} matches no search identifier (there are: ${names.join(', ')})`,
        didYouMean(target.text.replace(/\*/g, ''), names),
      );
    }
    return join(
      all ? 'and' : 'or',
      chosen.map((name) => ({ op: 'name', name, at: target.at })),
    );
  };

  const primary = (depth: number): Condition => {
    const token = peek();
    if (depth > MAX_CONDITION_DEPTH)
      throw new Refused(token.at, `the condition is nested deeper than ${MAX_CONDITION_DEPTH} levels`);
    if (token.text === '(') {
      index += 1;
      const inner = or(depth + 1);
      const close = peek();
      if (close.text !== ')') throw new Refused(close.at, `expected ")", found ${found(close)}`);
      index += 1;
      return inner;
    }
    if (tokens[index + 1]?.text === 'of') {
      if (token.text === '1' || token.text === 'any') return quantified(false);
      if (token.text === 'all') return quantified(true);
      throw new Refused(token.at, `${found(token)} before "of"; allowed are 1, any and all`);
    }
    if (token.text === '' || KEYWORDS.has(token.text))
      throw new Refused(token.at, `expected a search identifier, found ${found(token)}`);
    if (!known.has(token.text)) {
      if (['and', 'or', 'not', 'of', 'them'].includes(token.text.toLowerCase()))
        throw new Refused(token.at, `${found(token)} must be written in lower case`);
      const pattern = token.text.includes('*') ? `write "1 of ${token.text}" or "all of ${token.text}"` : '';
      const what = IDENTIFIER.test(token.text) ? 'unknown search identifier' : 'unexpected';
      throw new Refused(
        token.at,
        `${what} ${found(token)} in the condition (there are: ${names.join(', ')})`,
        pattern || didYouMean(token.text, names),
      );
    }
    index += 1;
    return { op: 'name', name: token.text, at: token.at };
  };

  const not = (depth: number): Condition => {
    let negations = 0;
    while (peek().text === 'not') {
      negations += 1;
      index += 1;
    }
    const item = primary(depth + 1);
    return negations % 2 === 1 ? { op: 'not', item } : item;
  };

  const chain = (op: 'and' | 'or', operand: (depth: number) => Condition, depth: number): Condition => {
    const items = [operand(depth)];
    while (peek().text === op) {
      index += 1;
      items.push(operand(depth));
    }
    return join(op, items);
  };
  const and = (depth: number): Condition => chain('and', not, depth);
  const or = (depth: number): Condition => chain('or', and, depth);

  try {
    if (tokens.length === 0) throw new Refused(0, 'the condition is empty');
    const pipe = tokens.find((token) => token.text === '|');
    if (pipe) {
      throw new Refused(
        pipe.at,
        'aggregation expressions ("| count() …") are not part of Sigma 2',
        'use a correlation',
      );
    }
    const condition = or(0);
    const rest = peek();
    if (rest.text !== '') {
      const word = rest.text.toLowerCase();
      const hint = word === 'and' || word === 'or' ? `write "${word}"` : 'join with "and" or "or"';
      throw new Refused(rest.at, `unexpected ${found(rest)} in the condition`, hint);
    }
    return condition;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    reporter.problem(at(error.at), error.message, error.hint);
    return undefined;
  }
};
