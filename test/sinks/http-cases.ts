import type { Receiver } from '../support/receiver.ts';
import type { Case, Rig } from './contract.ts';

/** A rig whose far end is an HTTP receiver. */
export interface HttpRig extends Rig {
  readonly receiver: Receiver;
}

const answering = (
  name: string,
  answer: Parameters<Receiver['answer']>[0],
): Pick<Case, 'name' | 'arrange'> => ({
  name,
  arrange: (rig) => (rig as HttpRig).receiver.answer(answer),
});

/** What every sink that speaks HTTP makes of answers, and of none. */
export const httpCases: readonly Case[] = [
  ...[407, 408, 425, 429, 500, 502, 503, 504, 599].map(
    (status): Case => ({
      ...answering(`status ${status}`, { status, body: 'busy' }),
      status,
      outcome: 'retry',
      tells: new RegExp(`HTTP ${status} from 127\\.0\\.0\\.1:\\d+ in .*: busy`),
    }),
  ),
  ...[400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 422, 451].map(
    (status): Case => ({
      ...answering(`status ${status}`, { status, body: 'no' }),
      status,
      outcome: 'rejected',
      tells: new RegExp(`HTTP ${status} from 127\\.0\\.0\\.1:\\d+`),
    }),
  ),
  ...[301, 302, 303, 307, 308].map(
    (status): Case => ({
      ...answering(`a redirect with ${status}, which is not followed`, ({ path }) =>
        path.endsWith('/elsewhere') ? { body: 'ok' } : { status, headers: { location: '/elsewhere' } },
      ),
      outcome: 'rejected',
      status,
      tells: /redirects are not followed/,
    }),
  ),
  ...[
    ['7', 7_000],
    ['0', 0],
    ['-5', 0],
    ['99999999999', 3_600_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
  ].map(
    ([header, afterMs]): Case => ({
      ...answering(`429 with Retry-After "${header}"`, {
        status: 429,
        headers: { 'retry-after': String(header) },
      }),
      outcome: 'retry',
      status: 429,
      tells: /HTTP 429/,
      ...(typeof afterMs === 'number' ? { afterMs } : {}),
    }),
  ),
  {
    ...answering('503 with Retry-After', { status: 503, headers: { 'retry-after': '3' } }),
    outcome: 'retry',
    status: 503,
    afterMs: 3_000,
  },
  { ...answering('a connection cut before the answer', 'reset'), outcome: 'retry', tells: /127\.0\.0\.1/ },
  { ...answering('bytes that are no HTTP', 'garbage'), outcome: 'retry', tells: /127\.0\.0\.1/ },
  {
    name: 'a refused connection',
    arrange: (rig) => (rig as HttpRig).receiver.down(),
    outcome: 'retry',
    tells: /ECONNREFUSED/,
  },
  {
    ...answering('success whose body breaks off: the status has said that it was taken', 'reset in body'),
    outcome: 'sent',
    status: 200,
    tells: /HTTP 200/,
  },
  {
    ...answering('success with a body that never ends, of which little is read', 'endless body'),
    outcome: 'sent',
    status: 200,
    tells: /HTTP 200 from .* in \d+ms$/,
  },
  {
    ...answering('a refusal that echoes the request, secrets and all', (request) => ({
      status: 400,
      body: `${request.path} ${JSON.stringify(request.headers)} ${request.body}`,
    })),
    outcome: 'rejected',
    status: 400,
  },
  {
    ...answering('a refusal with control characters in it', {
      status: 400,
      body: '\u0000\u001b[31mred\r\nlog line\ud83d',
    }),
    outcome: 'rejected',
    status: 400,
    tells: /\[31mred log line/,
  },
];
