import { type Document, isAlias, isMap, isScalar, isSeq, type ParsedNode, parseAllDocuments } from 'yaml';
import { type Entry, type Node, scalarType } from './node.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { type Reporter, shown } from './problem.ts';
import { Refused } from './refused.ts';

/** Longest file that is read. Rule files are written by people; ten thousand rules fit. */
const MAX_FILE_CHARACTERS = 8 * 1024 * 1024;
// Aliases share nodes, so an alias bomb costs no memory here, but whoever walks the tree would pay for its expansion.
const MAX_NODES = 500_000;
const MAX_DEPTH = 100;

const convert = (
  node: ParsedNode | null,
  at: number,
  anchors: Map<string, Node | undefined>,
  depth: number,
  reporter: Reporter,
): Node => {
  if (node === null)
    return { kind: 'scalar', at, text: '', type: 'null', quoted: false, lead: 0, size: 1, height: 0 };
  const start = node.range[0];
  if (depth > MAX_DEPTH) throw new Refused(start, `nested deeper than ${MAX_DEPTH} levels`);
  if (isAlias(node)) {
    if (!anchors.has(node.source)) throw new Refused(start, `unknown alias ${shown(`*${node.source}`)}`);
    const target = anchors.get(node.source);
    if (!target) throw new Refused(start, `the alias ${shown(`*${node.source}`)} contains itself`);
    return target;
  }
  const tag = node.tag;
  if (tag && !/^(?:!|tag:yaml\.org,2002:(?:str|map|seq))$/.test(tag))
    throw new Refused(start, `the tag ${shown(tag)} is not supported`, 'write the value without a tag');
  const anchor = node.anchor;
  if (anchor !== undefined) anchors.set(anchor, undefined);
  let made: Node;
  if (isScalar(node)) {
    const text = typeof node.value === 'string' ? node.value : '';
    const quoted = node.type !== 'PLAIN' || tag !== undefined;
    const type = quoted ? 'string' : scalarType(text);
    const wrapping = node.range[1] - start - text.length;
    const lead = node.type === 'PLAIN' && wrapping === 0 ? 0 : wrapping === 2 ? 1 : -1;
    made = { kind: 'scalar', at: start, text, type, quoted, lead, size: 1, height: 0 };
  } else if (isSeq(node)) {
    const items: Node[] = [];
    let size = 1;
    let height = 1;
    for (const item of node.items) {
      const child = convert(item, start, anchors, depth + 1, reporter);
      items.push(child);
      size += child.size;
      height = Math.max(height, child.height + 1);
    }
    made = { kind: 'list', at: start, items, size, height };
  } else if (isMap(node)) {
    const entries: Entry[] = [];
    const seen = new Set<string>();
    let size = 1;
    let height = 1;
    for (const pair of node.items) {
      const keyNode = convert(pair.key, start, anchors, depth + 1, reporter);
      if (keyNode.kind !== 'scalar') throw new Refused(keyNode.at, 'a key must be a plain text');
      if (keyNode.text === '<<' && !keyNode.quoted)
        throw new Refused(keyNode.at, 'merge keys ("<<") are not part of YAML 1.2', 'repeat the keys');
      if (seen.has(keyNode.text)) {
        reporter.problem(
          keyNode.at,
          `the key ${shown(keyNode.text)} stands twice in one map`,
          'give it one list of values, "|all", or a second selection',
        );
      }
      seen.add(keyNode.text);
      const value = convert(pair.value, keyNode.at, anchors, depth + 1, reporter);
      entries.push({ key: keyNode.text, at: keyNode.at, value });
      size += keyNode.size + value.size;
      height = Math.max(height, value.height + 1);
    }
    made = { kind: 'map', at: start, entries, size, height };
  } else {
    throw new Refused(start, 'this is no YAML value');
  }
  if (made.size > MAX_NODES)
    throw new Refused(start, `expands to more than ${MAX_NODES} values`, 'aliases multiply; write them out');
  if (made.height > MAX_DEPTH) throw new Refused(start, `nested deeper than ${MAX_DEPTH} levels`);
  if (anchor !== undefined) anchors.set(anchor, made);
  return made;
};

/**
 * The documents of a file, empty ones left out. Problems go to the reporter: at most one per broken document, as what
 * follows a syntax error is noise. Never throws.
 */
export const readYaml = (rawText: string, reporter: Reporter): Node[] => {
  if (rawText.length > MAX_FILE_CHARACTERS) {
    const size = (rawText.length / 1024 / 1024).toFixed(1);
    reporter.problem(0, `the file has ${size} MB; at most 8 MB are read`, 'split it');
    return [];
  }
  // A byte order mark becomes a line break, not nothing, so that all offsets stay; places are taken from the raw text.
  const text = rawText.startsWith('\uFEFF') ? `\n${rawText.slice(1)}` : rawText;
  const strange = text.search(/[\0\uFFFD]/);
  if (strange >= 0) {
    reporter.problem(strange, 'the file is not UTF-8 text', 'save it as UTF-8 without a byte order mark');
    return [];
  }
  const plain = readPlainYaml(text);
  const nodes = plain?.every(({ size }) => size <= MAX_NODES) ? plain : readWithLibrary(text, reporter);
  if (nodes.length === 0 && reporter.count() === 0)
    reporter.problem(0, 'the file holds no document', 'a rule begins with "title:"');
  return nodes;
};

/** {@link readYaml} by the library, which knows all of YAML. */
export const readWithLibrary = (text: string, reporter: Reporter): Node[] => {
  let documents: ReturnType<typeof parseAllDocuments>;
  try {
    documents = parseAllDocuments(text, {
      schema: 'failsafe',
      uniqueKeys: false,
      merge: false,
      prettyErrors: false,
    });
  } catch (error) {
    reporter.problem(0, `this is no YAML: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
  const nodes: Node[] = [];
  for (const document of documents as readonly Document.Parsed[]) {
    const error = document.errors[0];
    if (error) {
      const message =
        error.code === 'RESOURCE_EXHAUSTION' ? `nested deeper than ${MAX_DEPTH} levels` : error.message;
      const hint = error.code === 'TAB_AS_INDENT' ? 'indent with spaces' : undefined;
      reporter.problem(error.pos[0], `this is no YAML: ${message}`, hint);
      continue;
    }
    if (document.contents === null) continue;
    try {
      const node = convert(document.contents, 0, new Map(), 0, reporter);
      if (node.kind !== 'scalar' || node.type !== 'null') nodes.push(node);
    } catch (error_) {
      if (error_ instanceof Refused) reporter.problem(error_.at, error_.message, error_.hint);
      else
        reporter.problem(0, `this is no YAML: ${error_ instanceof Error ? error_.message : String(error_)}`);
    }
  }
  return nodes;
};
