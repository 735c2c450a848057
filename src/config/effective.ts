import { Document, isScalar, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { z } from 'zod';
import type { SinkTypes } from './read-presets.ts';
import { SECTION_ORDER, SECTIONS } from './schema.ts';
import { COMMON_OPTIONS, type SinkLimitDefaults } from './sink-limits.ts';
import { isSecretOption } from './sink-secrets.ts';
import { type Path, pathLabel, type Tree, valueAt } from './tree.ts';

/** What stands in place of a secret. */
const REDACTED = '[redacted]';
/** Options outside of sinks whose values are secrets. */
const SECRETS = /^(accounts\[\d+\]\.api_secret|http\.tokens\[\d+\]\.token|heartbeat\.url)$/;

/** A JSON Schema, as far as it is looked at here. */
interface JsonSchema {
  readonly default?: unknown;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** The configuration as it is in force: everything that is set, and the defaults of everything that is not. */
export interface EffectiveConfiguration {
  /** As plain values, in the order of the documentation. Secrets are replaced. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Where each value comes from, by its path: `default`, `environment`, a secret file, or `line 12`. */
  readonly sources: Readonly<Record<string, string>>;
  /** The same as YAML, with a comment where a value does not stand in the file. */
  readonly yaml: string;
}

/** What is known of the file that the configuration was read from. */
export interface ReadTree {
  readonly tree: Tree;
  readonly sinkTypes: SinkTypes;
  /** Line of an offset. */
  line(offset: number): number;
  /** Takes known secrets out of a text, wherever they stand. */
  redact(text: string): string;
}

/** Fills in the defaults of a configuration that was checked. */
export const effectiveConfiguration = (read: ReadTree): EffectiveConfiguration => {
  const sources: Record<string, string> = {};
  const context: Context = { ...read, sources };
  const map = new YAMLMap<Scalar, Node>();
  for (const key of SECTION_ORDER) {
    const node = key === 'sinks' ? sinksNode(context) : filled(context, [key], inForce(context, key));
    if (node) map.add(new Pair(new Scalar(key), node));
  }
  const document = new Document(map);
  return {
    values: document.toJS() as Readonly<Record<string, unknown>>,
    sources,
    yaml: document.toString({ lineWidth: 0 }),
  };
};

interface Context extends ReadTree {
  readonly sources: Record<string, string>;
}

const schemaOf = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;

const sectionSchema = (key: Exclude<(typeof SECTION_ORDER)[number], 'sinks'>): JsonSchema =>
  schemaOf(SECTIONS[key]);

/** The schema of a section as far as it applies: beside a database there is no file, not even by default. */
const inForce = ({ tree }: Context, key: Parameters<typeof sectionSchema>[0]): JsonSchema => {
  const schema = sectionSchema(key);
  const given = valueAt(tree.root, [key]);
  const isDatabase =
    key === 'store' &&
    typeof given === 'object' &&
    given !== null &&
    (Object.hasOwn(given, 'url') || Object.hasOwn(given, 'url_file'));
  if (!isDatabase) return schema;
  return {
    ...schema,
    properties: Object.fromEntries(
      Object.entries(schema.properties ?? {}).filter(([name]) => name !== 'path'),
    ),
  };
};

/** The schema of a union that a value is an example of. */
const fitting = (schema: JsonSchema, value: unknown): JsonSchema => {
  if (!schema.anyOf) return schema;
  const kind = Array.isArray(value) ? 'array' : typeof value;
  return schema.anyOf.find(({ type }) => type === kind) ?? {};
};

/** The value at a path, or its default; undefined when there is neither. */
const filled = (
  context: Context,
  path: Path,
  schema: JsonSchema,
  isSecret: (path: Path) => boolean = (at) => SECRETS.test(pathLabel(at)),
): Node | undefined => {
  const given = valueAt(context.tree.root, path);
  // A section that is named without anything in it is none.
  if (given === undefined || given === null)
    return schema.default === undefined ? undefined : defaultNode(context, path, schema.default, schema);
  return givenNode(context, path, given, fitting(schema, given), isSecret);
};

const givenNode = (
  context: Context,
  path: Path,
  given: unknown,
  schema: JsonSchema,
  isSecret: (path: Path) => boolean,
): Node => {
  if (Array.isArray(given)) {
    const list = new YAMLSeq<Node>();
    for (const [index, item] of given.entries())
      list.add(givenNode(context, [...path, index], item, fitting(schema.items ?? {}, item), isSecret));
    return flowing(list);
  }
  if (typeof given === 'object' && given !== null) {
    const map = new YAMLMap<Scalar, Node>();
    const values = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
    for (const key of new Set([...Object.keys(schema.properties ?? {}), ...Object.keys(given)])) {
      const node = filled(context, [...path, key], schema.properties?.[key] ?? values, isSecret);
      if (node) map.add(new Pair(new Scalar(key), node));
    }
    return map;
  }
  const source = sourceOf(context, path);
  const shown = isSecret(path) && given !== '' ? REDACTED : redacted(context, given);
  return scalar(context, path, shown, source);
};

const redacted = ({ redact }: Context, value: unknown): unknown =>
  typeof value === 'string' ? redact(value) : value;

const sourceOf = ({ tree, line }: Context, path: Path): string => {
  const place = tree.place(path);
  if (!place) return 'default';
  const [file] = place.files;
  if (file !== undefined) return `file ${file}`;
  return place.referenced ? 'environment' : `line ${line(place.offset)}`;
};

const scalar = ({ sources }: Context, path: Path, value: unknown, source: string): Scalar => {
  sources[pathLabel(path)] = source;
  const node = new Scalar(value);
  // What stands in the file needs no word.
  if (!source.startsWith('line ')) node.comment = ` ${source}`;
  return node;
};

/** A default, and what is by default inside of it. */
const defaultNode = (context: Context, path: Path, value: unknown, schema: JsonSchema): Node | undefined => {
  if (Array.isArray(value)) {
    const list = new YAMLSeq<Node>();
    for (const item of value) list.add(plain(item));
    context.sources[pathLabel(path)] = 'default';
    list.comment = ' default';
    list.flow = true;
    return list;
  }
  if (typeof value !== 'object' || value === null) return scalar(context, path, value, 'default');
  const map = new YAMLMap<Scalar, Node>();
  const inner = value as Readonly<Record<string, unknown>>;
  for (const key of new Set([...Object.keys(schema.properties ?? {}), ...Object.keys(inner)])) {
    const own = schema.properties?.[key];
    const wanted = inner[key] ?? own?.default;
    const node = wanted === undefined ? undefined : defaultNode(context, [...path, key], wanted, own ?? {});
    if (node) map.add(new Pair(new Scalar(key), node));
  }
  return map.items.length === 0 ? undefined : map;
};

const plain = (value: unknown): Node => {
  const node = new Document(value).contents;
  // A default is never nothing.
  return node ?? new Scalar(null);
};

/** A list of texts on one line, as people write it. */
const flowing = (list: YAMLSeq<Node>): YAMLSeq<Node> => {
  list.flow = list.items.every((item) => isScalar(item) && item.comment === undefined);
  return list;
};

const sinksNode = (context: Context): Node => {
  const given = valueAt(context.tree.root, ['sinks']);
  const names = typeof given === 'object' && given !== null ? Object.keys(given) : [];
  const map = new YAMLMap<Scalar, Node>();
  for (const name of names) {
    const path: Path = ['sinks', name];
    const type = context.sinkTypes.find(String(valueAt(context.tree.root, [...path, 'type'])));
    if (type === undefined || type === 'faulty') continue;
    const options = schemaOf(z.strictObject({ ...type.options.shape, ...COMMON_OPTIONS }));
    const schema = {
      ...options,
      properties: { type: {}, ...options.properties, ...limitDefaults(options, type.limits) },
    };
    const node = filled(context, path, schema, (at) => isSecretOption(type, at.slice(2)));
    if (node) map.add(new Pair(new Scalar(name), node));
  }
  if (names.length === 0) {
    const console = new YAMLMap<Scalar, Node>();
    console.add(
      new Pair(new Scalar('type'), scalar(context, ['sinks', 'console', 'type'], 'log', 'default')),
    );
    map.add(new Pair(new Scalar('console'), console));
  }
  return map;
};

/** The common options with the defaults of a kind of sink. */
const limitDefaults = (
  options: JsonSchema,
  { perSecond, burst, foldAbove }: SinkLimitDefaults = {},
): Readonly<Record<string, JsonSchema>> => {
  const of = (key: string, value: unknown): JsonSchema => ({ ...options.properties?.[key], default: value });
  return {
    rate: of('rate', perSecond ?? 'off'),
    ...(burst !== undefined && { burst: of('burst', burst) }),
    fold_above: of('fold_above', foldAbove ?? 'off'),
  };
};
