import type { ErrorCode, YAMLError } from 'yaml';

/** Texts of our own where the parser's quote the file (which may hold a secret) or do not say what is allowed. */
const MESSAGES: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'found a tab in the indentation; allowed: spaces',
  BAD_SCALAR_START:
    'a value begins with a character that YAML keeps for itself; allowed: the value in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'found a second ": " on one line; allowed: the value in quotes, or on lines of its own',
  MISSING_CHAR: 'a quote, bracket or colon is missing',
  MULTIPLE_DOCS: 'found a second document ("---"); allowed: one',
  NON_STRING_KEY: 'found a key that is no text; allowed: plain texts as keys ("{{" begins two maps)',
  RESOURCE_EXHAUSTION: 'nested too deep',
  TAG_RESOLVE_FAILED: 'found a tag ("!…"); allowed: values without tags',
  UNEXPECTED_TOKEN:
    'this cannot stand here; allowed: "key: value", "- item" at the same indentation, a comment after " #"',
  BAD_DIRECTIVE: 'found a "%" directive; allowed: none',
};

/** The text of a parser's error for people, with a hint where a reference without quotes is the likely cause. */
export const syntaxMessage = (error: YAMLError, text: string): string => {
  const [first = 'not valid YAML'] = error.message.split(/: "|\n/);
  const message = MESSAGES[error.code] ?? first;
  const before =
    text
      .slice(Math.max(0, error.pos[0] - 200), error.pos[0])
      .split('\n')
      .at(-1) ?? '';
  const after = text.slice(error.pos[0], error.pos[0] + 200).split('\n')[0] ?? '';
  const line = before + after;
  // In { } and [ ] the braces of a reference are YAML's own; the parser then stumbles somewhere behind them.
  const unquoted = /[{[,:]\s*\$\{/.test(line) && /[{[].*\$\{/.test(line);
  return `not valid YAML: ${message}${unquoted ? '; inside { } and [ ] write "${NAME}" in quotes' : ''}`;
};
