import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

/*
 * What is run with docker compose is as closed as what the smoke test proves: a service that is added, or an option
 * that is lost, shows here.
 */

const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly networks?: readonly string[];
  readonly volumes?: readonly string[];
  readonly [option: string]: unknown;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}
const load = async (path: string): Promise<Compose> => parse(await read(path), { merge: true }) as Compose;

const SINGLE = 'docker-compose.yml';
const CLUSTER = 'docker-compose.cluster.yml';
const compose = await load(SINGLE);
const several = await load(CLUSTER);
const FILES: Readonly<Record<string, Compose>> = { [SINGLE]: compose, [CLUSTER]: several };
const OURS = 'vonage-audit-monitor';
const dockerfile = await read('Dockerfile');
const shipped = await read('config/monitor.yml');
const cluster = await read('deploy/compose/monitor.yml');

/** Services with what they extend; a service of another file is the same there. */
const resolved = (file: string): readonly (readonly [string, Service])[] =>
  Object.entries(FILES[file]?.services ?? {}).map(([name, service]) => {
    const base = service['extends'] as { readonly file: string; readonly service: string } | undefined;
    return [name, { ...(base && FILES[base.file]?.services[base.service]), ...service }] as const;
  });

const ALL = Object.keys(FILES).flatMap((file) =>
  resolved(file).map(([name, service]) => [file, name, service, FILES[file] ?? compose] as const),
);

