import { z } from 'zod';
import { failure } from './api-common.ts';
import type { ApiRoute } from './api-route.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema of a shape, for OpenAPI 3.1: its dialect is the same. `$schema` belongs to whole documents only, and what
 * a shape defines for itself (one that contains itself) has its place among the components of the document.
 */
const schemaOf = (shape: z.ZodType, io: 'input' | 'output'): Json => {
  const whole = jsonSchemaOf(shape, io);
  return Object.fromEntries(Object.entries(whole).filter(([key]) => key !== '$schema' && key !== '$defs'));
};

/** What the shapes of all answers define for themselves, by name. */
const definitionsOf = (routes: readonly ApiRoute[]): Json =>
  Object.fromEntries(
    routes
      .flatMap(({ answer }) => (answer ? Object.entries(jsonSchemaOf(answer, 'output').$defs ?? {}) : []))
      // The name is that of the component already.
      .map(([name, schema]) => [
        name,
        Object.fromEntries(Object.entries(schema).filter(([key]) => key !== 'id')),
      ]),
  );

const jsonSchemaOf = (
  shape: z.ZodType,
  io: 'input' | 'output',
): Json & { readonly $schema?: unknown; readonly $defs?: Readonly<Record<string, Json>> } =>
  JSON.parse(
    JSON.stringify(z.toJSONSchema(shape, { io, unrepresentable: 'any', reused: 'inline' })).replaceAll(
      '"#/$defs/',
      '"#/components/schemas/',
    ),
  ) as ReturnType<typeof jsonSchemaOf>;

const parametersOf = (shape: z.ZodObject, place: 'path' | 'query'): readonly Json[] => {
  const { properties = {}, required = [] } = schemaOf(shape, 'input') as {
    readonly properties?: Readonly<Record<string, Json>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }));
};

const REFUSALS: Readonly<Record<string, string>> = {
  400: 'Something about the request is wrong; the answer says what, and what is allowed.',
  401: 'No token, or none of the configuration.',
  403: 'The role does not allow it, or the request comes from another site.',
  404: 'There is no such thing.',
  429: 'Too many requests, or too many wrong tokens; `Retry-After` says when to come back.',
};

const operationOf = (route: ApiRoute): Json => {
  const { params, query, body, answer, media } = route;
  const name = `${route.method.toLowerCase()}${route.path
    .split(/[/:.-]+/)
    .filter(Boolean)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}`;
  const refusal = (status: string): Json => ({
    description: REFUSALS[status],
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } },
  });
  const needsRole = route.role !== 'anyone';
  const statuses = [
    '400',
    '401',
    ...(needsRole ? ['403'] : []),
    ...(route.path.includes(':') ? ['404'] : []),
    '429',
  ];
  return {
    operationId: name,
    summary: route.summary,
    tags: [route.tag],
    ...(needsRole && { description: `Takes the role \`${route.role}\`.` }),
    security: needsRole ? [{ token: [] }, { session: [] }] : [],
    parameters: [...parametersOf(params, 'path'), ...parametersOf(query, 'query')],
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } },
    }),
    responses: {
      ...(answer || media
        ? {
            200: {
              description: 'The answer.',
              content: {
                [media ?? 'application/json']: { schema: answer ? schemaOf(answer, 'output') : {} },
              },
            },
          }
        : { 204: { description: 'Done.' } }),
      ...Object.fromEntries(statuses.map((status) => [status, refusal(status)])),
    },
  };
};

/** The API as an OpenAPI 3.1 document. */
export const openApiDocument = (routes: readonly ApiRoute[], version: string): Json => {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = `/api/v1${route.path.replaceAll(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'vonage-audit-monitor',
      version,
      description: 'What a running monitor knows and does. Times are ISO 8601 in UTC.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token of `http.tokens`.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'vam_session',
          description: 'Set by `POST /api/v1/session`.',
        },
      },
      schemas: { Failure: schemaOf(failure, 'output'), ...definitionsOf(routes) },
    },
  };
};
