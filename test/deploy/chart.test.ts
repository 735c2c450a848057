import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CLUSTER_CONFIG, COPIES, clusterConfig, manifestPath, manifests } from '../../scripts/deploy.ts';
import { CHART, type Helm, openHelm } from '../../scripts/helm.ts';
import { type Manifest, manifestsOf, schemaProblems, typeProblems } from '../support/kubernetes.ts';

/* The chart, as the real Helm renders it, against the schemas that Kubernetes publishes. */

const folder = mkdtempSync(join(tmpdir(), 'helm-'));
let helm: Helm;
beforeAll(() => {
  helm = openHelm(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (path: string): string => readFileSync(path, 'utf8');
const render = (values: object, more?: readonly string[]): readonly Manifest[] =>
  manifestsOf(helm.template('monitor', 'watch', values, more));

const RULE = `title: A rule of our own
logsource: {product: vonage, service: audit}
detection:
  selection: {event_type: APP_DELETE}
  condition: selection
level: low
`;

/** What people set, from nothing but a Secret to everything there is. */
const VALUE_SETS: Readonly<Record<string, object>> = {
  'a Secret that exists': { existingSecret: 'vonage' },
  'secrets as values': {
    secrets: { VONAGE_API_KEY: 'abcd1234', VONAGE_API_SECRET: 's', SMTP_URL: 'smtp://x' },
  },
  'no volume': { existingSecret: 'vonage', persistence: { enabled: false } },
  'a claim that exists': { existingSecret: 'vonage', persistence: { existingClaim: 'old' } },
  'a configuration of its own as a map': {
    config: { accounts: [{ name: 'a', api_key: 'k', api_secret_file: '/run/secrets/own' }] },
    extraVolumes: [{ name: 'own', secret: { secretName: 'own' } }],
    extraVolumeMounts: [{ name: 'own', mountPath: '/run/secrets/own', subPath: 'x' }],
  },
  'a database': { existingSecret: 'vonage', database: { existingSecret: 'postgres' } },
  'a database and all else': {
    existingSecret: 'vonage',
    database: { existingSecret: 'postgres', key: 'uri', port: 6432 },
    replicas: 5,
    networkPolicy: { enabled: true },
    config: {
      accounts: [{ name: 'a', api_key: 'k', api_secret_file: '/run/secrets/vonage-audit-monitor/x' }],
      store: { retention: '30d' },
    },
  },
  'a database and its migration': {
    existingSecret: 'vonage',
    database: {
      existingSecret: 'postgres',
      port: 6432,
      migrate: { enabled: true, existingSecret: 'postgres-owner', key: 'uri' },
    },
    imagePullSecrets: [{ name: 'pull' }],
    networkPolicy: { enabled: true, extraEgress: [{ to: [{ ipBlock: { cidr: '192.0.2.0/24' } }] }] },
    serviceAccount: { create: false, name: 'of-ours' },
    podAnnotations: { a: 'b' },
    podLabels: { team: 'security' },
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'a', operator: 'Exists' }],
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    priorityClassName: 'high',
    extraVolumes: [{ name: 'authority', configMap: { name: 'authority' } }],
    extraVolumeMounts: [{ name: 'authority', mountPath: '/etc/authority', readOnly: true }],
  },
  everything: {
    image: {
      repository: 'mirror.example.com/monitor',
      digest: `sha256:${'0a'.repeat(32)}`,
      pullPolicy: 'Always',
    },
    imagePullSecrets: [{ name: 'pull' }],
    fullnameOverride: 'watcher',
    existingSecret: 'vonage',
    secretKeys: ['VONAGE_API_KEY', 'VONAGE_API_SECRET', 'API_TOKEN'],
    rules: { 'own.yml': RULE },
    files: { 'presets/chat.yml': 'a: b\n', 'users.txt': 'ci@example.com\n' },
    env: { POLL_INTERVAL: '1m', LOG_LEVEL: 'debug', EXTERNAL_URL: 'https://monitor.example.com' },
    extraEnv: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
    extraEnvFrom: [{ configMapRef: { name: 'more' } }],
    persistence: {
      storageClass: 'fast',
      accessModes: ['ReadWriteOncePod'],
      size: '20Gi',
      annotations: { a: 'b' },
    },
    restartOnChange: true,
    service: { type: 'LoadBalancer', port: 80, annotations: { a: 'b' } },
    ingress: {
      enabled: true,
      className: 'nginx',
      host: 'monitor.example.com',
      tlsSecret: 'tls',
      annotations: { a: 'b' },
    },
    networkPolicy: {
      enabled: true,
      ingressFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      egressPorts: [443],
      extraEgress: [{ to: [{ ipBlock: { cidr: '192.0.2.0/24' } }] }],
    },
    serviceMonitor: { enabled: true, interval: '15s', labels: { release: 'prometheus' } },
    prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
    grafanaDashboard: { enabled: true, annotations: { folder: 'Security' } },
    serviceAccount: { name: 'watcher-account', annotations: { a: 'b' } },
    podAnnotations: { a: 'b' },
    podLabels: { team: 'security' },
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'a', operator: 'Exists' }],
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    priorityClassName: 'high',
  },
};

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly [option: string]: unknown;
}
interface Pod {
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string }[];
  readonly [option: string]: unknown;
}

