import { z } from 'zod';
import { ROLES } from '../core/role.ts';
import { reloadAnswer } from './alert-shapes.ts';
import { names } from './api-input.ts';
import { type ApiRoute, route } from './api-route.ts';
import { status } from './status-shape.ts';

/* Routes about the monitor itself and about who asks. */

const session = z.object({
  role: z.enum(ROLES),
  name: z.string().describe('Name of the token, or `local`.'),
  version: z.string(),
});

export const SYSTEM_ROUTES: readonly ApiRoute[] = [
  route({
    method: 'POST',
    path: '/session',
    role: 'anyone',
    tag: 'session',
    summary: 'Logs in: sets a cookie that works for 12 hours',
    body: z.strictObject({ token: z.string().max(500).describe('A token of the configuration.') }),
    answer: session,
    handle: async ({ body }, { console, session: { open } }) => {
      const { name, role } = await open(body.token);
      return { name, role, version: console.version };
    },
  }),
  route({
    method: 'GET',
    path: '/session',
    role: 'view',
    tag: 'session',
    summary: 'Who asks',
    answer: session,
    handle: async (_, { console, who }) => ({ name: who.name, role: who.role, version: console.version }),
  }),
  route({
    method: 'DELETE',
    path: '/session',
    role: 'view',
    tag: 'session',
    summary: 'Logs out',
    handle: async (_, { session: { close } }) => close(),
  }),
  route({
    method: 'GET',
    path: '/status',
    role: 'view',
    tag: 'status',
    summary: 'Whether everything is all right: accounts, sinks, rules, silences, store',
    answer: status,
    handle: (_, { console }) => console.status(),
  }),
  route({
    method: 'POST',
    path: '/reload',
    role: 'operate',
    tag: 'status',
    summary: 'Reads configuration and rules again; on any problem the old ones stay in force',
    body: z.strictObject({}),
    answer: reloadAnswer,
    handle: (_, { console, who }) => console.reload(who.name),
  }),
  route({
    method: 'GET',
    path: '/stream',
    role: 'view',
    tag: 'stream',
    summary: 'What happens, as server-sent events',
    query: z.strictObject({
      types: names()
        .optional()
        .describe('Of `event`, `alert`, `delivery`, `status`, with commas between; absent: all.'),
    }),
    media: 'text/event-stream',
    // Answered by api-stream.ts.
    handle: async () => {},
  }),
  route({
    method: 'GET',
    path: '/openapi.json',
    role: 'view',
    tag: 'status',
    summary: 'This API as an OpenAPI 3.1 document',
    media: 'application/json',
    // Answered by api-app.ts.
    handle: async () => {},
  }),
];
