import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openHelm } from '../../scripts/helm.ts';
import { createScope, type Scope } from '../../src/base/scope.ts';
import { createGenerator } from '../../src/simulator/generator.ts';
import { simulate } from '../support/audit-api.ts';
import { monitorIn } from '../support/in-scope.ts';
import { KEY, ruleOf, SECRET } from '../support/installation.ts';
import { manifestsOf } from '../support/kubernetes.ts';
import type { LogLine } from '../support/monitor-process.ts';
import { createDatabase } from '../support/postgres.ts';

/*
 * The real monitor in what the chart makes: its files laid out as the kubelet lays them (a folder of the moment behind the
 * link ..data, and links to what is in it), its variables, its arguments. Only the root is a folder here.
 */

const SHIPPED_RULES = fileURLToPath(new URL('../../config/rules', import.meta.url));

let scope: Scope;
let root: string;
beforeEach(() => {
  scope = createScope();
  root = mkdtempSync(join(tmpdir(), 'pod-'));
  scope.defer('root', () => rmSync(root, { recursive: true, force: true }));
});
afterEach(() => scope.close());

/** Lays or replaces the files of a volume in one step, as the kubelet does. */
const lay = (folder: string, moment: string, files: Readonly<Record<string, string>>): void => {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, moment, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o440 });
  }
  symlinkSync(moment, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  for (const top of new Set(Object.keys(files).map((path) => path.split('/')[0] ?? ''))) {
    rmSync(join(folder, top), { force: true });
    symlinkSync(join('..data', top), join(folder, top));
  }
};

interface Deployment {
  readonly template: {
    readonly spec: {
      readonly containers: readonly [
        {
          readonly args: readonly string[];
          readonly env: readonly { readonly name: string; readonly value: string }[];
        },
      ];
      readonly volumes: readonly {
        readonly configMap?: { readonly items: readonly { readonly key: string; readonly path: string }[] };
      }[];
    };
  };
}

it.each([
  ['on a volume', false],
  ['on a database', true],
])(
  'the monitor runs in it %s, with a rule of its own, and takes a secret that is replaced',
  async (_, shared) => {
    const simulator = await simulate();
    const folder = join(root, 'helm');
    mkdirSync(folder);
    const manifests = manifestsOf(
      openHelm(folder).template('monitor', 'watch', {
        existingSecret: 'vonage',
        database: { existingSecret: shared ? 'postgres' : '' },
        rules: { 'own.yml': ruleOf('A rule of our own', 'high', ['APP_CREATE']) },
        files: { 'presets/chat.yml': readFileSync(join(SHIPPED_RULES, '../presets/ntfy.yml'), 'utf8') },
        env: {
          POLL_INTERVAL: '1s',
          POLL_START: '1h',
          VONAGE_AUDIT_URL: simulator.url,
          STORE_PATH: join(root, 'data/monitor.db'),
        },
      }),
    );
    const of = (kind: string): Readonly<Record<string, unknown>> =>
      manifests.find((manifest) => manifest.kind === kind) ?? {};
    const { containers, volumes } = (of('Deployment').spec as Deployment).template.spec;
    const data = of('ConfigMap').data as Readonly<Record<string, string>>;
    const items = volumes.find(({ configMap }) => configMap)?.configMap?.items ?? [];
    lay(
      join(root, 'config'),
      '..2026_01',
      // Where the image has the shipped rules, this machine has nothing.
      Object.fromEntries(
        items.map(({ key, path }) => [
          path,
          (data[key] ?? '').replace('/app/rules', SHIPPED_RULES).replace('url_file: /', `url_file: ${root}/`),
        ]),
      ),
    );
    const database = shared ? await createDatabase() : undefined;
    if (database) {
      scope.defer('database', () => database.drop());
      lay(join(root, 'run/secrets/database'), '..2026_01', { url: database.url });
    }
    const secrets = join(root, 'run/secrets/vonage-audit-monitor');
    lay(secrets, '..2026_01', { VONAGE_API_KEY: KEY, VONAGE_API_SECRET: 'of-yesterday' });

    const inRoot = (text: string): string => (/^\/(config|run)\//.test(text) ? join(root, text) : text);
    const [{ args, env }] = containers;
    const variables = env.map(({ name, value }) => [name, inRoot(value)] as const);
    const monitor = monitorIn(scope, args.map(inRoot), {
      ...Object.fromEntries(variables),
      HTTP_LISTEN: '127.0.0.1:0',
    });
    const said = (event: string): Promise<LogLine> => monitor.until((line) => line.event === event);

    expect(await said('condition.opened')).toMatchObject({ condition: 'blind' });
    lay(secrets, '..2026_02', { VONAGE_API_KEY: KEY, VONAGE_API_SECRET: SECRET });
    await said('poll.completed');
    simulator.add(KEY, createGenerator({ seed: 'pod', account: KEY }).any(Date.now() - 10_000, 'APP_CREATE'));
    expect(await monitor.until((line) => line.rule_title === 'A rule of our own')).toMatchObject({
      event: 'alert.decided',
    });
    const held = await database?.query(
      "SELECT name FROM vonage_audit_monitor.leases WHERE name = 'account:default'",
    );
    expect(held ?? 'a file').toEqual(shared ? [{ name: 'account:default' }] : 'a file');
    monitor.kill('SIGTERM');
    expect(await monitor.ended).toEqual({ code: 0, signal: null });
  },
);
