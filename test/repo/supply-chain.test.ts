import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BUNDLED, shippedBom } from '../../scripts/sbom.ts';

/* What the project stands on: who may be installed, under which licence, and why each is there. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
}
const manifest = JSON.parse(read('package.json')) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
};
const lock = JSON.parse(read('package-lock.json')) as { readonly packages: Readonly<Record<string, Locked>> };
const installed = Object.entries(lock.packages).filter(([path]) => path !== '');
const nameOf = (path: string): string =>
  path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Licences whose code may be shipped with an MIT project without further terms. */
const SHIPPED = ['MIT', 'MIT-0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD'];

describe('the lock file', () => {
  it('pins what is shipped by its content', () => {
    const loose = installed.filter(([, { dev, integrity }]) => !dev && !integrity?.startsWith('sha512-'));
    expect(loose.map(([path]) => path)).toEqual([]);
  });

  it('pins everything else by its content too, but for binaries of other platforms', () => {
    const loose = installed.filter(([, { optional, integrity }]) => !optional && integrity === undefined);
    expect(loose.map(([path]) => path)).toEqual([]);
  });

  it('ships nothing under a licence with further terms', () => {
    const others = installed.filter(
      ([path, { dev, license = 'none' }]) =>
        (!dev || BUNDLED.includes(nameOf(path))) && !SHIPPED.includes(license),
    );
    expect(others.map(([path, { license }]) => `${path}: ${license}`)).toEqual([]);
  });

  it('runs no script at install but those that are allowed by name', () => {
    const scripts = installed
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => nameOf(path));
    expect(scripts.filter((name) => !(name in manifest.allowScripts))).toEqual([]);
  });

  it('ships few packages', () => {
    // Raise it on purpose, with the reason for the package that did it.
    expect(installed.filter(([, { dev }]) => !dev).length).toBeLessThanOrEqual(110);
  });
});

describe('ARCHITECTURE.md', () => {
  const page = read('ARCHITECTURE.md');
  it.each(Object.keys(manifest.dependencies))('says why %s is there', (name) => {
    const row = page.split('\n').find((line) => line.startsWith('|') && line.split('|')[1]?.includes(name));
    expect(row?.split('|')[2]?.trim().length ?? 0).toBeGreaterThan(10);
  });

  it.each(Object.keys(manifest.devDependencies))('names %s among the tools', (name) => {
    // Type packages are told of as such.
    expect(page.includes(name) || name.startsWith('@types/')).toBe(true);
  });
});

it('npm run sbom lists what is shipped as CycloneDX, with licences, and nothing else', () => {
  const bom = shippedBom() as unknown as {
    readonly bomFormat: string;
    readonly components: readonly {
      readonly purl: string;
      readonly name: string;
      readonly version: string;
      readonly licenses?: unknown;
      readonly hashes?: unknown;
    }[];
  };
  expect(bom.bomFormat).toBe('CycloneDX');
  const shipped = installed.filter(([path, { dev }]) => !dev || BUNDLED.includes(nameOf(path)));
  expect(bom.components.map(({ name, version }) => `${name}@${version}`).sort()).toEqual(
    [...new Set(shipped.map(([path, { version }]) => `${nameOf(path)}@${version}`))].sort(),
  );
  expect(bom.components.filter(({ licenses, hashes }) => !licenses || !hashes)).toEqual([]);
});
