import { type AuditClient, type AuditClientOptions, createAuditClient } from '../../src/audit/client.ts';
import { AuditError } from '../../src/core/audit-reader.ts';
import type { Telemetry } from '../../src/core/telemetry.ts';

export const KEY = 'abcd1234';
export const SECRET = 'Sup3r+Secret/öß';
/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal;

/** A client whose waits cost no time: they move its clock. */
export interface ClientUnderTest {
  readonly client: AuditClient;
  /** Waits between attempts, in ms. */
  readonly waits: number[];
  /** Lines of the log. */
  readonly lines: { readonly event: string; readonly fields: Record<string, unknown> }[];
  /** Outcomes of all requests. */
  readonly outcomes: string[];
  readonly clock: { nowMs: number };
  [Symbol.asyncDispose](): Promise<void>;
}

export const NOW = Date.parse('2026-01-02T03:04:05Z');

export const clientUnderTest = (url: string, over: Partial<AuditClientOptions> = {}): ClientUnderTest => {
  const waits: number[] = [];
  const lines: ClientUnderTest['lines'] = [];
  const outcomes: string[] = [];
  const clock = { nowMs: NOW };
  const line = (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    lines.push({ event, fields });
  };
  const telemetry: Telemetry = {
    count: (_name, labels) => outcomes.push(labels?.['outcome'] ?? ''),
    gauge() {},
    observe() {},
  };
  const client = createAuditClient({
    account: 'acme',
    baseUrl: `${url}/beta/audit`,
    pageSize: 100,
    timeoutMs: 5_000,
    credentials: () => ({ key: KEY, secret: SECRET }),
    backoff: { baseMs: 500, capMs: 30_000 },
    now: () => clock.nowMs,
    random: () => 0.5,
    log: { debug: line, info: line, warn: line, error: line },
    telemetry,
    sleep: async (ms) => {
      waits.push(ms);
      clock.nowMs += ms;
    },
    ...over,
  });
  return { client, waits, lines, outcomes, clock, [Symbol.asyncDispose]: () => client.close() };
};

/** The AuditError that `promise` rejects with; throws when it does anything else. */
export const auditError = async (promise: Promise<unknown>): Promise<AuditError> => {
  const error = await promise.then(
    () => new Error('it did not reject'),
    (reason: unknown) => reason,
  );
  if (error instanceof AuditError) return error;
  throw error;
};

/** A valid page with events of these ids. */
export const pageOf = (...ids: string[]): Record<string, unknown> => ({
  _embedded: {
    events: ids.map((id) => ({ id, event_type: 'APP_CREATE', created_at: '2026-01-02T03:04:05' })),
  },
  page: { size: 100, totalElements: ids.length, totalPages: 1, number: 1 },
});
