import type { ClientBase, QueryResult } from 'pg';
import { socketOf } from './postgres-client.ts';

/** A connection on which an answer is waited for. */
export interface SilentClient {
  /** The process of the server that serves it. */
  readonly pid: number;
  /** Ends it at once: whoever waits on it hears that it is lost. */
  end(): void;
}

/** Keeps in mind when the server was heard, and on which connection. */
export interface Presence {
  /** The first thing that is done with a connection: makes its settings, and learns who serves it. */
  introduce(client: ClientBase, settings: string): Promise<void>;
  /** What was asked on a connection was answered. */
  heard(client: ClientBase): void;
  /** It works, its statements following each other at once, until the function that is returned is called. */
  working(client: ClientBase): () => void;
  /** Those that work and have received nothing for `ms`, as far as it was looked at. */
  silent(ms: number): readonly SilentClient[];
  /** For how long none was heard. */
  unheardMs(): number;
  /** Connections that were heard before now are not trusted any more. */
  distrustIdle(): void;
  isTrusted(client: ClientBase): boolean;
}

/** Makes a {@link Presence} of one pool. */
export const createPresence = (ticks: () => number = () => performance.now()): Presence => {
  const pids = new WeakMap<ClientBase, number>();
  const heardAt = new WeakMap<ClientBase, number>();
  const atWork = new Map<ClientBase, { bytes: number; since: number }>();
  let lastHeard = ticks();
  let trustedFrom = Number.NEGATIVE_INFINITY;
  const heard = (client: ClientBase): void => {
    lastHeard = ticks();
    heardAt.set(client, lastHeard);
  };
  const isSilent = (client: ClientBase, ms: number): boolean => {
    const work = atWork.get(client);
    if (!work) return false;
    const { bytesRead } = socketOf(client);
    if (bytesRead !== work.bytes) atWork.set(client, { bytes: bytesRead, since: ticks() });
    return bytesRead === work.bytes && ticks() - work.since >= ms;
  };
  return {
    async introduce(client, settings) {
      // Behind a pooler, what the handshake says is not who serves us.
      const answers: unknown = await client.query(`${settings}; SELECT pg_backend_pid() AS pid`);
      const last = (answers as readonly QueryResult<{ readonly pid: number }>[]).at(-1);
      pids.set(client, last?.rows[0]?.pid ?? 0);
      heard(client);
    },
    heard,
    working(client) {
      atWork.set(client, { bytes: socketOf(client).bytesRead, since: ticks() });
      return () => void atWork.delete(client);
    },
    silent: (ms) =>
      [...atWork.keys()]
        .filter((client) => isSilent(client, ms))
        .map((client) => ({ pid: pids.get(client) ?? 0, end: () => void socketOf(client).destroy() })),
    unheardMs: () => ticks() - lastHeard,
    distrustIdle() {
      trustedFrom = ticks();
    },
    isTrusted: (client) => (heardAt.get(client) ?? Number.NEGATIVE_INFINITY) >= trustedFrom,
  };
};
