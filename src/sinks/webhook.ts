import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { errorText, UsageError } from '../base/errors.ts';
import { portableJson, publicAlert } from './alert-json.ts';
import { CLOUD_EVENT_TYPE, cloudEvent } from './cloud-event.ts';
import { createHttpPoster } from './http.ts';
import { pemOption, timeoutOption, urlOption } from './option-schemas.ts';
import type { SinkType } from './sink-type.ts';
import { createReason, failureVerdict, httpVerdict, unsendable } from './verdict.ts';
import { isUsableSecret, signingKeys, splitSecrets, webhookHeaders } from './webhook-signature.ts';

/* Headers that describe the message or the connection: the sink's own business. */
const RESERVED =
  /^(content-.*|webhook-.*|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|proxy-.*)$/i;

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'allowed: the name of an HTTP header')
  .refine(
    (name) => !RESERVED.test(name),
    'allowed: any header but those the sink sets itself (content-*, webhook-*, host, connection, …)',
  );
const headerValue = z.string().regex(/^(?:\t|[^\p{Cc}\u{100}-\u{10ffff}])*$/u, {
  error: 'allowed: one line of Latin-1 characters',
});
const secret = z.string().refine((text) => splitSecrets(text).every(isUsableSecret), {
  error: 'allowed: whsec_ and Base64, or a text without white space; several separated by white space',
});

const options = z.strictObject({
  url: urlOption(
    ['https:', 'http:'],
    'Where alerts are POSTed. A secret (a path or query often holds a token). Empty: the sink is off.',
  ),
  secret: z
    .union([secret, z.array(secret)])
    .default('')
    .describe(
      'Signs every request after Standard Webhooks: `whsec_` and Base64, or plain text without white space. Several, as a list or separated by white space, while secrets are being changed. Empty: not signed.',
    ),
  format: z
    .enum(['json', 'cloudevents'])
    .default('json')
    .describe('Body: our JSON, or the same inside a CloudEvents 1.0 envelope (structured mode).'),
  headers: z
    .record(headerName, headerValue)
    .default({})
    .describe(
      'More request headers, such as `authorization`. Their values are kept out of logs and reasons.',
    ),
  timeout: timeoutOption('10s', 'How long one attempt may take, from connecting to the end of the answer.'),
  concurrency: z
    .int()
    .min(1)
    .max(64)
    .default(8)
    .describe('How many requests run at once. 1 keeps the order of alerts, as far as retries allow.'),
  allow_hosts: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'Hosts the URL may name, such as `hooks.example.com` or `*.example.com`. A guard where the URL comes from elsewhere.',
    ),
  ca: pemOption('Certificate authorities to trust instead of the built-in ones.'),
  cert: pemOption('Client certificate for mutual TLS; needs `key`.'),
  key: pemOption('Private key of the client certificate; needs `cert`. A secret.'),
});

type Options = z.output<typeof options>;

/** JSON by HTTP POST, signed, with the delivery id as identity. The body is the same bytes on every attempt. */
export const webhookSink: SinkType<typeof options> = {
  type: 'webhook',
  options,
  secrets: ['url', 'secret', 'ca', 'cert', 'key'],
  create: (name, settings, deps) => {
    const target = new URL(settings.url);
    refuseImpossible(name, target, settings);
    const { timeout: timeoutMs, concurrency, ca, cert, key } = settings;
    const http = createHttpPoster(
      target,
      { timeoutMs, connections: concurrency, tls: { ca, cert, key } },
      deps,
    );
    const keys = signingKeys(settings.secret);
    const reason = createReason([
      ...http.secrets,
      ...splitSecrets(settings.secret),
      ...secretsOfHeaders(settings.headers),
    ]);
    const contentType = settings.format === 'json' ? 'application/json; charset=utf-8' : CLOUD_EVENT_TYPE;
    return {
      name,
      type: 'webhook',
      concurrency,
      send: async (delivery, signal) => {
        const startedAtMs = deps.now();
        const attempt = () => ({ host: http.host, startedAtMs, nowMs: deps.now(), reason });
        let body: Buffer;
        try {
          const alert = publicAlert(delivery);
          body = Buffer.from(portableJson(settings.format === 'json' ? alert : cloudEvent(alert)));
        } catch (error) {
          return unsendable(error, reason);
        }
        const headers = {
          ...settings.headers,
          'content-type': contentType,
          ...webhookHeaders(delivery.id, startedAtMs, body, keys),
        };
        try {
          return httpVerdict(await http.post(body, headers, signal), attempt());
        } catch (error) {
          return failureVerdict(error, attempt());
        }
      },
      close: () => http.close(),
    };
  },
};

/*
 * The values that may be credentials: of headers that are named like one, and all that are long enough to be one. The
 * token alone counts as well as the whole value with its scheme.
 */
const secretsOfHeaders = (headers: Options['headers']): readonly string[] =>
  Object.entries(headers)
    .filter(([name, value]) => value.length >= 8 || /auth|token|key|secret|cookie|pass/i.test(name))
    .flatMap(([, value]) => [value, value.replace(/^\w+ /, '')]);

const refuseImpossible = (name: string, { hostname }: URL, { allow_hosts, ca, cert, key }: Options): void => {
  const refuse = (text: string): never => {
    throw new UsageError(`sink "${name}": ${text}`);
  };
  if (allow_hosts !== undefined && !allow_hosts.some((allowed) => isAllowed(hostname, allowed))) {
    refuse(`the host "${hostname}" of its url is not in allow_hosts (${allow_hosts.join(', ')})`);
  }
  if ((cert === undefined) !== (key === undefined)) refuse('cert and key are only of use together');
  try {
    createSecureContext({ ca, cert, key });
  } catch (error) {
    refuse(`ca, cert or key is no usable PEM text: ${errorText(error)}`);
  }
};

const isAllowed = (hostname: string, allowed: string): boolean => {
  const pattern = allowed.toLowerCase();
  return pattern.startsWith('*.') ? hostname.endsWith(pattern.slice(1)) : hostname === pattern;
};
