import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';

/** The folder of the Helm chart. */
export const CHART = fileURLToPath(new URL('../deploy/helm/vonage-audit-monitor/', import.meta.url));

/** The version of Kubernetes that the chart is rendered for, since there is no cluster to ask. */
const KUBERNETES = 'v1.34.0';

const LOCAL_ENTRY = 30;
const CENTRAL_ENTRY = 0x02014b50;
const END_OF_CENTRAL = 0x06054b50;

/** The content of one file of a ZIP archive. Throws when it is not in there, or packed in a way we do not read. */
const unpacked = (archive: Buffer, wanted: string): Buffer => {
  let end = archive.length - 22;
  while (end >= 0 && archive.readUInt32LE(end) !== END_OF_CENTRAL) end -= 1;
  if (end < 0) throw new Error('no ZIP archive');
  let at = archive.readUInt32LE(end + 16);
  while (archive.readUInt32LE(at) === CENTRAL_ENTRY) {
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    if (name === wanted) {
      const local = archive.readUInt32LE(at + 42);
      const start = local + LOCAL_ENTRY + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const packed = archive.subarray(start, start + archive.readUInt32LE(at + 20));
      const method = archive.readUInt16LE(at + 10);
      if (method !== 8) throw new Error(`${wanted}: packed by method ${method}`);
      return inflateRawSync(packed);
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error(`${wanted} is not in the archive`);
};

/** Runs the real Helm. `template` and `lint` resolve the chart of this repository. */
export interface Helm {
  /** The manifests of a release, as Helm prints them. Throws with what Helm says when it refuses. */
  template(release: string, namespace: string, values: object, more?: readonly string[]): string;
  /** What `helm lint --strict` says. Throws when it finds anything. */
  lint(values: object): string;
}

/**
 * The Helm that a development dependency carries, unpacked into `folder`, which must be the caller's own. It is a program
 * for Linux on x86-64; elsewhere the one on the PATH is used.
 */
export const openHelm = (folder: string): Helm => {
  let program = 'helm';
  if (process.platform === 'linux' && process.arch === 'x64') {
    const archive = createRequire(import.meta.url).resolve('@aws-cdk/asset-kubectl-v20/lib/layer.zip');
    program = join(folder, 'helm');
    writeFileSync(program, unpacked(readFileSync(archive), 'helm/helm'), { mode: 0o700 });
  }
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  const run = (args: readonly string[], values: object): string => {
    const file = join(folder, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    return execFileSync(program, [...args, '--values', file], {
      encoding: 'utf8',
      env: { HOME: home, PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  return {
    template: (release, namespace, values, more = []) =>
      run(
        ['template', release, CHART, '--namespace', namespace, '--kube-version', KUBERNETES, ...more],
        values,
      ),
    lint: (values) => run(['lint', CHART, '--strict'], values),
  };
};
