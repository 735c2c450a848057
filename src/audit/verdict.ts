import { retryAfterMs } from '../core/backoff.ts';
import { ReadFailure } from './failure.ts';
import type { Answer } from './transport.ts';

// Not by an import: that reads every member of the module, and one of them loads Node's own HTTP client, which costs a
// twentieth of the start and is used by nobody here.
const { STATUS_CODES } = process.getBuiltinModule('node:http');

/** Statuses that ask to be tried again, besides 5xx: request timeout, too early, too many requests. */
const TRANSIENT = new Set([408, 425, 429]);

/** Whether HTTP knows this status. */
export const isNamed = (status: number): boolean => status in STATUS_CODES;

const named = (status: number): string => `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();

/**
 * What a status other than the expected ones means. `said` is the redacted excerpt of the body, quoted, or ''.
 * Nothing is documented about 429 and 5xx, so `Retry-After` is read from every transient answer.
 */
export const refusal = (answer: Answer, said: string, nowMs: number): ReadFailure => {
  const { status } = answer;
  const name = named(status);
  if (status === 401 || status === 403)
    return new ReadFailure('blind', `${name}: the API refuses the account's key and secret${said}`, {
      retry: false,
      status,
    });
  if (status >= 500 || TRANSIENT.has(status))
    return new ReadFailure('unavailable', `${name}${said}`, {
      retry: true,
      status,
      afterMs: retryAfterMs(answer.header('retry-after'), nowMs),
    });
  if (status === 407)
    return new ReadFailure('unavailable', `${name}: the proxy refuses us`, { retry: false, status });
  // Where it points is not repeated: such a location may carry tokens, and we never go there.
  if (status >= 300 && status < 400)
    return new ReadFailure(
      'invalid',
      `${name}: redirects are not followed, the base URL must be the final one`,
      { retry: false, status },
    );
  return new ReadFailure('invalid', `${name}${said}`, { retry: status < 300, status });
};
