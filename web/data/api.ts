import { noteDown, noteUp } from './connection.ts';
import { session } from './session.ts';
import type { Failure } from './shapes.ts';

/** A refusal of the monitor, or that it did not answer (status 0). `message` is for people. */
export class ApiError extends Error {
  readonly status: number;
  readonly problems: NonNullable<Failure['problems']>;
  constructor(status: number, message: string, problems: NonNullable<Failure['problems']> = []) {
    super(message);
    this.status = status;
    this.problems = problems;
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

const BASE = '/api/v1';
/** Answers of a proxy whose monitor is away. */
const AWAY: ReadonlySet<number> = new Set([502, 503, 504]);

const failureOf = async (response: Response): Promise<ApiError> => {
  const told = (await response.json().catch(() => undefined)) as Failure | undefined;
  const message = typeof told?.error === 'string' ? told.error : `${response.status} ${response.statusText}`;
  return new ApiError(response.status, message, told?.problems ?? []);
};

interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** The address of something under `/api/v1`; values that are undefined or empty are left out. */
export const address = (path: string, query: Query = {}): string => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return `${BASE}${path}${text === '' ? '' : `?${text}`}`;
};

const call = async <T>(url: string, { method, body, signal }: Call): Promise<T> => {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET') {
    // A cookie alone is no proof that this page asked; no other site can send this header.
    headers['X-Requested-By'] = 'vonage-audit-monitor';
    headers['Content-Type'] = 'application/json';
  }
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      credentials: 'same-origin',
      ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    noteDown('no answer');
    throw new ApiError(0, 'The monitor does not answer.');
  }
  if (response.ok) {
    noteUp();
    return (response.status === 204 ? undefined : await response.json()) as T;
  }
  const failure = await failureOf(response);
  if (AWAY.has(response.status)) noteDown(failure.message);
  else noteUp();
  const known = session.get();
  if (response.status === 401 && known.state === 'in') session.set({ state: 'out', over: true });
  throw failure;
};

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  call<T>(address(path, query), { method: 'GET', signal });
export const post = <T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> =>
  call<T>(address(path), { method: 'POST', body, signal });
export const remove = <T>(path: string): Promise<T> => call<T>(address(path), { method: 'DELETE' });
