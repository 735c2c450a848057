import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/*
 * Prints the software bill of materials (CycloneDX 1.5) of what is shipped: what npm knows of the whole tree, without what
 * only development needs. npm's own `--omit dev` also leaves out what is shipped and needed by a development package.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** `name@version` without the version. */
const nameOf = (ref: string): string => ref.slice(0, ref.lastIndexOf('@'));

interface Bom {
  readonly components: readonly { readonly 'bom-ref': string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Development packages whose code is in the built dashboard, and so is shipped. */
export const BUNDLED: readonly string[] = ['preact'];

/** The bill of materials, as an object. */
export const shippedBom = (): Bom => {
  const whole = JSON.parse(
    execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 64_000_000,
    }),
  ) as Bom;
  const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as Manifest;
  const own = `${manifest.name}@${manifest.version}`;
  const needs = new Map(whole.dependencies.map(({ ref, dependsOn = [] }) => [ref, dependsOn]));
  const direct = (needs.get(own) ?? []).filter(
    (ref) => nameOf(ref) in manifest.dependencies || BUNDLED.includes(nameOf(ref)),
  );
  const shipped = new Set<string>();
  const visit = (ref: string): void => {
    if (shipped.has(ref)) return;
    shipped.add(ref);
    for (const next of needs.get(ref) ?? []) visit(next);
  };
  for (const ref of direct) visit(ref);
  return {
    ...whole,
    components: whole.components.filter((component) => shipped.has(component['bom-ref'])),
    dependencies: [
      { ref: own, dependsOn: direct },
      ...whole.dependencies.filter(({ ref }) => shipped.has(ref)),
    ],
  };
};

if (import.meta.main) process.stdout.write(`${JSON.stringify(shippedBom(), null, 2)}\n`);