describe.each(ALL)('%s: service %s', (_file, _name, service, { secrets, volumes }) => {
  it('has a read-only root, no capability and no way to gain one', () => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(service).not.toHaveProperty('privileged');
    expect(service).not.toHaveProperty('cap_add');
  });

  it('sets only variables that the shipped configuration reads', () => {
    const config = service.volumes?.includes('./deploy/compose:/cluster:ro') ? cluster : shipped;
    const known = [...config.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name);
    const names = Object.keys(service.environment ?? {});
    const fits = (name: string): boolean =>
      service.image === OURS
        ? known.includes(name.replace(/_FILE$/, ''))
        : /^(GF|POSTGRES)_[A-Z_]+$/.test(name);
    expect(names.filter((name) => !fits(name))).toEqual([]);
  });

  it('is ours, or has a version', () => {
    const version = String.raw`([a-z]+/[a-z]+:v?[0-9]+\.[0-9]+\.[0-9]+|postgres:[0-9]+\.[0-9]+)`;
    expect(service.image).toMatch(new RegExp(`^(${OURS}|${version})$`));
  });

  it('mounts only what is in the repository, to be read, and volumes that are declared', () => {
    const isThere = (path: string): boolean => existsSync(new URL(`../../${path}`, import.meta.url));
    const wrong = (service.volumes ?? []).filter((volume) => {
      const [from = '', , mode] = volume.split(':');
      return from.startsWith('./') ? !isThere(from) || mode !== 'ro' : !(from in volumes);
    });
    expect(wrong).toEqual([]);
  });

  it('is reached from this machine alone', () => {
    for (const port of (service.ports ?? []) as readonly string[]) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('takes its secrets from files that are declared', () => {
    for (const name of service.secrets ?? []) {
      expect(secrets[name]?.file).toBe(`./secrets/${name}`);
      const used = [...Object.values(service.environment ?? {}), ...((service['command'] ?? []) as string[])];
      expect(used.map((text) => text.replace(/^url_file:/, ''))).toContain(`/run/secrets/${name}`);
    }
  });
});

it('the image gives Node the flags that `npm start` does', async () => {
  const { scripts } = JSON.parse(await read('package.json')) as { scripts: { start: string } };
  const flags = scripts.start.split(' ').filter((word) => word.startsWith('--'));
  expect(flags).not.toEqual([]);
  expect(dockerfile).toContain(
    `ENTRYPOINT ${JSON.stringify(['node', ...flags, '/app/dist/main.js']).replaceAll(',', ', ')}`,
  );
});

it('the monitor comes back by itself and keeps its data in a volume', () => {
  const { monitor } = compose.services;
  expect(monitor).toMatchObject({ restart: 'unless-stopped', volumes: ['data:/data'] });
  expect(JSON.stringify(monitor?.environment)).not.toMatch(/"VONAGE_API_SECRET"/);
});

it('the demo reaches nothing outside and is not started unasked', () => {
  const demo = Object.entries(compose.services).filter(([name]) => name.startsWith('demo'));
  expect(demo).toHaveLength(2);
  for (const [, service] of demo) expect(service).toMatchObject({ profiles: ['demo'], networks: ['demo'] });
  expect(compose.networks['demo']).toEqual({ internal: true });
});

it('the image sets only variables that the shipped configuration reads', () => {
  for (const name of ['STORE_PATH', 'HTTP_LISTEN']) {
    expect(dockerfile).toMatch(new RegExp(`\\b${name}=`));
    expect(shipped).toContain(`\${${name}:-`);
  }
});

describe('the cluster', () => {
  const { replica, postgres, move } = several.services;

  it('has three replicas that come back by themselves', () => {
    expect(replica).toMatchObject({ restart: 'unless-stopped', deploy: { replicas: 3 } });
    expect(replica?.['ports']).toEqual(['127.0.0.1:8081-8083:8080']);
    // Three containers with one name would have one host name, which every holder of a lease bears.
    expect(replica).not.toHaveProperty('container_name');
    expect(replica).not.toHaveProperty('hostname');
  });

  it('moves the store of the single monitor, from where that has it to where the replicas look for it', () => {
    const urlFile = replica?.environment?.['DATABASE_URL_FILE'];
    expect(move).toMatchObject({
      command: ['state', 'copy', '--from', 'sqlite:/data/monitor.db', '--to', `url_file:${urlFile}`],
      volumes: compose.services['monitor']?.volumes,
      depends_on: replica?.['depends_on'],
    });
    expect(move).not.toHaveProperty('restart');
    expect(dockerfile).toContain('STORE_PATH=/data/monitor.db');
  });

  it('waits for a database that answers, keeps it in a volume, and lets nobody else reach it', () => {
    expect(replica?.['depends_on']).toEqual({ postgres: { condition: 'service_healthy' } });
    expect(postgres?.['healthcheck']).toMatchObject({ test: expect.arrayContaining(['pg_isready']) });
    expect(postgres).toMatchObject({
      volumes: ['postgres:/var/lib/postgresql/data'],
      networks: ['database'],
    });
    expect(postgres).not.toHaveProperty('ports');
    expect(replica?.networks).toEqual(['default', 'database']);
    expect(several.networks['database']).toEqual({ internal: true });
  });

  it('works by the shipped configuration, with the database in place of the file', () => {
    expect(replica?.['command']).toEqual(['run', '--config', '/cluster/monitor.yml']);
    const settings = parse(shipped) as object;
    expect(parse(cluster)).toEqual({
      ...settings,
      store: { url: '${DATABASE_URL}', retention: '400d' },
      rules: ['/app/rules'],
    });
    const names = [replica, postgres].flatMap((service) => Object.keys(service?.environment ?? {}));
    expect(names.filter((name) => /(URL|PASSWORD|KEY|SECRET)$/.test(name))).toEqual([]);
  });
});

/** What a command starts: services that are named, or all without a profile or with one that is asked for, and what they depend on. */
const startedBy = (command: string): readonly string[] => {
  const words = command.split(' ').slice(2);
  let file = SINGLE;
  const profiles: string[] = [];
  const names: string[] = [];
  let verb = '';
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '-f') file = words[(at += 1)] ?? '';
    else if (word === '--profile') profiles.push(words[(at += 1)] ?? '');
    else if (word.startsWith('-')) continue;
    else if (verb === '') verb = word;
    else names.push(word);
  }
  const services = new Map(resolved(file));
  const wanted = [...services].filter(([name, { profiles: its }]) =>
    names.length > 0
      ? names.includes(name)
      : its === undefined || profiles.some((profile) => (its as readonly string[]).includes(profile)),
  );
  expect(names.filter((name) => !services.has(name))).toEqual([]);
  const started = new Set<string>();
  const start = (name: string): void => {
    started.add(name);
    const on = (services.get(name)?.['depends_on'] ?? []) as readonly string[] | object;
    for (const other of Array.isArray(on) ? (on as readonly string[]) : Object.keys(on)) start(other);
  };
  for (const [name] of wanted) start(name);
  return [...started].toSorted();
};