const one = (all: readonly Manifest[], kind: string): Manifest => {
  const found = all.filter((manifest) => manifest.kind === kind);
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} of ${kind}`);
  return found[0];
};
const deploymentOf = (all: readonly Manifest[]) =>
  one(all, 'Deployment').spec as {
    readonly replicas: number;
    readonly strategy: object;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: { readonly metadata: Manifest['metadata']; readonly spec: Pod };
  };

describe.each(Object.entries(VALUE_SETS))('with %s', (_, values) => {
  it('Helm finds nothing to complain about', () => {
    expect(helm.lint(values)).toContain('0 chart(s) failed');
  });

  it('what is rendered fits the schemas', async () => {
    expect(await schemaProblems(render(values))).toEqual([]);
  });

  it('the pod has no more than the image is proven to need', () => {
    const { spec } = deploymentOf(render(values)).template;
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 10_001,
        runAsGroup: 10_001,
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
    expect(spec).not.toHaveProperty('hostNetwork');
    expect(spec.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('everything that points at something finds it', () => {
    const all = render(values);
    const { selector, template } = deploymentOf(all);
    const [container] = template.spec.containers;
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    const service = one(all, 'Service').spec as {
      readonly selector: object;
      readonly ports: readonly { readonly name: string; readonly targetPort: string }[];
    };
    expect(service.selector).toEqual(selector.matchLabels);
    const ports = container.ports.map(({ name }) => name);
    expect(service.ports.map(({ targetPort }) => targetPort)).toEqual(ports);
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
      expect(container[probe]).toMatchObject({ httpGet: { port: ports[0] } });
    const volumes = template.spec.volumes.map(({ name }) => name);
    expect(new Set(container.volumeMounts.map(({ name }) => name))).toEqual(new Set(volumes));
    for (const { name, value = '' } of container.env.filter((variable) => variable.name.endsWith('_FILE')))
      expect(value).toBe(`/run/secrets/vonage-audit-monitor/${name.replace(/_FILE$/, '')}`);
    const listen = container.env.find(({ name }) => name === 'HTTP_LISTEN')?.value;
    expect(listen).toBe(`0.0.0.0:${container.ports[0]?.containerPort}`);
  });
});

const ON_A_FILE = Object.entries(VALUE_SETS).filter(([, values]) => !('database' in values));
it.each(ON_A_FILE)('one pod at a time has the volume with %s', (_, values) => {
  const all = render(values);
  expect(deploymentOf(all)).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  expect(deploymentOf(all).template.spec).not.toHaveProperty('topologySpreadConstraints');
  expect(all.map(({ kind }) => kind)).not.toContain('PodDisruptionBudget');
});

it('no field is there that Kubernetes does not know', () => {
  const all = Object.values(VALUE_SETS).flatMap((values) => render(values));
  const files = ['namespace.yaml', 'secret.yaml.example', ...Object.keys(manifests(helm))];
  const plain = files.flatMap((name) => manifestsOf(read(manifestPath(name))));
  expect(all.length + plain.length).toBeGreaterThan(35);
  expect(typeProblems([...all, ...plain])).toEqual([]);
});

describe('secrets', () => {
  it('given as values lie in a Secret, and nowhere else', () => {
    const all = render({ secrets: { VONAGE_API_KEY: 'key-of-ours', VONAGE_API_SECRET: '12345678' } });
    expect(one(all, 'Secret').data).toEqual({
      VONAGE_API_KEY: Buffer.from('key-of-ours').toString('base64'),
      VONAGE_API_SECRET: Buffer.from('12345678').toString('base64'),
    });
    const others = JSON.stringify(all.filter(({ kind }) => kind !== 'Secret'));
    expect(others).not.toMatch(/key-of-ours|12345678/);
    expect(deploymentOf(all).template.spec.containers[0].env.map(({ name }) => name)).toEqual([
      'HTTP_LISTEN',
      'VONAGE_API_KEY_FILE',
      'VONAGE_API_SECRET_FILE',
    ]);
  });

  it('of an existing Secret make no other one, and can be read by the pod alone', () => {
    const all = render({ existingSecret: 'vonage', secrets: { VONAGE_API_KEY: 'x' } });
    expect(all.map(({ kind }) => kind)).not.toContain('Secret');
    const volume = deploymentOf(all).template.spec.volumes.find(({ name }) => name === 'secrets');
    expect(volume).toMatchObject({ secret: { secretName: 'vonage', defaultMode: 0o440 } });
  });
});

describe('with a database', () => {
  const database = { existingSecret: 'vonage', database: { existingSecret: 'postgres' } };
  const storeOf = (all: readonly Manifest[]): unknown => {
    const data = one(all, 'ConfigMap').data as Readonly<Record<string, string>>;
    return (parse(data['monitor.yml'] ?? '') as { readonly store: unknown }).store;
  };

  it('three pods stand apart, are replaced one after the other, and need no volume', () => {
    const all = render(database);
    const { selector, template, ...deployment } = deploymentOf(all);
    expect(deployment).toMatchObject({
      replicas: 3,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    });
    expect(all.map(({ kind }) => kind)).not.toContain('PersistentVolumeClaim');
    expect(template.spec.volumes.find(({ name }) => name === 'data')).toHaveProperty('emptyDir');
    const spread = { maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: selector };
    expect(template.spec.topologySpreadConstraints).toEqual([
      { ...spread, topologyKey: 'kubernetes.io/hostname' },
      { ...spread, topologyKey: 'topology.kubernetes.io/zone' },
    ]);
    expect(template.spec.affinity).toEqual({
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: selector },
          },
        ],
      },
    });
    expect(one(all, 'PodDisruptionBudget').spec).toEqual({
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector,
    });
  });

  it('nothing is asked of an older Kubernetes that it does not know', () => {
    const budgetOf = (version: string): unknown =>
      one(render(database, ['--kube-version', version]), 'PodDisruptionBudget').spec;
    expect(budgetOf('v1.26.9')).not.toHaveProperty('unhealthyPodEvictionPolicy');
    expect(budgetOf('v1.27.3-gke.100')).toHaveProperty('unhealthyPodEvictionPolicy');
  });

  it.each([
    ['the shipped configuration', {}, '400d'],
    ['one of its own as a map', { config: { store: { retention: '30d' } } }, '30d'],
  ])('%s reads its URL from the file of the Secret', (_, more, retention) => {
    const all = render({ ...database, database: { existingSecret: 'postgres', key: 'uri' }, ...more });
    const { containers, volumes } = deploymentOf(all).template.spec;
    const mount = containers[0].volumeMounts.find(({ name }) => name === 'database');
    expect(storeOf(all)).toEqual({ url_file: `${mount?.mountPath}/url`, retention });
    expect(volumes.find(({ name }) => name === 'database')).toMatchObject({
      secret: { secretName: 'postgres', defaultMode: 0o440, items: [{ key: 'uri', path: 'url' }] },
    });
  });

  it('a policy lets the pods reach it, and only then', () => {
    const portsOf = (values: object): unknown =>
      JSON.stringify(one(render({ ...values, networkPolicy: { enabled: true } }), 'NetworkPolicy').spec);
    expect(portsOf({ ...database, database: { existingSecret: 'postgres', port: 6432 } })).toContain('6432');
    expect(portsOf(database)).toContain('5432');
    expect(portsOf({ existingSecret: 'vonage' })).not.toContain('5432');
  });

  it('an affinity that is given holds instead of the one of the chart', () => {
    const { affinity } = deploymentOf(render({ ...database, affinity: { nodeAffinity: {} } })).template.spec;
    expect(affinity).toEqual({ nodeAffinity: {} });
  });

  it('one pod needs nothing to keep it from others', () => {
    const all = render({ ...database, replicas: 1 });
    expect(deploymentOf(all)).toMatchObject({ replicas: 1, strategy: { type: 'RollingUpdate' } });
    expect(deploymentOf(all).template.spec).not.toHaveProperty('affinity');
    expect(all.map(({ kind }) => kind)).not.toContain('PodDisruptionBudget');
  });
});

describe('values that are wrong', () => {
  it.each([
    ['no key at all', {}, 'the monitor has no key: set existingSecret, or secrets.VONAGE_API_KEY'],
    ['a misspelt name', { existingSecret: 'x', persistance: {} }, 'persistance'],
    ['a misspelt name inside', { existingSecret: 'x', image: { tags: '1' } }, 'tags'],
    [
      'a shared file system',
      { existingSecret: 'x', persistence: { accessModes: ['ReadWriteMany'] } },
      'accessModes',
    ],
    ['a key that is no variable', { existingSecret: 'x', secretKeys: ['api-key'] }, 'secretKeys'],
    ['a path that leads out', { existingSecret: 'x', files: { '../x': '' } }, 'files'],
    [
      'digits that Helm would make a fraction of',
      { secrets: { VONAGE_API_KEY: 12_345_678 } },
      'VONAGE_API_KEY',
    ],
    ['a rule that nobody would read', { existingSecret: 'x', rules: { 'own.txt': '' } }, 'rules'],
    ['an ingress for no host', { existingSecret: 'x', ingress: { enabled: true } }, 'ingress.host is needed'],
    [
      'two replicas on a file',
      { existingSecret: 'x', replicas: 2 },
      'replicas is 2, which needs a database: set database.existingSecret',
    ],
    [
      'no replicas at all',
      { existingSecret: 'x', database: { existingSecret: 'y' }, replicas: 0 },
      'replicas',
    ],
    [
      'a text that names no database',
      { database: { existingSecret: 'y' }, config: 'store: { path: /data/monitor.db }' },
      'config does not name the database of database.existingSecret',
    ],
    [
      'a map that names a file',
      { database: { existingSecret: 'y' }, config: { store: { path: '/data/monitor.db' } } },
      'config.store names another store than database.existingSecret',
    ],
    [
      'a migration of a file',
      { existingSecret: 'x', database: { migrate: { enabled: true, existingSecret: 'y' } } },
      'database.migrate is for a database: set database.existingSecret',
    ],
    [
      'a migration without the role that owns the tables',
      { existingSecret: 'x', database: { existingSecret: 'y', migrate: { enabled: true } } },
      'database.migrate.existingSecret is needed when database.migrate.enabled is true',
    ],
    [
      'a misspelt name of the migration',
      { existingSecret: 'x', database: { existingSecret: 'y', migrate: { enable: true } } },
      'enable',
    ],
  ])('%s is refused, by name', (_, values, message) => {
    expect(() => render(values)).toThrow(message);
  });

  it('are refused for every value that there is: the schema names them all', () => {
    const values = parse(read(join(CHART, 'values.yaml'))) as Readonly<Record<string, unknown>>;
    const schema = JSON.parse(read(join(CHART, 'values.schema.json'))) as {
      readonly properties: Readonly<Record<string, { readonly properties?: object }>>;
    };
    const { global: _global, ...properties } = schema.properties;
    expect(Object.keys(properties)).toEqual(Object.keys(values));
    const inner = Object.entries(properties).filter(([, schema]) => schema.properties !== undefined);
    expect(inner.map(([name, schema]) => [name, Object.keys(schema.properties ?? {})])).toEqual(
      inner.map(([name]) => [name, Object.keys(values[name] as object)]),
    );
    const database = properties['database']?.properties as Readonly<Record<string, { properties?: object }>>;
    expect(Object.keys(database['migrate']?.properties ?? {})).toEqual(
      Object.keys((values['database'] as { readonly migrate: object }).migrate),
    );
  });
});

describe('a change of the configuration', () => {
  const annotations = (values: object): unknown => deploymentOf(render(values)).template.metadata.annotations;

  it('leaves the pod alone: the monitor reads it while running', () => {
    expect(annotations({ existingSecret: 'x' })).toBeUndefined();
  });

  it('restarts it when that is wanted', () => {
    const before = annotations({ existingSecret: 'x', restartOnChange: true });
    expect(before).toHaveProperty(['checksum/config']);
    expect(
      annotations({ existingSecret: 'x', restartOnChange: true, rules: { 'own.yml': RULE } }),
    ).not.toEqual(before);
  });
});

it('docs/kubernetes.md installs it with values that it takes', () => {
  const page = read(new URL('../../docs/kubernetes.md', import.meta.url).pathname);
  const [, command = ''] = /helm install ([^]*?[^\\])\n/.exec(page) ?? [];
  const words = command
    .replaceAll(/\\\n/g, ' ')
    .split(/\s+/)
    .map((word) => word.replaceAll("'", ''));
  const all = render({}, words.slice(words.indexOf('--set')));
  const { env } = deploymentOf(all).template.spec.containers[0];
  expect(env.map(({ name }) => name)).toContain('SLACK_WEBHOOK_URL_FILE');
  const [, upgrade = ''] = /helm upgrade [^]*?(--set [^\n]*)\n/.exec(page) ?? [];
  const several = render({ existingSecret: 'vonage' }, upgrade.split(' '));
  expect(deploymentOf(several).replicas).toBe(3);
  expect(several.map(({ kind }) => kind)).not.toContain('PersistentVolumeClaim');
});

describe('what the operator of Prometheus gets', () => {
  it('is deploy/prometheus/rules.yml, letter for letter', () => {
    const rule = one(render({ existingSecret: 'x', prometheusRule: { enabled: true } }), 'PrometheusRule');
    const [, source] = COPIES;
    expect(rule.spec).toEqual(parse(read(source?.from ?? '')));
  });

  it('and Grafana gets deploy/grafana/vonage-audit-monitor.json, likewise', () => {
    const all = render({ existingSecret: 'x', grafanaDashboard: { enabled: true } });
    const [map] = all.filter(({ metadata }) => metadata.name.endsWith('-dashboard'));
    expect(map?.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    expect(map?.data).toEqual({ 'vonage-audit-monitor.json': read(COPIES[2]?.from ?? '') });
  });

  it('finds the port and the path of the metrics', () => {
    const all = render({ existingSecret: 'x', serviceMonitor: { enabled: true } });
    expect(one(all, 'ServiceMonitor').spec).toMatchObject({
      selector: { matchLabels: deploymentOf(all).selector.matchLabels },
      endpoints: [{ port: 'http', path: '/metrics' }],
    });
  });
});

it('every file of the chart and every plain manifest is current (node scripts/deploy.ts)', () => {
  for (const { from, to } of COPIES) expect(read(to)).toBe(read(from));
  expect(read(CLUSTER_CONFIG)).toBe(clusterConfig());
  for (const [name, text] of Object.entries(manifests(helm))) expect(read(manifestPath(name))).toBe(text);
});

it('the chart has the version of the program', () => {
  const chart = parse(read(join(CHART, 'Chart.yaml'))) as {
    readonly version: string;
    readonly appVersion: string;
  };
  const { version } = JSON.parse(read(new URL('../../package.json', import.meta.url).pathname)) as {
    readonly version: string;
  };
  expect(chart).toMatchObject({ version, appVersion: version });
});
