import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { SECTION_ORDER, SECTIONS } from '../src/config/schema.ts';
import { COMMON_OPTIONS } from '../src/config/sink-limits.ts';
import { name, text } from '../src/config/values.ts';
import { presetSchema } from '../src/sinks/preset-schema.ts';
import { SINK_TYPES } from '../src/sinks/registry.ts';
import { shippedPresets } from './presets.ts';

/** A JSON Schema, as far as it is looked at here. */
export interface JsonSchema {
  readonly [key: string]: unknown;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly allowed?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

const SCHEMA_FILE = new URL('../config/monitor.schema.json', import.meta.url);
const PRESET_SCHEMA_FILE = new URL('../config/preset.schema.json', import.meta.url);

/** The option of a sink that takes a secret from a file. */
const secretFile = (secret: string) =>
  text().optional().describe(`A file that holds \`${secret}\`, relative to the configuration file.`);

const sinkSchema = (type: (typeof SINK_TYPES)[number]) =>
  z.strictObject({
    type: z.literal(type.type),
    ...type.options.shape,
    ...COMMON_OPTIONS,
    ...Object.fromEntries(type.secrets.map((secret) => [`${secret}_file`, secretFile(secret)])),
  });

/** A map that has a key. Spelled out in full: some readers of JSON Schema ignore `required` by itself. */
const having = (key: string): JsonSchema => ({ type: 'object', properties: { [key]: {} }, required: [key] });

/** A secret that is required may come from its file instead. */
const eitherWay = (schema: JsonSchema, secrets: readonly string[]): JsonSchema => {
  const required = schema.required ?? [];
  const choices = secrets.filter((secret) => required.includes(secret));
  return {
    ...schema,
    required: required.filter((key) => !choices.includes(key)),
    ...(choices.length > 0 && {
      allOf: choices.map((secret) => ({
        oneOf: [having(secret), having(`${secret}_file`)],
      })),
    }),
  };
};

/** At least one of the options that say where a sink sends. None of them is required by itself. */
const switched = (schema: JsonSchema, { switches, secrets }: (typeof SINK_TYPES)[number]): JsonSchema => {
  if (switches === undefined) return schema;
  const ways = switches.flatMap((key) => [key, ...(secrets.includes(key) ? [`${key}_file`] : [])]);
  return { ...schema, allOf: [{ anyOf: ways.map(having) }] };
};

/** The configuration's schema with the marks that the documentation needs (`allowed`), without references. */
export const describedSchema = (): JsonSchema => {
  const sinks = z
    .record(name(), z.unknown())
    .prefault({ console: { type: 'log' } })
    .describe('Where alerts go, by name. A sink whose `url` is empty is off.');
  const sections = z.strictObject({ ...SECTIONS, sinks });
  const schema = z.toJSONSchema(sections, { io: 'input' }) as JsonSchema;
  const properties = { ...schema.properties };
  const types = [...SINK_TYPES, ...shippedPresets().map(({ type }) => type)];
  const sinkSchemas = types.map((type) => {
    const { $schema: _, ...own } = z.toJSONSchema(sinkSchema(type), { io: 'input' }) as JsonSchema;
    return switched(eitherWay(own, type.secrets), type);
  });
  const ownPreset: JsonSchema = {
    type: 'object',
    description: 'A preset of your own: see docs/presets.md.',
    properties: {
      type: {
        type: 'string',
        pattern: `^(?!(?:${types.map(({ type }) => type).join('|')})$)[a-z][a-z0-9_-]*$`,
        description: 'Name of its file, without `.yml`.',
      },
    },
    required: ['type'],
  };
  properties['sinks'] = {
    ...properties['sinks'],
    additionalProperties: { anyOf: [...sinkSchemas, ownPreset] },
  };
  const account = properties['accounts']?.items;
  properties['accounts'] = {
    ...properties['accounts'],
    items: { ...account, oneOf: [having('api_secret'), having('api_secret_file')] },
  };
  return {
    ...schema,
    title: 'Configuration of vonage-audit-monitor',
    properties: Object.fromEntries(SECTION_ORDER.map((key) => [key, properties[key] ?? {}])),
  };
};

const REFERENCE: JsonSchema = { type: 'string', pattern: '\\$\\{' };

/** JSON Schema knows no flags: what needs JavaScript's `u` means something else, or nothing, to an editor. */
const isPortable = (pattern: string): boolean => !/\\[pPu]\{/.test(pattern);

/** Allows a reference such as `${NAME}` wherever the schema would take a reference for a wrong value. */
const withReferences = (schema: JsonSchema): JsonSchema => {
  const { description, default: fallback, allowed: _, pattern, ...others } = schema;
  const rest: JsonSchema = pattern === undefined || !isPortable(pattern) ? others : { ...others, pattern };
  const about = { ...(description && { description }), ...(fallback !== undefined && { default: fallback }) };
  const picky =
    rest.const === undefined &&
    (rest.enum !== undefined ||
      rest.pattern !== undefined ||
      rest.type === 'integer' ||
      rest.type === 'number' ||
      rest.type === 'boolean');
  if (picky) return { ...about, anyOf: [rest, REFERENCE] };
  const inner = (value: JsonSchema | boolean): JsonSchema | boolean =>
    typeof value === 'boolean' ? value : withReferences(value);
  return {
    ...about,
    ...rest,
    ...(rest.properties && {
      properties: Object.fromEntries(
        Object.entries(rest.properties).map(([key, value]) => [key, withReferences(value)]),
      ),
    }),
    ...(rest.additionalProperties !== undefined && {
      additionalProperties: inner(rest.additionalProperties),
    }),
    ...(rest.items && { items: withReferences(rest.items) }),
    ...(rest.anyOf && { anyOf: rest.anyOf.map(withReferences) }),
  };
};

/** Content of `config/monitor.schema.json`: the JSON Schema for editors. */
export const schemaText = (): string => `${JSON.stringify(withReferences(describedSchema()), null, 2)}\n`;

/** Content of `config/preset.schema.json`: the same for presets. Templates are checked by the program alone. */
export const presetSchemaText = (): string => {
  const schema = z.toJSONSchema(presetSchema, { io: 'input' }) as JsonSchema;
  const portable = JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === 'pattern' && typeof value === 'string' && !isPortable(value) ? undefined : value,
  ) as JsonSchema;
  return `${JSON.stringify({ ...portable, title: 'Preset of vonage-audit-monitor' }, null, 2)}\n`;
};

if (import.meta.main) {
  writeFileSync(SCHEMA_FILE, schemaText());
  writeFileSync(PRESET_SCHEMA_FILE, presetSchemaText());
}
