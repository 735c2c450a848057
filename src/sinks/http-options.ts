import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { errorText, UsageError } from '../base/errors.ts';
import { pemOption, timeoutOption } from './option-schemas.ts';

/* Headers that describe the message or the connection: the sink's own business. */
const RESERVED =
  /^(content-.*|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|proxy-.*)$/i;

const headerName = (reserved: RegExp | undefined) =>
  z
    .string()
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'allowed: the name of an HTTP header')
    .refine(
      (name) => !RESERVED.test(name) && !reserved?.test(name),
      'allowed: any header but those the sink sets itself (content-*, webhook-*, host, connection, …)',
    );
const headerValue = z.string().regex(/^(?:\t|[^\p{Cc}\u{100}-\u{10ffff}])*$/u, {
  error: 'allowed: one line of Latin-1 characters',
});

/** Options of every sink that POSTs to an address of the operator's choice. */
export const httpOptions = (own: {
  readonly timeout: string;
  readonly concurrency: number;
  /** More headers that are the sink's own business. */
  readonly reserved?: RegExp;
}) => ({
  headers: z
    .record(headerName(own.reserved), headerValue)
    .default({})
    .describe(
      'More request headers, such as `authorization`. Their values are kept out of logs and reasons.',
    ),
  timeout: timeoutOption(
    own.timeout,
    'How long one attempt may take, from connecting to the end of the answer.',
  ),
  concurrency: z
    .int()
    .min(1)
    .max(64)
    .default(own.concurrency)
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

/** What {@link httpOptions} come to. */
export interface HttpSettings {
  readonly headers: Readonly<Record<string, string>>;
  readonly timeout: number;
  readonly concurrency: number;
  readonly allow_hosts?: readonly string[] | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Names of the options that hold a secret or the content of a file. */
export const HTTP_SECRETS: readonly string[] = ['ca', 'cert', 'key'];

/*
 * The values that may be credentials: of headers that are named like one, and all that are long enough to be one. The
 * token alone counts as well as the whole value with its scheme.
 */
export const secretsOfHeaders = (headers: HttpSettings['headers']): readonly string[] =>
  Object.entries(headers)
    .filter(([name, value]) => value.length >= 8 || /auth|token|key|secret|cookie|pass/i.test(name))
    .flatMap(([, value]) => [value, value.replace(/^\w+ /, '')]);

/** Throws a UsageError for options that are legal one by one but cannot work together. */
export const refuseImpossible = (
  name: string,
  { hostname }: URL,
  { allow_hosts, ca, cert, key }: HttpSettings,
): void => {
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