/** Every command in the docs that starts something, and what it says that it starts. */
const STARTS: Readonly<Record<string, readonly string[]>> = {
  'docker compose up': ['monitor'],
  'docker compose up -d': ['monitor'],
  'docker compose --profile demo up --attach-dependencies demo': ['demo', 'demo-simulator'],
  'docker compose --profile metrics up -d': ['grafana', 'monitor', 'prometheus'],
  'docker compose -f docker-compose.cluster.yml up -d --remove-orphans': ['postgres', 'replica'],
  'docker compose -f docker-compose.cluster.yml --profile metrics up -d': [
    'grafana',
    'postgres',
    'prometheus',
    'replica',
  ],
  'docker compose -f docker-compose.cluster.yml run --rm move': ['move', 'postgres'],
};

describe('the commands of the docs', async () => {
  const pages = ['README.md', 'docs/container.md', 'docs/scale.md', SINGLE, CLUSTER];
  const texts = await Promise.all(pages.map(read));
  const found = texts.flatMap((text) =>
    [
      ...text.matchAll(
        /docker compose(?: (?:-f|--profile) \S+)* (?:up|run)\b(?: -[-a-z]+| [a-z]+(?=[`\n]))*/g,
      ),
    ].map(([command]) => command),
  );

  it('are all known here', () => {
    expect([...new Set(found)].toSorted()).toEqual(Object.keys(STARTS).toSorted());
  });

  it.each(Object.entries(STARTS))('%s starts what it says', (command, services) => {
    expect(startedBy(command)).toEqual(services);
  });

  it('start nothing that polls the same accounts beside another', () => {
    for (const command of Object.keys(STARTS)) {
      const both = startedBy(command).filter((name) => name === 'monitor' || name === 'replica');
      expect(both.length).toBeLessThan(2);
    }
    expect(several.services).not.toHaveProperty('monitor');
  });
});

describe('the profile metrics', () => {
  const { prometheus, grafana, monitor } = compose.services;
  const targetOf = (service: Service | undefined, from: string): string | undefined =>
    service?.volumes?.find((volume) => volume.startsWith(`./${from}:`))?.split(':')[1];

  it('is not started unasked', () => {
    expect([prometheus?.profiles, grafana?.profiles]).toEqual([['metrics'], ['metrics']]);
  });

  it('Prometheus reads our alert rules and asks the monitor where it listens, and every replica', async () => {
    const settings = parse(await read('deploy/prometheus/prometheus.yml')) as {
      readonly rule_files: readonly string[];
      readonly scrape_configs: readonly {
        readonly job_name: string;
        readonly static_configs: readonly { readonly targets: readonly string[] }[];
        readonly dns_sd_configs: readonly object[];
      }[];
    };
    expect(settings.rule_files).toEqual([targetOf(prometheus, 'deploy/prometheus/rules.yml')]);
    const [job] = settings.scrape_configs;
    expect(job?.static_configs).toEqual([{ targets: ['monitor:8080'] }]);
    expect(job?.dns_sd_configs).toMatchObject([{ names: ['replica'], type: 'A', port: 8080 }]);
    expect(several.services).toHaveProperty('replica');
    expect(monitor).toBeDefined();
    expect(dockerfile).toContain('HTTP_LISTEN=0.0.0.0:8080');
  });

  it('Grafana has that Prometheus for its source, and our dashboard for its home', async () => {
    const { datasources } = parse(await read('deploy/grafana/provisioning/datasources/prometheus.yml')) as {
      readonly datasources: readonly Readonly<Record<string, unknown>>[];
    };
    expect(datasources).toMatchObject([
      { type: 'prometheus', url: 'http://prometheus:9090', isDefault: true },
    ]);
    const { providers } = parse(await read('deploy/grafana/provisioning/dashboards/files.yml')) as {
      readonly providers: readonly { readonly options: { readonly path: string } }[];
    };
    const dashboard = targetOf(grafana, 'deploy/grafana/vonage-audit-monitor.json');
    expect(dashboard).toBe(`${providers[0]?.options.path}/vonage-audit-monitor.json`);
    expect(grafana?.environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']).toBe(dashboard);
    expect(targetOf(grafana, 'deploy/grafana/provisioning')).toBe('/etc/grafana/provisioning');
  });
});
