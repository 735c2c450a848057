import { z } from 'zod';
import { ROLES } from '../core/role.ts';
import { name, parseBaseUrl, parseListen, text } from './values.ts';

const LISTEN_ALLOWED =
  'allowed: host:port such as 127.0.0.1:8080 or "[::1]:8080" (port 0: any free one), or off';
const EXTERNAL_URL_ALLOWED = 'allowed: an http or https URL without user, "?" and "#", or an empty text';

const apiToken = z.strictObject({
  name: name().describe('Who holds it: the name in the history of what people did. Unique.'),
  role: z.enum(ROLES).describe('`view` reads everything; `operate` also acknowledges, silences, retries.'),
  token: z
    .string()
    .optional()
    .describe(
      'The token: 20 to 500 printable characters without white space, such as `openssl rand -hex 24` makes. A secret. Exactly one of `token` and `token_file` is needed; empty: nobody comes in by this entry.',
    ),
  token_file: text().optional().describe('A file that holds the `token`; read again whenever it changes.'),
});

/** What is served. */
export const HTTP_SECTIONS = {
  http: z
    .strictObject({
      listen: z
        .string({ error: LISTEN_ALLOWED })
        .refine((value) => value === 'off' || parseListen(value) !== undefined, { error: LISTEN_ALLOWED })
        .transform((value) => parseListen(value))
        .prefault('127.0.0.1:8080')
        .describe('Where health, metrics, the HTTP API and the dashboard are served.')
        .meta({ allowed: '`host:port` or `off`' }),
      external_url: z
        .string()
        .refine((value) => value === '' || parseBaseUrl(value) !== undefined, { error: EXTERNAL_URL_ALLOWED })
        .transform((value) => (value === '' ? undefined : parseBaseUrl(value)))
        .prefault('')
        .describe(
          'Where people reach this server from outside, such as `https://audit.example.com`. With it alerts carry links to silence and acknowledge. Empty: no links.',
        )
        .meta({ allowed: 'http(s) URL' }),
      tokens: z
        .array(apiToken)
        .default([])
        .describe(
          'Who may use the HTTP API and the dashboard. Absent, or all empty: on a loopback address everybody who reaches it, with role `operate`; beyond loopback nobody.',
        )
        .meta({ allowed: 'list of maps' }),
      metrics: z
        .enum(['open', 'token'])
        .default('open')
        .describe('Whether `/metrics` is served to everybody, or only with one of the `tokens`.'),
    })
    .prefault({})
    .describe('The HTTP server.'),
} as const;
