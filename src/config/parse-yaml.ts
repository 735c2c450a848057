import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
} from 'yaml';
import { errorText } from '../base/errors.ts';
import { type Lookup, substitute } from './substitute.ts';
import { type Path, type Place, pathLabel, type Tree } from './tree.ts';
import { syntaxMessage } from './yaml-messages.ts';

/** Far above any real file; an alias bomb passes it in a moment, and then parsing stops. */
const MAX_VALUES = 100_000;
const MAX_DEPTH = 64;
/** One slip can make every following line wrong; more than these help nobody. */
const MAX_SYNTAX_PROBLEMS = 20;

/** A problem with its offset in the text. */
export interface OffsetProblem {
  readonly offset: number;
  readonly message: string;
  /** The value it is about, for a reference that leads nowhere. */
  readonly path?: Path;
}

/** What parsing came to. `tree` is undefined when the text is no YAML at all, or when nothing is in it. */
export interface ParsedYaml {
  readonly tree: Tree | undefined;
  readonly problems: readonly OffsetProblem[];
  position(offset: number): { readonly line: number; readonly column: number };
}

/**
 * Parses one YAML 1.2 document with the core schema into plain values, replacing references in scalar values. Never
 * throws, and takes time and memory in proportion to the text, whatever the text is. Not allowed, and reported: a
 * second document, tags, merge keys, keys given twice, and aliases that multiply the file. `needed` is what an empty
 * file lacks.
 */
export const parseYaml = (text: string, lookup: Lookup, needed = 'at least "accounts"'): ParsedYaml => {
  const lines = new LineCounter();
  const position = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return line > 0 ? { line, column: col } : { line: 1, column: 1 };
  };
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      // Not 'silent': that would also silence the error about a second document.
      logLevel: 'error',
      schema: 'core',
      resolveKnownTags: false,
      stringKeys: true,
      // Compares every key with every other one; the walk below finds repetitions in one step each.
      uniqueKeys: false,
    });
  } catch (error) {
    return {
      tree: undefined,
      problems: [{ offset: 0, message: `not valid YAML: ${errorText(error)}` }],
      position,
    };
  }
  const faults = firstOfLines(
    [...document.errors, ...document.warnings],
    (error) => position(error.pos[0]).line,
  );
  const problems: OffsetProblem[] = faults.map((error) => ({
    offset: Math.min(error.pos[0], text.length),
    message: syntaxMessage(error, text),
  }));
  if (document.directives.yaml.explicit && document.directives.yaml.version !== '1.2')
    problems.push({
      offset: 0,
      message: 'found another YAML version; allowed: YAML 1.2 (drop the %YAML line)',
    });
  if (document.errors.length > 0) return { tree: undefined, problems, position };
  if (document.contents === null || isEmpty(document.contents)) {
    problems.push({ offset: 0, message: `the file is empty; allowed: ${needed}` });
    return { tree: undefined, problems, position };
  }
  const walked = walk(document.contents, text, lookup, (offset) => position(offset).line);
  return { tree: walked.tree, problems: [...problems, ...walked.problems], position };
};

/** The first error of every line: those behind it are its consequences. */
const firstOfLines = (
  errors: readonly YAMLError[],
  lineOf: (error: YAMLError) => number,
): readonly YAMLError[] => {
  const first = new Map<number, YAMLError>();
  for (const error of errors) {
    const line = lineOf(error);
    if (!first.has(line)) first.set(line, error);
    if (first.size === MAX_SYNTAX_PROBLEMS) break;
  }
  return [...first.values()];
};

const isEmpty = (node: Node): boolean => isScalar(node) && node.value === null && (node.source ?? '') === '';

class TooMuch extends Error {}

