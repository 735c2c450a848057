import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

/* The unit says what the package and the shipped configuration are. systemd-analyze checks the rest, where it is. */

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const text = read('deploy/systemd/vonage-audit-monitor.service');
const shipped = new Set([...read('config/monitor.yml').matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name));
const manifest = JSON.parse(read('package.json')) as {
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: { readonly start: string };
};

/** Sections, with all values of every directive in their order. Throws on a line that is none of what a unit holds. */
const unitOf = (source: string): ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> => {
  const sections = new Map<string, Map<string, string[]>>();
  let section: Map<string, string[]> | undefined;
  for (const line of source.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name] = /^\[([A-Z][a-z]+)\]$/.exec(line) ?? [];
    const [, key, value] = /^([A-Z][A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      section = new Map();
      sections.set(name, section);
    } else if (key !== undefined && section) section.set(key, [...(section.get(key) ?? []), value ?? '']);
    else throw new Error(`no directive: ${line}`);
  }
  return sections;
};

const unit = unitOf(text);
const service = unit.get('Service') ?? new Map<string, readonly string[]>();
const valueOf = (key: string): string | undefined => service.get(key)?.at(-1);

it('has the three sections of a service that is started at boot', () => {
  expect([...unit.keys()]).toEqual(['Unit', 'Service', 'Install']);
  expect(unit.get('Install')?.get('WantedBy')).toEqual(['multi-user.target']);
});

it('starts the program of the package with the flags of `npm start`', () => {
  const [node, ...rest] = (valueOf('ExecStart') ?? '').split(' ');
  const flags = manifest.scripts.start.split(' ').filter((word) => word.startsWith('--'));
  expect(node).toBe('/usr/bin/node');
  expect(rest).toEqual([
    ...flags,
    `/usr/lib/node_modules/vonage-audit-monitor/${manifest.bin['vonage-audit-monitor']}`,
    'run',
    '--config',
    '/etc/vonage-audit-monitor/monitor.yml',
  ]);
});

it('always starts it again, and gives it the time that it needs to end', () => {
  expect(valueOf('Restart')).toBe('always');
  expect(unit.get('Unit')?.get('StartLimitIntervalSec')).toEqual(['0']);
  expect(Number.parseInt(valueOf('TimeoutStopSec') ?? '', 10)).toBeGreaterThan(10);
});

