import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHART, type Helm, openHelm } from './helm.ts';

/*
 * Makes what is made of something else in deploy/: the files that the chart carries, and the plain manifests, which are
 * the chart as Helm renders it. test/deploy checks that both are current.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const KUBERNETES = join(ROOT, 'deploy', 'kubernetes');

/** Files of the chart that are copies, since a chart can hold nothing from outside its folder. */
export const COPIES: readonly { readonly from: string; readonly to: string }[] = [
  { from: join(ROOT, 'config/monitor.yml'), to: join(CHART, 'files/monitor.yml') },
  { from: join(ROOT, 'deploy/prometheus/rules.yml'), to: join(CHART, 'files/prometheus-rules.yml') },
  {
    from: join(ROOT, 'deploy/grafana/vonage-audit-monitor.json'),
    to: join(CHART, 'files/grafana-dashboard.json'),
  },
];

/** Where the configuration of the replicas of docker-compose.yml lies. */
export const CLUSTER_CONFIG = join(ROOT, 'deploy/compose/monitor.yml');

/** The shipped configuration with a database in place of the file, and the rules where the image has them. */
export const clusterConfig = (): string => {
  let text = readFileSync(join(ROOT, 'config/monitor.yml'), 'utf8');
  for (const [from, to] of [
    ['$schema=./monitor.schema.json\n', '$schema=../../config/monitor.schema.json\n'],
    [
      '#\n# The configuration of vonage-audit-monitor. It works as it is',
      '#\n# For the replicas of docker-compose.yml. Made from config/monitor.yml by scripts/deploy.ts: change that.\n#\n' +
        '# The configuration of vonage-audit-monitor. It works as it is',
    ],
    [
      '# The database; a relative path begins at the working directory.\n',
      '# The database, which all replicas share.\n',
    ],
    ['\nstore: { path: "${STORE_PATH:-data/monitor.db}",', '\nstore: { url: "${DATABASE_URL}",'],
    ['\nrules: [rules]\n', '\nrules: [/app/rules]\n'],
  ] as const) {
    if (!text.includes(from)) throw new Error(`config/monitor.yml does not have: ${from.trim()}`);
    text = text.replace(from, () => to);
  }
  return text;
};

const NAME = 'vonage-audit-monitor';
const KINDS_OF_OPERATOR = ['ServiceMonitor', 'PrometheusRule'];

/** The values that the plain manifests are rendered with. */
const VALUES = {
  existingSecret: NAME,
  persistence: { resourcePolicy: '' },
  networkPolicy: { enabled: true },
  serviceMonitor: { enabled: true },
  prometheusRule: { enabled: true },
};

/** … and those for replicas on PostgreSQL. */
const VALUES_OF_REPLICAS = {
  existingSecret: NAME,
  database: {
    existingSecret: `${NAME}-database`,
    migrate: { enabled: true, existingSecret: `${NAME}-owner` },
  },
  networkPolicy: { enabled: true },
};

const heading = (text: string): string =>
  `${text
    .split('\n')
    .map((line) => `# ${line}\n`)
    .join('')}# Made from the Helm chart beside it by scripts/deploy.ts: change the chart.\n`;

const HOOK =
  /^ *annotations:\n(?: *#.*\n| *helm\.sh\/.*\n)*? *helm\.sh\/hook: .*\n(?: *#.*\n| *helm\.sh\/.*\n)*/m;

/** The plain manifests by file name, from the chart with the shipped values. */
export const manifests = (helm: Helm): Readonly<Record<string, string>> => {
  const documentsOf = (values: object): readonly string[] =>
    helm
      .template(NAME, NAME, values)
      .split(/^---\n/m)
      .map((text) =>
        text.replace(/^# Source: .*\n/, '').replaceAll(/^ *app\.kubernetes\.io\/managed-by: .*\n/gm, ''),
      )
      .filter((text) => text.trim() !== '');
  const ofOperator = (text: string): boolean =>
    KINDS_OF_OPERATOR.includes(/^kind: (.*)$/m.exec(text)?.[1] ?? '');
  const joined = (texts: readonly string[]): string => texts.map((text) => `---\n${text.trim()}\n`).join('');
  const [one, several] = [documentsOf(VALUES), documentsOf(VALUES_OF_REPLICAS)];
  return {
    'monitor.yaml':
      heading(
        'The monitor: one pod, its configuration, its volume. Needs namespace.yaml and a Secret first.',
      ) + joined(one.filter((text) => !ofOperator(text))),
    'replicas.yaml':
      heading(
        'Several replicas on PostgreSQL. Needs namespace.yaml, the Secrets of secret.yaml.example and database-secret.yaml.example,\n' +
          'and migrate.yaml first. Instead of monitor.yaml: what both have bears the same names, so one replaces the other.',
      ) + joined(several.filter((text) => !HOOK.test(text))),
    'migrate.yaml':
      heading(
        'Makes the tables of the database, or brings them up to date: once before replicas.yaml, and before each new version.\n' +
          'A Job cannot be changed: delete the old one first (docs/kubernetes.md).',
      ) + joined(several.filter((text) => HOOK.test(text)).map((text) => text.replace(HOOK, ''))),
    'prometheus-operator.yaml':
      heading('For clusters with the Prometheus operator: what is scraped, and when somebody is told.') +
      joined(one.filter(ofOperator)),
  };
};

/** Where a plain manifest lies. */
export const manifestPath = (name: string): string => join(KUBERNETES, name);

if (import.meta.main) {
  for (const { from, to } of COPIES) writeFileSync(to, readFileSync(from));
  writeFileSync(CLUSTER_CONFIG, clusterConfig());
  const folder = mkdtempSync(join(tmpdir(), 'helm-'));
  try {
    for (const [name, text] of Object.entries(manifests(openHelm(folder))))
      writeFileSync(manifestPath(name), text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
