import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestPath, manifests } from '../../scripts/deploy.ts';
import { type Helm, openHelm } from '../../scripts/helm.ts';
import { openStoreAt } from '../../src/store/open.ts';
import { runHere } from '../support/command.ts';
import { type Manifest, manifestsOf, schemaProblems, typeProblems } from '../support/kubernetes.ts';
import { createDatabase } from '../support/postgres.ts';

/* The Job that brings the database up to date before a rollout, and the plain manifests of several replicas. */

const folder = mkdtempSync(join(tmpdir(), 'migrate-'));
let helm: Helm;
beforeAll(() => {
  helm = openHelm(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const VALUES = {
  existingSecret: 'vonage',
  database: {
    existingSecret: 'of-the-pods',
    port: 6432,
    migrate: { enabled: true, existingSecret: 'of-the-owner' },
  },
  networkPolicy: { enabled: true, extraEgress: [{ to: [{ ipBlock: { cidr: '192.0.2.0/24' } }] }] },
};
const render = (values: object = VALUES): readonly Manifest[] =>
  manifestsOf(helm.template('monitor', 'watch', values));
const page = readFileSync(new URL('../../docs/kubernetes.md', import.meta.url), 'utf8');

interface Pod {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly securityContext: object;
    readonly containers: readonly [
      { readonly image: string; readonly args: readonly string[]; readonly securityContext: object },
    ];
    readonly [option: string]: unknown;
  };
}
const podOf = (all: readonly Manifest[], kind: 'Job' | 'Deployment'): Pod => {
  const [found, ...more] = all.filter((manifest) => manifest.kind === kind);
  if (!found || more.length > 0) throw new Error(`not one ${kind}`);
  return (found.spec as { readonly template: Pod }).template;
};
const hookOf = ({ metadata }: Manifest): string | undefined => metadata.annotations?.['helm.sh/hook'];
const matches = (selector: object | undefined, { metadata }: Pod): boolean =>
  Object.entries(selector ?? {}).every(([name, value]) => metadata.labels[name] === value);

describe('the Job', () => {
  it('is there when it is asked for, and not otherwise', () => {
    expect(render().filter(({ kind }) => kind === 'Job')).toHaveLength(1);
    const without = render({ ...VALUES, database: { existingSecret: 'of-the-pods' } });
    expect(without.filter((manifest) => manifest.kind === 'Job' || hookOf(manifest))).toEqual([]);
  });

  it('runs before anything else of the release is there or changed, and has what it needs before it runs', () => {
    const hooks = render().filter((manifest) => hookOf(manifest) !== undefined);
    const weightOf = ({ metadata }: Manifest): number =>
      Number(metadata.annotations?.['helm.sh/hook-weight']);
    const inOrder = hooks.toSorted((a, b) => weightOf(a) - weightOf(b));
    expect(inOrder.map(({ kind }) => kind)).toEqual(['NetworkPolicy', 'Job']);
    for (const hook of hooks) {
      expect(hookOf(hook)).toBe('pre-install,pre-upgrade,pre-rollback');
      // Of one that failed, log and policy stay until the next try.
      expect(hook.metadata.annotations?.['helm.sh/hook-delete-policy']).toBe(
        'before-hook-creation,hook-succeeded',
      );
    }
    const { spec } = podOf(render(), 'Job');
    expect(JSON.stringify(spec)).not.toMatch(/configMap|persistentVolumeClaim|serviceAccountName/);
    expect(spec).toMatchObject({ restartPolicy: 'Never', automountServiceAccountToken: false });
    const own = podOf(render({ ...VALUES, serviceAccount: { create: false, name: 'of-ours' } }), 'Job');
    expect(own.spec['serviceAccountName']).toBe('of-ours');
  });

  it('is as closed as the pods, and runs their image', () => {
    const [job, deployment] = [podOf(render(), 'Job').spec, podOf(render(), 'Deployment').spec];
    expect(job.securityContext).toEqual(deployment.securityContext);
    expect(job.containers[0].securityContext).toEqual(deployment.containers[0].securityContext);
    expect(job.containers[0].image).toBe(deployment.containers[0].image);
  });

  it('has the Secret of the owner, which nothing else has, and none but that', () => {
    const all = render();
    expect(JSON.stringify(podOf(all, 'Job'))).toContain('"secretName":"of-the-owner"');
    expect(JSON.stringify(podOf(all, 'Job'))).not.toMatch(/of-the-pods|vonage"/);
    expect(JSON.stringify(all.filter(({ kind }) => kind !== 'Job'))).not.toContain('of-the-owner');
  });

  it('is none of the pods of the monitor', () => {
    const all = render({ ...VALUES, serviceMonitor: { enabled: true } });
    const [job, deployment] = [podOf(all, 'Job'), podOf(all, 'Deployment')];
    const selectors = all.flatMap((manifest) => {
      const { selector, podSelector } = (manifest.spec ?? {}) as Readonly<
        Record<string, { matchLabels?: object }>
      >;
      const found = podSelector ?? selector;
      return found && hookOf(manifest) === undefined ? [found.matchLabels ?? found] : [];
    });
    expect(selectors).toHaveLength(5);
    for (const selector of selectors) {
      expect(matches(selector, deployment)).toBe(true);
      expect(matches(selector, job)).toBe(false);
    }
  });

  it('reaches names and the database, and is reached by nobody', () => {
    const [policy] = render().filter((manifest) => manifest.kind === 'NetworkPolicy' && hookOf(manifest));
    if (!policy) throw new Error('no policy');
    const { podSelector, ...spec } = policy.spec as {
      readonly podSelector: { readonly matchLabels: object };
    };
    expect(matches(podSelector.matchLabels, podOf(render(), 'Job'))).toBe(true);
    expect(matches(podSelector.matchLabels, podOf(render(), 'Deployment'))).toBe(false);
    expect(spec).toEqual({
      policyTypes: ['Ingress', 'Egress'],
      egress: [
        {
          ports: [
            { port: 53, protocol: 'UDP' },
            { port: 53, protocol: 'TCP' },
          ],
        },
        { ports: [{ port: 6432, protocol: 'TCP' }] },
        ...VALUES.networkPolicy.extraEgress,
      ],
    });
    const open = render({ ...VALUES, networkPolicy: { enabled: false } });
    expect(open.filter(hookOf).map(({ kind }) => kind)).toEqual(['Job']);
  });

  it('makes the tables as their owner, twice without harm, and the roles of the pages work on them', async () => {
    const database = await createDatabase();
    const as = (user: string, password: string): string => {
      const url = new URL(database.url);
      url.username = user;
      url.password = password;
      return url.href;
    };
    // Roles belong to the server, which other tests use too.
    const own = (sql: string): string => sql.replaceAll('vam_', `${database.name}_`);
    const sqlOf = (text: string): string => own(/```sql\n(.*?)```/s.exec(text)?.[1] ?? '');
    const [owner, app, second] = [own('vam_owner'), own('vam_app'), own('vam_app_2')];
    try {
      await database.query(sqlOf(readFileSync(new URL('../../docs/scale.md', import.meta.url), 'utf8')));
      await database.query(sqlOf(page));
      const file = join(folder, 'url');
      writeFileSync(file, as(owner, 'change-me-1'), { mode: 0o440 });
      const { args } = podOf(render(), 'Job').spec.containers[0];
      for (let time = 0; time < 2; time += 1) {
        const ran = await runHere(args.map((text) => text.replace('/run/secrets/database/url', file)));
        expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('up to date') });
      }
      const owners = await database.query(
        "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'vonage_audit_monitor'",
      );
      expect(owners).toEqual([{ tableowner: owner }]);
      // Another password: a member works beside the first role, and when that may not log in any more.
      const probe = async (url: string): Promise<void> => {
        const store = await openStoreAt({ kind: 'postgres', url }, { now: Date.now });
        try {
          await store.status.probe();
        } finally {
          await store.close();
        }
      };
      await probe(as(app, 'change-me-2'));
      await probe(as(second, 'change-me-3'));
      expect(page).toContain('`ALTER ROLE vam_app NOLOGIN`');
      await database.query(`ALTER ROLE ${app} NOLOGIN`);
      await expect(probe(as(app, 'change-me-2'))).rejects.toThrow(app);
      await probe(as(second, 'change-me-3'));
    } finally {
      await database.drop();
    }
  });

  it('has the name that docs/kubernetes.md looks at', () => {
    const jobs = manifestsOf(helm.template('monitor', 'vonage-audit-monitor', VALUES));
    const name = jobs.find(({ kind }) => kind === 'Job')?.metadata.name;
    expect(page).toContain(`kubectl logs job/${name}`);
  });
});

describe('the pod that takes the history of a volume along', () => {
  const [pod] = manifestsOf(/```yaml\n(.*?)```/s.exec(page)?.[1] ?? '');
  if (!pod) throw new Error('no pod in docs/kubernetes.md');

  it('is one that Kubernetes takes, as closed as those of the monitor', async () => {
    expect(await schemaProblems([pod])).toEqual([]);
    expect(typeProblems([pod])).toEqual([]);
    const [own, { spec }] = [pod.spec as Pod['spec'], podOf(render(), 'Deployment')];
    expect(own.securityContext).toEqual(spec.securityContext);
    expect(own.containers[0].securityContext).toEqual(spec.containers[0].securityContext);
  });

  it('finds the file where the chart has it, and the database as its owner', () => {
    const all = manifestsOf(
      helm.template('monitor', 'vonage-audit-monitor', { existingSecret: 'vonage', persistence: {} }),
    );
    const claim = all.find(({ kind }) => kind === 'PersistentVolumeClaim')?.metadata;
    expect(pod.metadata.namespace).toBe(claim?.namespace);
    expect((pod.spec as Pod['spec'])['volumes']).toEqual([
      { name: 'data', persistentVolumeClaim: { claimName: claim?.name } },
      { name: 'database', secret: { secretName: 'postgres-owner', defaultMode: 0o440 } },
    ]);
    const [container] = podOf(all, 'Deployment').spec.containers as unknown as readonly [
      { readonly volumeMounts: readonly object[] },
    ];
    expect(container.volumeMounts).toContainEqual({ name: 'data', mountPath: '/data' });
  });
});

describe('the plain manifests of several replicas', () => {
  const read = (name: string): readonly Manifest[] => manifestsOf(readFileSync(manifestPath(name), 'utf8'));
  const kindsOf = (all: readonly Manifest[]): readonly string[] => all.map(({ kind }) => kind).toSorted();

  it('have all that the chart has for them, and the migration beside it', () => {
    const replicas = read('replicas.yaml');
    expect(kindsOf(replicas)).toEqual([
      'ConfigMap',
      'Deployment',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Service',
      'ServiceAccount',
    ]);
    expect(replicas.find(({ kind }) => kind === 'Deployment')?.spec).toMatchObject({
      replicas: 3,
      strategy: { type: 'RollingUpdate' },
    });
    expect(podOf(replicas, 'Deployment').spec).toHaveProperty('topologySpreadConstraints');
    expect(podOf(replicas, 'Deployment').spec.containers[0]).toMatchObject({
      readinessProbe: { httpGet: { path: '/readyz' } },
    });
    expect(kindsOf(read('migrate.yaml'))).toEqual(['Job', 'NetworkPolicy']);
    expect(podOf(read('migrate.yaml'), 'Job')).toEqual({
      ...podOf(manifestsOf(helm.template('vonage-audit-monitor', 'x', VALUES)), 'Job'),
      spec: expect.objectContaining({ containers: expect.anything() }),
    });
  });

  it('know nothing of Helm', () => {
    for (const text of Object.values(manifests(helm))) expect(text).not.toMatch(/helm\.sh|managed-by/);
  });

  it('take the place of the single pod, so that both never poll side by side', () => {
    const named = (all: readonly Manifest[]): readonly string[] =>
      all.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
    const [one, several] = [named(read('monitor.yaml')), named(read('replicas.yaml'))];
    expect(one.filter((name) => !several.includes(name))).toEqual([
      'PersistentVolumeClaim vonage-audit-monitor/vonage-audit-monitor',
    ]);
    expect(several.filter((name) => !one.includes(name))).toEqual([
      'PodDisruptionBudget vonage-audit-monitor/vonage-audit-monitor',
    ]);
  });

  it('find their Secrets, in the example and in the commands of the page', () => {
    const examples = ['secret.yaml.example', 'database-secret.yaml.example'].flatMap((name) =>
      read(name).map(({ metadata }) => metadata.name),
    );
    const used = ['replicas.yaml', 'migrate.yaml'].flatMap((name) =>
      [...readFileSync(manifestPath(name), 'utf8').matchAll(/secretName: (.*)/g)].map(
        ([, secret = '']) => secret,
      ),
    );
    expect(used.toSorted()).toEqual(examples.toSorted());
    for (const secret of used) expect(page).toContain(`create secret generic ${secret} `);
  });

  it('are applied in an order in which nothing waits for what is not there', () => {
    const steps = [
      'deploy/kubernetes/namespace.yaml',
      'create secret generic vonage-audit-monitor-owner',
      'apply -f deploy/kubernetes/migrate.yaml',
      '--for=condition=complete',
      'apply -f deploy/kubernetes/replicas.yaml',
    ].map((step) => page.indexOf(step));
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps).not.toContain(-1);
  });
});