describe('secrets and settings', () => {
  const lines = [...text.matchAll(/^(#?)(LoadCredential|Environment)=(.*)$/gm)];
  const credentials = lines
    .filter(([, , key]) => key === 'LoadCredential')
    .map(([, off, , value = '']) => ({ off, name: value.split(':')[0], file: value.split(':')[1] }));
  const variables = lines
    .filter(([, , key]) => key === 'Environment')
    .map(([, off, , value = '']) => ({
      off,
      name: value.split('=')[0] ?? '',
      value: value.split('=')[1] ?? '',
    }));

  it('every credential is handed to the variable of its name, and comes from a file of its name', () => {
    expect(credentials.length).toBeGreaterThanOrEqual(4);
    for (const { off, name, file } of credentials) {
      expect(file).toBe(`/etc/vonage-audit-monitor/secrets/${name}`);
      expect(variables).toContainEqual({ off, name: `${name?.toUpperCase()}_FILE`, value: `%d/${name}` });
    }
    expect(variables.filter(({ name }) => name.endsWith('_FILE'))).toHaveLength(credentials.length);
  });

  it('only variables are set that the shipped configuration reads', () => {
    const example = [...read('deploy/systemd/monitor.env').matchAll(/^#?([A-Z_]+)=/gm)].map(
      ([, name]) => name ?? '',
    );
    expect(example.length).toBeGreaterThan(4);
    for (const name of [...variables.map((variable) => variable.name.replace(/_FILE$/, '')), ...example])
      expect(shipped).toContain(name);
  });

  it('the database is in the folder that the unit makes', () => {
    const folder = `/var/lib/${valueOf('StateDirectory')}`;
    expect(variables.find(({ name }) => name === 'STORE_PATH')?.value).toBe(`${folder}/monitor.db`);
    expect(valueOf('WorkingDirectory')).toBe(folder);
  });
});

it.each([
  ['DynamicUser', 'yes'],
  ['CapabilityBoundingSet', ''],
  ['NoNewPrivileges', 'yes'],
  ['ProtectSystem', 'strict'],
  ['ProtectHome', 'yes'],
  ['PrivateTmp', 'yes'],
  ['PrivateDevices', 'yes'],
  ['ProtectKernelModules', 'yes'],
  ['ProtectProc', 'invisible'],
  ['RestrictAddressFamilies', 'AF_INET AF_INET6 AF_UNIX'],
  ['RestrictNamespaces', 'yes'],
  ['SystemCallArchitectures', 'native'],
  ['UMask', '0077'],
])('is closed: %s=%s', (key, value) => {
  expect(valueOf(key)).toBe(value);
});

it('does not forbid what Node lives from, and claims no protocol that the monitor does not speak', () => {
  expect(service.has('MemoryDenyWriteExecute')).toBe(false);
  expect(service.has('WatchdogSec')).toBe(false);
  expect(valueOf('Type')).toBe('exec');
});

/** What systemd says of the unit with a drop-in. Empty where there is no systemd to say it. */
const verified = (dropIn: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'systemd-'));
  try {
    const name = 'vonage-audit-monitor.service';
    mkdirSync(join(folder, `${name}.d`));
    // It looks whether the program is there, which is a matter of the machine.
    writeFileSync(
      join(folder, name),
      text.replace('ExecStart=/usr/bin/node', `ExecStart=${process.execPath}`),
    );
    writeFileSync(join(folder, `${name}.d/postgres.conf`), dropIn);
    const { error, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', join(folder, name)], {
      encoding: 'utf8',
    });
    if (error && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return stderr ?? '';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

describe('the drop-in for PostgreSQL', () => {
  const dropIn = read('deploy/systemd/postgres.conf');
  const changed = unitOf(dropIn).get('Service') ?? new Map<string, readonly string[]>();
  const page = read('docs/systemd.md');

  it('is a drop-in that systemd finds nothing wrong with', () => {
    expect([...unitOf(dropIn).keys()]).toEqual(['Unit', 'Service']);
    expect(verified(dropIn)).toBe('');
    // Without a systemd to ask, this test sees no more than the lines above.
    const wrong = verified(`${dropIn}LoadCredentials=a:b\n`);
    expect(wrong === '' || wrong.includes('LoadCredentials')).toBe(true);
  });

  it('hands over the URL as the other secrets are, to the variable that the configuration of docs/systemd.md reads', () => {
    expect(changed.get('LoadCredential')).toEqual([
      'database_url:/etc/vonage-audit-monitor/secrets/database_url',
    ]);
    expect(changed.get('Environment')).toEqual(['DATABASE_URL_FILE=%d/database_url']);
    const [, from = '', to = ''] = /sed -i 's\|(.*?)\|(.*?)\|'/.exec(page) ?? [];
    const config = read('config/monitor.yml').replace(new RegExp(from, 'm'), () => to);
    expect(parse(config)).toEqual({
      ...(parse(read('config/monitor.yml')) as object),
      store: { url: '${DATABASE_URL}', retention: '400d' },
    });
    expect(dropIn).toContain(to);
  });

  it('takes away all that leads to the folder of the file', () => {
    expect(changed.get('StateDirectory')).toEqual(['']);
    expect(changed.get('UnsetEnvironment')).toEqual(['STORE_PATH']);
    expect(changed.get('WorkingDirectory')).toEqual(['/']);
  });

  it('loosens nothing', () => {
    expect([...changed.keys()].toSorted()).toEqual([
      'Environment',
      'LoadCredential',
      'StateDirectory',
      'UnsetEnvironment',
      'WorkingDirectory',
    ]);
  });
});
