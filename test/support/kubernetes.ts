import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One manifest, as far as every kind has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Where the schema and the type of each kind come from: those that Kubernetes and the Prometheus operator publish. */
const MODELS: Readonly<Record<string, string>> = {
  'v1 Namespace': 'kubernetes-models/v1',
  'v1 ServiceAccount': 'kubernetes-models/v1',
  'v1 ConfigMap': 'kubernetes-models/v1',
  'v1 Secret': 'kubernetes-models/v1',
  'v1 PersistentVolumeClaim': 'kubernetes-models/v1',
  'v1 Pod': 'kubernetes-models/v1',
  'v1 Service': 'kubernetes-models/v1',
  'apps/v1 Deployment': 'kubernetes-models/apps/v1',
  'apps/v1 StatefulSet': 'kubernetes-models/apps/v1',
  'batch/v1 Job': 'kubernetes-models/batch/v1',
  'policy/v1 PodDisruptionBudget': 'kubernetes-models/policy/v1',
  'networking.k8s.io/v1 Ingress': 'kubernetes-models/networking.k8s.io/v1',
  'networking.k8s.io/v1 NetworkPolicy': 'kubernetes-models/networking.k8s.io/v1',
  'monitoring.coreos.com/v1 ServiceMonitor':
    '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
  'monitoring.coreos.com/v1 PrometheusRule':
    '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
};

const modelOf = ({ apiVersion, kind }: Manifest): string => {
  const module = MODELS[`${apiVersion} ${kind}`];
  if (module === undefined) throw new Error(`no schema is known for ${apiVersion} ${kind}`);
  return module;
};

/** The manifests of a text with several documents. Throws on what is no YAML, or says a key twice. */
export const manifestsOf = (text: string): readonly Manifest[] =>
  parseAllDocuments(text).flatMap((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw problem;
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : [value];
  });

type Model = new (data: object) => { validate(): void };

/** What the schemas find wrong: types, allowed values, what is missing, formats. They let unknown fields pass. */
export const schemaProblems = async (manifests: readonly Manifest[]): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const manifest of manifests) {
    const module = (await import(modelOf(manifest))) as Readonly<Record<string, Model>>;
    const Kind = module[manifest.kind];
    if (Kind === undefined) throw new Error(`${modelOf(manifest)} has no ${manifest.kind}`);
    try {
      new Kind(manifest).validate();
    } catch (error) {
      found.push(`${manifest.kind} ${manifest.metadata.name}: ${String(error)}`);
    }
  }
  return found;
};

/**
 * What the compiler finds wrong with the manifests, taken as literals of the published types: above all fields that do
 * not exist, which a cluster would drop or refuse. One run for many manifests, since a start of the compiler is what costs.
 */
export const typeProblems = (manifests: readonly Manifest[]): readonly string[] => {
  const folder = mkdtempSync(join(tmpdir(), 'manifests-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
    const lines = manifests.flatMap((manifest, index) => [
      `import type { I${manifest.kind} as T${index} } from '${modelOf(manifest)}';`,
      `export const ${manifest.kind}_${index}: T${index} = ${JSON.stringify(manifest)};`,
    ]);
    writeFileSync(join(folder, 'manifests.ts'), lines.join('\n'));
    const options = { strict: true, noEmit: true, skipLibCheck: true, module: 'nodenext', types: [] };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['manifests.ts'] }),
    );
    execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['--project', folder, '--pretty', 'false'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return [];
  } catch (error) {
    const { stdout } = error as { readonly stdout?: string };
    if (!stdout) throw error;
    const source = (line: string): string => manifests[(Number(line) - 2) / 2]?.kind ?? '?';
    return stdout
      .split('\n')
      .filter((line) => line.includes('error TS'))
      .map((line) => line.replace(/^.*?manifests\.ts\((\d+),\d+\)/, (_, at: string) => source(at)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
