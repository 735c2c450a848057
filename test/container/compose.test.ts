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

const compose = parse(await read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
};
const dockerfile = await read('Dockerfile');
const shipped = await read('config/monitor.yml');

describe.each(Object.entries(compose.services))('service %s', (_name, service) => {
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
    const known = [...shipped.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name);
    for (const name of Object.keys(service.environment ?? {}))
      expect(known).toContain(name.replace(/_FILE$/, ''));
  });

  it('takes its secrets from files that are declared', () => {
    for (const name of service.secrets ?? []) {
      expect(compose.secrets[name]?.file).toBe(`./secrets/${name}`);
      expect(Object.values(service.environment ?? {})).toContain(`/run/secrets/${name}`);
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
