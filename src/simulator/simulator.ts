import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorText } from '../base/errors.ts';
import type { Clock } from '../core/clock.ts';
import { errorAnswer } from './answer.ts';
import { applyAnswerFaults } from './answer-faults.ts';
import { type Account, createEndpoints } from './endpoints.ts';
import { type RawEvent, rawEntry, toEntry } from './entry.ts';
import { createFaultTable, type FaultTable } from './fault-table.ts';
import { createRand } from './random.ts';
import { createRequestLog, type RequestLog } from './request-log.ts';
import { readRequest } from './routing.ts';
import { createTrail, type Entry } from './trail.ts';
import { writeAnswer } from './transport.ts';
import { EVENT_TYPES, type WireEvent } from './wire.ts';

/** An account of the simulator: what Basic authorisation must carry. */
export interface SimulatorAccount {
  readonly key: string;
  readonly secret: string;
}

/** How a simulator is made. Everything has a default. */
export interface SimulatorOptions {
  /** `127.0.0.1`. */
  readonly host?: string;
  /** 0, a free one. */
  readonly port?: number;
  /** One account, `abcd1234` with the secret `simulator-secret`. */
  readonly accounts?: readonly SimulatorAccount[];
  /** Also the source of the `Date` header and of what is visible. */
  readonly now?: Clock;
  /** For everything that faults draw. */
  readonly seed?: string | number;
  /** `/beta/audit`. */
  readonly mountPath?: string;
  /** What links begin with: `http://api.nexmo.com/beta/audit`, without TLS, as in the vendor's documents. */
  readonly linkBase?: string;
  /** Whether a page without events has `_embedded`; false. */
  readonly emptyEmbedded?: boolean;
  /** What `OPTIONS /events` names; all known types. None: 204. */
  readonly eventTypes?: Readonly<Record<string, string>>;
  /** How many requests are listed; 1,000. */
  readonly keepRequests?: number;
}

/** When events become visible: epoch ms for all, or for each; undefined leaves it to the faults (else at once). */
type Visibility = number | ((event: WireEvent) => number | undefined);

/** A running Audit API. */
export interface Simulator {
  /** What to configure as the base URL, such as `http://127.0.0.1:40123/beta/audit`. */
  readonly url: string;
  /** Scheme, host and port alone, as the vendor's client takes it. */
  readonly origin: string;
  readonly faults: FaultTable;
  readonly requests: RequestLog;
  /** Adds events to an account's trail. Throws RangeError for an unknown account or a bad `created_at`. */
  add(accountKey: string, events: WireEvent | readonly WireEvent[], visibleAtMs?: Visibility): void;
  /** Adds an element whose text is served as it is. */
  addRaw(accountKey: string, raw: RawEvent, visibleAtMs?: number): void;
  /** All events of an account that have been added and are JSON objects, visible or not, in the order of adding. */
  events(accountKey: string): readonly WireEvent[];
  /** Their ids, without the cost of parsing. */
  ids(accountKey: string): readonly string[];
  /** Replaces an account's secret: the old one is answered with 401 from now on. */
  setSecret(accountKey: string, secret: string): void;
  /** Ends all connections and the server. */
  close(): Promise<void>;
}

const DEFAULT_ACCOUNT: SimulatorAccount = { key: 'abcd1234', secret: 'simulator-secret' };

/**
 * Starts an HTTP server that speaks the Audit API 1.0.4, as well or as badly as its faults say. Rejects when it cannot
 * listen.
 */
export const createSimulator = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const now = options.now ?? Date.now;
  const mountPath = options.mountPath ?? '/beta/audit';
  const linkBase = options.linkBase ?? 'http://api.nexmo.com/beta/audit';
  const seed = options.seed ?? 'simulator';
  const faults = createFaultTable(createRand(seed, 'faults'));
  const requests = createRequestLog(options.keepRequests ?? 1_000);
  const accounts = new Map<string, Account>();
  for (const { key, secret } of options.accounts ?? [DEFAULT_ACCOUNT])
    accounts.set(key, { secret, trail: createTrail() });

  const accountOf = (key: string): Account => {
    const account = accounts.get(key);
    if (!account) throw new RangeError(`account is ${key}, allowed are ${[...accounts.keys()].join(', ')}`);
    return account;
  };

  const insert = (
    key: string,
    entries: readonly Entry[],
    visibleAtMs: (index: number) => number | undefined,
  ): void => {
    const { trail } = accountOf(key);
    const nowMs = now();
    const timed = entries.map((entry, index) => {
      const delayMs = faults.drawVisibilityMs(key);
      const delayed = delayMs === undefined ? nowMs : entry.atMs + delayMs;
      return { entry, visibleAtMs: visibleAtMs(index) ?? delayed };
    });
    trail.add(timed, nowMs);
  };

  const answerGenuinely = createEndpoints({
    accounts,
    eventTypes: options.eventTypes ?? EVENT_TYPES,
    linkBase,
    emptyEmbedded: options.emptyEmbedded ?? false,
    now,
    rand: createRand(seed, 'lists'),
  });

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    request.resume();
    const read = readRequest(request, mountPath);
    const record = requests.begin({ ...read.seen, atMs: now() });
    response.once('close', () => {
      record.end(response.headersSent ? response.statusCode : 0, response.writableFinished);
    });
    response.sendDate = false;
    const active = faults.drawRequest(read.drawn);
    if (!active.of('undated')) response.setHeader('date', new Date(now()).toUTCString());
    const genuine = 'target' in read ? answerGenuinely(read.target, active) : errorAnswer(read.refusal);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const answer = applyAnswerFaults(genuine, active, now());
    await writeAnswer(response, answer, active, gone.signal);
  };

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      // A defect of the simulator must be seen by whoever reads the answer, not end the process.
      if (response.headersSent) response.destroy();
      else response.writeHead(599, { 'content-type': 'text/plain' }).end(`simulator: ${errorText(error)}`);
    });
  });
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

  return {
    url: origin + mountPath,
    origin,
    faults,
    requests,
    add(accountKey, events, visibleAtMs) {
      const list = Array.isArray(events) ? (events as readonly WireEvent[]) : [events as WireEvent];
      insert(
        accountKey,
        list.map((event) => toEntry(event, linkBase)),
        typeof visibleAtMs === 'function'
          ? (index) => visibleAtMs(list[index] as WireEvent)
          : () => visibleAtMs,
      );
    },
    addRaw(accountKey, raw, visibleAtMs) {
      insert(accountKey, [rawEntry(raw)], () => visibleAtMs);
    },
    events: (accountKey) => accountOf(accountKey).trail.all.flatMap(parsed),
    ids: (accountKey) => accountOf(accountKey).trail.all.map((entry) => entry.id),
    setSecret(accountKey, secret) {
      accountOf(accountKey).secret = secret;
    },
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
};

const parsed = (entry: Entry): readonly WireEvent[] => {
  try {
    const value: unknown = JSON.parse(entry.json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? [value as WireEvent] : [];
  } catch {
    return [];
  }
};
