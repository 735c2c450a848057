import { expect, it } from 'vitest';
import { manifestsOf, schemaProblems, typeProblems } from './kubernetes.ts';

/* The checks of manifests see what they are there to see. */

const service = (more: string): string =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: x }\nspec:\n  ports: [{ port: 80 }]\n${more}`;

it('a manifest that is right has no problem', async () => {
  const right = manifestsOf(service('  type: ClusterIP'));
  expect(await schemaProblems(right)).toEqual([]);
  expect(typeProblems(right)).toEqual([]);
});

it('a value of the wrong type is seen by the schema and by the types', async () => {
  const wrong = manifestsOf(service('  publishNotReadyAddresses: "yes"'));
  expect(await schemaProblems(wrong)).toEqual([expect.stringContaining('publishNotReadyAddresses')]);
  expect(typeProblems(wrong)).toEqual([expect.stringMatching(/^Service.*boolean/)]);
});

it('a field that is missing is seen by the schema', async () => {
  const wrong = manifestsOf(
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: x }\nspec: { replicas: 1 }',
  );
  expect(await schemaProblems(wrong)).toEqual([expect.stringContaining('selector')]);
});

it('a field that does not exist is seen by the types, deep inside as well', () => {
  const wrong = manifestsOf(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: x }
spec:
  selector: { matchLabels: { a: b } }
  template:
    spec:
      containers: [{ name: c, image: i, securityContext: { readOnlyRootFileSystem: true } }]`);
  expect(typeProblems(wrong)).toEqual([expect.stringMatching(/^Deployment.*readOnlyRootFileSystem/)]);
});

it('a kind without a schema is refused, and so is a key that stands twice', async () => {
  const other = manifestsOf('apiVersion: v2\nkind: Thing\nmetadata: { name: x }');
  await expect(schemaProblems(other)).rejects.toThrow('no schema is known for v2 Thing');
  expect(() => manifestsOf('a: 1\na: 2')).toThrow('unique');
});
