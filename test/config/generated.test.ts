import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { withOptions } from '../../scripts/docs-configuration.ts';
import { describedSchema, presetSchemaText, schemaText } from '../../scripts/schema.ts';
import { SINK_TYPES } from '../../src/sinks/registry.ts';
import { ACCOUNT, folder, load } from './files.ts';

const repository = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = repository('docs/configuration.md');

describe('the schema for editors', () => {
  it('is current (node scripts/schema.ts)', () => {
    expect(repository('config/monitor.schema.json')).toBe(schemaText());
  });

  it('accepts the shipped configuration, references and secret files, and refuses what the program refuses', () => {
    const schema = z.fromJSONSchema(JSON.parse(schemaText()) as Parameters<typeof z.fromJSONSchema>[0]);
    const accepts = (text: string): boolean => schema.safeParse(parse(text)).success;
    expect(accepts(repository('config/monitor.yml'))).toBe(true);
    expect(accepts(ACCOUNT)).toBe(true);
    expect(accepts(`${ACCOUNT}api: { page_size: "\${SIZE}", timeout: "\${T:-1s}" }\n`)).toBe(true);
    expect(accepts(`${ACCOUNT}sinks: { s: { type: slack, url_file: x } }\n`)).toBe(true);
    expect(accepts('accounts: [{ name: a, api_key: k, api_secret_file: f }]\n')).toBe(true);
    expect(accepts('accounts: []\n')).toBe(false);
    expect(accepts(`${ACCOUNT}pol: {}\n`)).toBe(false);
    expect(accepts(`${ACCOUNT}api: { page_size: 101 }\n`)).toBe(false);
    expect(accepts(`${ACCOUNT}poll: { interval: 30 }\n`)).toBe(false);
    expect(accepts(`${ACCOUNT}log: { level: loud }\n`)).toBe(false);
    // An unknown type may be a preset of the operator's own; `check` knows.
    expect(accepts(`${ACCOUNT}sinks: { s: { type: smoke, any: 1 } }\n`)).toBe(true);
    expect(accepts(`${ACCOUNT}sinks: { s: { type: Log } }\n`)).toBe(false);
    expect(accepts(`${ACCOUNT}sinks: { s: { type: ntfy, topic: a } }\n`)).toBe(true);
    expect(accepts(`${ACCOUNT}sinks: { s: { type: ntfy } }\n`)).toBe(false);
    expect(accepts(`${ACCOUNT}sinks: { s: { type: log, frob: 1 } }\n`)).toBe(false);
  });

  it('describes every option', () => {
    const undescribed: string[] = [];
    const visit = (path: string, schema: ReturnType<typeof describedSchema>): void => {
      for (const [key, property] of Object.entries(schema.properties ?? {})) {
        if (property.description === undefined && property.const === undefined)
          undescribed.push(`${path}.${key}`);
        visit(`${path}.${key}`, property);
      }
      if (schema.items) visit(`${path}[]`, schema.items);
      for (const branch of schema.anyOf ?? []) visit(path, branch);
      if (typeof schema.additionalProperties === 'object') visit(`${path}.*`, schema.additionalProperties);
    };
    visit('', describedSchema());
    expect(undescribed).toEqual([]);
  });
});

describe('the schema of presets for editors', () => {
  it('is current (node scripts/schema.ts)', () => {
    expect(repository('config/preset.schema.json')).toBe(presetSchemaText());
  });

  it('accepts the shipped presets, which name it, and refuses what the program refuses', () => {
    const schema = z.fromJSONSchema(JSON.parse(presetSchemaText()) as Parameters<typeof z.fromJSONSchema>[0]);
    const names = readdirSync(new URL('../../config/presets', import.meta.url));
    const texts = names.map((name) => repository(`config/presets/${name}`));
    expect(names.length).toBeGreaterThanOrEqual(12);
    expect(texts.filter((text) => !schema.safeParse(parse(text)).success)).toEqual([]);
    const line = '# yaml-language-server: $schema=../preset.schema.json\n';
    expect(texts.filter((text) => !text.startsWith(line))).toEqual([]);
    const [first = ''] = texts;
    expect(schema.safeParse(parse(first.replace('request:', 'requests:'))).success).toBe(false);
    expect(schema.safeParse(parse(`${first}frob: 1\n`)).success).toBe(false);
  });
});

describe('docs/configuration.md', () => {
  it('has current tables of options (node scripts/docs-configuration.ts)', () => {
    expect(page).toBe(withOptions(page));
  });

  const otherPages = repository('docs/delivery.md');
  const examples = [...`${page}\n${otherPages}`.matchAll(/^```yaml\n(.*?)^```$/gms)].map(
    ([, text = '']) => text,
  );

  it('has examples', () => {
    expect(examples.length).toBeGreaterThanOrEqual(5);
  });

  it.each(examples.map((text, index) => [index + 1, text] as const))(
    'example %i loads',
    async (_number, text) => {
      const secretFiles = [...text.matchAll(/_file: (secrets\/\w+)/g)].map(([, path = '']) => path);
      const root = folder({
        'rules/one.yml': 'title: One\n',
        'monitor.yml': text.includes('accounts:') ? text : ACCOUNT + text,
        ...Object.fromEntries(
          secretFiles.map((path) => [path, 'https://hooks.slack.example/services/x/y/z\n']),
        ),
      });
      const listFiles = [...text.matchAll(/file: (lists\/[\w.-]+)/g)].map(([, path = '']) => path);
      for (const path of listFiles) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), 'one\n');
      }
      const variables = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, 'value']);
      const { problems, warnings, settings } = await load(
        { root },
        Object.fromEntries(variables),
        SINK_TYPES,
      );
      expect([...problems, ...warnings]).toEqual([]);
      expect(settings).toBeDefined();
    },
  );

  it('names every variable of the shipped configuration, and no other', () => {
    const shipped = repository('config/monitor.yml').replaceAll(/^\s*#.*$/gm, '');
    const used = [...shipped.matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
    const table = page.slice(page.indexOf('| variable |'), page.indexOf('Only `accounts`'));
    const named = [...table.matchAll(/`([A-Z][A-Z_]+)`/g)]
      .map(([, name]) => name)
      .filter((name) => name !== 'NAME_FILE');
    expect(new Set(named)).toEqual(new Set(used));
  });
});
