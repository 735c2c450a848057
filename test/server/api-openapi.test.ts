import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { packageVersion } from '../../src/app/version.ts';
import { openApiDocument } from '../../src/server/api-openapi.ts';
import { API_ROUTES } from '../../src/server/api-routes.ts';

const document = openApiDocument(API_ROUTES, packageVersion());

it('is a valid OpenAPI 3.1 document', async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document) as Record<string, unknown>);
  expect(result).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  // The validator does see what is wrong.
  const broken = structuredClone(document) as { paths: Record<string, Record<string, object>> };
  const [path = ''] = Object.keys(broken.paths);
  broken.paths[path] = { get: { responses: 7 } };
  expect((await new Validator().validate(broken)).valid).toBe(false);
});

it('names every route once, with the role it takes', () => {
  const { paths } = document as {
    readonly paths: Readonly<
      Record<string, Readonly<Record<string, { operationId: string; description?: string }>>>
    >;
  };
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  expect(operations).toHaveLength(API_ROUTES.length);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(API_ROUTES.length);
  expect(paths['/api/v1/silences']?.['post']?.description).toBe('Takes the role `operate`.');
  expect(paths['/api/v1/events/{account}/{id}']?.['get']?.description).toBe('Takes the role `view`.');
});

it('lies in docs as it is served', () => {
  const written = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
  expect(written, 'run: node scripts/docs-api.ts').toBe(`${JSON.stringify(document, null, 2)}\n`);
});
