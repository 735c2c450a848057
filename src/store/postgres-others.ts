import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createLatch } from '../base/latch.ts';
import { sleep } from '../base/sleep.ts';
import { createTurns } from '../base/turns.ts';
import type { PostgresPlace } from '../core/store-place.ts';
import { clientConfig, DEFAULT_LEASE_MS, FORSAKEN, socketOf, workPatience } from './postgres-client.ts';

/** What is told of: that there is something to do, or that shares are free. */
export type Topic = 'work' | 'shares';

/** Hears of what other processes have committed, and tells them what was committed here. */
export interface Others {
  /** Whether another one has told since this was last asked; also after a time in which nothing could be heard. */
  changed(): boolean;
  /** Resolves as soon as another one tells of this, or may have told unheard; or when the signal aborts. */
  told(of: Topic, signal: AbortSignal): Promise<void>;
  /** Tells the others, soon and once however often it is called. */
  tell(of?: Topic): void;
  /** Another connection has turned out to lead nowhere: looks at once whether this one still does. */
  doubt(): void;
  close(): Promise<void>;
}

const CHANNEL = 'vonage_audit_monitor';
/** Told at most so often: telling costs the server a queue that all who commit share. */
const TELL_EVERY_MS = 100;
const RECONNECT_MS = 1_000;
const MAX_RECONNECT_MS = 30_000;
/** Who only listens does not notice that nobody is there any more, so it asks now and then. */
const ASK_EVERY_MS = 15_000;
const ANSWER = { query_timeout: 3_000 } as const;
/** For the last words at the end. */
const END_MS = 1_000;

/** Resolves when `work` has ended, however, or after so long. */
const within = async (ms: number, work: Promise<unknown>): Promise<void> => {
  const ended = new AbortController();
  await Promise.race([work.catch(() => undefined).finally(() => ended.abort()), sleep(ms, ended.signal)]);
};

/**
 * Listens on a connection of its own, which is made anew whenever it breaks. Telling goes over the same one, after the commit
 * and not inside it: the server lets one transaction at a time commit that tells.
 */
export const createOthers = (place: PostgresPlace): Others => {
  const self = randomUUID();
  const stop = new AbortController();
  const doubts = createLatch();
  /** Undefined: there is no connection just now. */
  let ask: ((query: pg.QueryConfig) => Promise<unknown>) | undefined;
  let changed = false;
  let timer: NodeJS.Timeout | undefined;
  const toTell = new Set<Topic>();
  const waiting = new Map<() => void, Topic>();
  const heard = (topic?: Topic): void => {
    if (topic !== 'shares') changed = true;
    for (const [resolve, of] of waiting) if (topic === undefined || topic === of) resolve();
  };

  const listen = async (): Promise<void> => {
    const own = new pg.Client(clientConfig(place, workPatience(DEFAULT_LEASE_MS)));
    const broken = new AbortController();
    own.once('error', () => broken.abort());
    own.once('end', () => broken.abort());
    const until = AbortSignal.any([broken.signal, stop.signal]);
    // One that breaks while it ends says so once more.
    own.on('error', () => undefined);
    own.on('notification', ({ channel, payload }) => {
      const [from, topic] = payload?.split(' ') ?? [];
      if (channel === CHANNEL && from !== self) heard(topic === 'shares' ? topic : 'work');
    });
    try {
      await own.connect();
      await own.query(`${FORSAKEN}; LISTEN ${CHANNEL}`);
      const inTurn = createTurns();
      ask = (query) => inTurn(() => own.query({ ...query, ...ANSWER }));
      // What was told before cannot be heard any more.
      heard();
      while (!until.aborted) {
        await doubts.wait(ASK_EVERY_MS, until);
        if (!until.aborted) await ask({ text: 'SELECT 1' });
      }
    } finally {
      ask = undefined;
      await within(END_MS, own.end());
      socketOf(own).destroy();
    }
  };
  const listening = (async (): Promise<void> => {
    for (let waitMs = RECONNECT_MS; !stop.signal.aborted; waitMs = Math.min(2 * waitMs, MAX_RECONNECT_MS)) {
      const began = performance.now();
      await listen().catch(() => undefined);
      if (performance.now() - began > MAX_RECONNECT_MS) waitMs = RECONNECT_MS;
      changed = true;
      await sleep(waitMs, stop.signal);
    }
  })();

  const notify = async (): Promise<void> => {
    timer = undefined;
    // Lost when the connection breaks just now: whoever was to be told looks for work now and then all the same.
    const told = [...toTell].map((topic) => `${self} ${topic}`);
    toTell.clear();
    const text = 'SELECT pg_notify($1, told) FROM unnest($2::text[]) AS told';
    await ask?.({ text, values: [CHANNEL, told] }).catch(() => doubts.ring());
  };
  return {
    changed() {
      const found = changed;
      changed = false;
      return found;
    },
    async told(of, signal) {
      if (signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(resolve, of);
      const onAbort = (): void => resolve();
      signal.addEventListener('abort', onAbort, { once: true });
      await promise;
      signal.removeEventListener('abort', onAbort);
      waiting.delete(resolve);
    },
    tell(of = 'work') {
      toTell.add(of);
      timer ??= setTimeout(() => void notify(), TELL_EVERY_MS).unref();
    },
    doubt: () => doubts.ring(),
    async close() {
      clearTimeout(timer);
      if (timer) await within(END_MS, notify());
      stop.abort();
      await listening;
    },
  };
};
