import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import type { Environment } from '../../src/config/environment.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import type { LoadedConfiguration } from '../../src/config/loaded.ts';
import type { SinkOptionsType } from '../../src/config/schema.ts';
import { formatProblem } from '../../src/core/problem.ts';

export const NOW_MS = Date.UTC(2026, 5, 1);

/** Sinks of our own, so that these tests stand whatever the real ones come to want. */
export const SINKS: readonly SinkOptionsType[] = [
  { type: 'log', options: z.strictObject({ level: z.enum(['info', 'warn']).default('info') }), secrets: [] },
  {
    type: 'webhook',
    options: z.strictObject({
      url: z.string().refine((value) => URL.canParse(value), { error: 'allowed: a URL' }),
      secret: z.union([z.string(), z.array(z.string())]).default(''),
      headers: z.record(z.string(), z.string()).default({}),
      concurrency: z.int().min(1).max(9).default(4),
      strict: z.boolean().default(true),
    }),
    secrets: ['url', 'secret'],
    takesEvents: ({ strict }) => strict === true,
  },
  {
    type: 'email',
    options: z.strictObject({
      url: z.string().min(1),
      to: z.array(z.string().includes('@', { error: 'allowed: an address' })).min(1),
    }),
    secrets: ['url'],
  },
];

/** A folder of files (path to content) that is gone when the test ends. */
export const folder = (files: Readonly<Record<string, string | Uint8Array>>): string => {
  const root = mkdtempSync(join(tmpdir(), 'config-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    // Secret files that everybody can read are refused.
    writeFileSync(join(root, path), content, { mode: 0o600 });
  }
  return root;
};

/** One account: what every configuration needs. */
export const ACCOUNT = 'accounts: [{ name: a, api_key: k1, api_secret: s3cret }]\n';

/** What a configuration came to, with problems and warnings as people see them. */
export type Loaded = Omit<LoadedConfiguration, 'problems' | 'warnings'> & {
  readonly root: string;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
};

/** Loads `monitor.yml` of a folder, or a text as that file with one rule beside it. */
export const load = async (
  source: string | { readonly root: string },
  env: Environment = {},
  sinkTypes: readonly SinkOptionsType[] = SINKS,
): Promise<Loaded> => {
  const root =
    typeof source === 'string'
      ? folder({ 'monitor.yml': source, 'rules/one.yml': 'title: One\n' })
      : source.root;
  const loaded = await loadConfiguration({
    path: join(root, 'monitor.yml'),
    env,
    sinkTypes,
    now: () => NOW_MS,
  });
  const texts = (problems: LoadedConfiguration['problems']): readonly string[] =>
    problems.map((problem) => formatProblem(problem, root));
  return { ...loaded, root, problems: texts(loaded.problems), warnings: texts(loaded.warnings) };
};
