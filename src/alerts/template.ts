import { didYouMean } from '../base/similar.ts';

/** A value to be filled in. */
interface Hole {
  readonly name: string;
  /** Text for a value that is missing, null or empty. */
  readonly fallback: string;
  /** Place of the opening brace in the template text, from 0, in UTF-16 units. */
  readonly offset: number;
}

/** A parsed template. */
export interface Template {
  readonly parts: readonly (string | Hole)[];
}

/** Something wrong in a template, with its place in the template's text (from 0, in UTF-16 units). */
export interface TemplateProblem {
  /** `syntax`: cannot be meant. `unknown_name`: legal, but no known event has such a field. */
  readonly kind: 'syntax' | 'unknown_name';
  readonly offset: number;
  readonly message: string;
}

const LITERAL_BRACE = 'for a literal brace write it twice';

/**
 * Parses a logic-free template: `{field.path}`, `{field|default}`, `{{` and `}}` for literal braces. Never throws: a
 * piece that cannot be understood stays as literal text and is reported, so that even a broken template says something.
 */
export const parseTemplate = (
  text: string,
): { readonly template: Template; readonly problems: readonly TemplateProblem[] } => {
  const parts: (string | Hole)[] = [];
  const problems: TemplateProblem[] = [];
  let literal = '';
  const flush = (): void => {
    if (literal !== '') parts.push(literal);
    literal = '';
  };
  const refuse = (offset: number, message: string): void => {
    problems.push({ kind: 'syntax', offset, message });
  };
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at);
    if ((character === '{' || character === '}') && text.charAt(at + 1) === character) {
      literal += character;
      at += 2;
      continue;
    }
    if (character !== '{') {
      if (character === '}') refuse(at, `"}" without "{"; ${LITERAL_BRACE}`);
      literal += character;
      at += 1;
      continue;
    }
    const rest = /^\{([^{}]*)(.?)/s.exec(text.slice(at));
    const inner = rest?.[1] ?? '';
    if (rest?.[2] !== '}') {
      refuse(at, `"{" is not closed by "}"; ${LITERAL_BRACE}`);
      literal += `{${inner}`;
      at += 1 + inner.length;
      continue;
    }
    const bar = inner.indexOf('|');
    const name = (bar < 0 ? inner : inner.slice(0, bar)).trim();
    if (name === '') {
      refuse(at, 'a name is missing between "{" and "}"; allowed are {field.path} and {field|default}');
      literal += `{${inner}}`;
    } else {
      flush();
      parts.push({ name, fallback: bar < 0 ? '' : inner.slice(bar + 1), offset: at });
    }
    at += inner.length + 2;
  }
  flush();
  return { template: { parts }, problems };
};

/**
 * Fills a template. `lookup` answers the text of a name, or undefined (or '') to take the default. The result is raw
 * text: every sink escapes by its own rules.
 */
export const renderTemplate = (template: Template, lookup: (name: string) => string | undefined): string =>
  template.parts
    .map((part) => (typeof part === 'string' ? part : lookup(part.name) || part.fallback))
    .join('');

const isKnown = (name: string, known: ReadonlySet<string>): boolean => {
  if (known.has(name)) return true;
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    if (known.has(`${name.slice(0, dot)}.*`)) return true;
  }
  return false;
};

/**
 * Everything wrong in a template, in order of place: syntax, and names that are not among `knownNames` (an entry such as
 * `context.*` stands for everything below it). Without `knownNames` only the syntax is checked.
 */
export const templateProblems = (
  text: string,
  knownNames?: readonly string[],
): readonly TemplateProblem[] => {
  const { template, problems } = parseTemplate(text);
  if (!knownNames) return problems;
  const known = new Set(knownNames);
  const unknown = template.parts
    .filter((part) => typeof part !== 'string')
    .filter((hole) => !isKnown(hole.name, known))
    .map((hole): TemplateProblem => {
      const message = `"${hole.name}" is no field of any known event${didYouMean(hole.name, knownNames)}`;
      return { kind: 'unknown_name', offset: hole.offset, message };
    });
  return [...problems, ...unknown].sort((a, b) => a.offset - b.offset);
};