const walk = (
  contents: Node,
  text: string,
  lookup: Lookup,
  lineOf: (offset: number) => number,
): { readonly tree: Tree | undefined; readonly problems: readonly OffsetProblem[] } => {
  const places = new Map<string, Place>();
  const anchors = new Map<string, Node>();
  const open = new Set<Node>();
  const problems: OffsetProblem[] = [];
  let count = 0;

  const scalar = (node: Node & { value: unknown; source?: string }, offset: number, path: Path) => {
    const source = typeof node.source === 'string' ? node.source : undefined;
    if (typeof node.value !== 'string')
      return { value: node.value, source, referenced: false, file: undefined, files: [], bad: false };
    const replaced = substitute(node.value, lookup);
    let from = offset;
    for (const bad of replaced.bad) {
      // A quoted scalar may be written with escapes; then its beginning is the best place there is.
      const found = text.indexOf(bad.reference, from);
      const inside = found >= 0 && found < (node.range?.[1] ?? 0);
      problems.push({ offset: inside ? found : offset, message: `${pathLabel(path)}: ${bad.message}`, path });
      if (inside) from = found + bad.reference.length;
    }
    return {
      value: replaced.text,
      source: replaced.used ? node.value : source,
      referenced: replaced.used,
      file: replaced.file,
      files: replaced.files,
      bad: replaced.bad.length > 0,
    };
  };

  const visit = (node: Node, path: Path, keyOffset: number | undefined, aliased: boolean): unknown => {
    const offset = node.range?.[0] ?? keyOffset ?? 0;
    if (++count > MAX_VALUES) {
      problems.push({ offset, message: `more than ${MAX_VALUES} values, aliases followed; allowed: fewer` });
      throw new TooMuch();
    }
    if (path.length > MAX_DEPTH) {
      problems.push({ offset, message: `nested more than ${MAX_DEPTH} deep; allowed: less` });
      throw new TooMuch();
    }
    const keep = (place: Partial<Place>): void => {
      places.set(JSON.stringify(path), {
        offset,
        keyOffset,
        source: undefined,
        referenced: false,
        secretFile: undefined,
        files: [],
        bad: false,
        ...place,
      });
    };
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target === undefined || open.has(target)) {
        const why = target === undefined ? 'no anchor of that name stands before it' : 'it holds itself';
        problems.push({
          offset,
          message: `${pathLabel(path)}: alias "*${node.source}" leads nowhere: ${why}`,
        });
        keep({ bad: true });
        return undefined;
      }
      const value = visit(target, path, keyOffset, true);
      const place = places.get(JSON.stringify(path));
      if (place !== undefined) places.set(JSON.stringify(path), { ...place, offset });
      return value;
    }
    if (!aliased && 'anchor' in node && typeof node.anchor === 'string') anchors.set(node.anchor, node);
    if (isScalar(node)) {
      const found = scalar(node, offset, path);
      const { source, referenced, file: secretFile, files, bad } = found;
      keep({ source, referenced, secretFile, files, bad });
      return found.value;
    }
    keep({});
    open.add(node);
    const value = isSeq(node)
      ? node.items.map((item, index) => visit(item as Node, [...path, index], undefined, aliased))
      : isMap(node)
        ? entries(node.items, path, aliased)
        : undefined;
    open.delete(node);
    return value;
  };

  const entries = (
    items: readonly { readonly key: unknown; readonly value: unknown }[],
    path: Path,
    aliased: boolean,
  ): Record<string, unknown> => {
    const map: Record<string, unknown> = {};
    const first = new Map<string, number>();
    for (const { key, value } of items) {
      const offset = (key as Node).range?.[0] ?? 0;
      if (!isScalar(key) || typeof key.value !== 'string' || key.value === '__proto__') {
        problems.push({
          offset,
          message: `${pathLabel(path)}: found a key that is none; allowed: a plain text`,
        });
        continue;
      }
      const before = first.get(key.value);
      if (before !== undefined) {
        problems.push({
          offset,
          message: `${pathLabel(path)}: key ${JSON.stringify(key.value)} is given twice, first on line ${lineOf(before)}`,
        });
        continue;
      }
      first.set(key.value, offset);
      map[key.value] = value === null ? null : visit(value as Node, [...path, key.value], offset, aliased);
      if (value === null)
        places.set(JSON.stringify([...path, key.value]), {
          offset,
          keyOffset: offset,
          source: undefined,
          referenced: false,
          secretFile: undefined,
          files: [],
          bad: false,
        });
    }
    return map;
  };

  try {
    const root = visit(contents, [], undefined, false);
    return { tree: { root, place: (path) => places.get(JSON.stringify(path)) }, problems };
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    return { tree: undefined, problems };
  }
};
