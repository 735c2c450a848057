import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorText } from '../base/errors.ts';
import type { Log } from '../core/log.ts';
import type { Who } from './api-access.ts';
import {
  type Console,
  STREAM_TYPES,
  type StreamMessage,
  type StreamType,
  type Subscription,
} from './api-console.ts';
import { ApiError, wrongInput } from './api-error.ts';
import { SAFE_HEADERS } from './api-headers.ts';

/** Readers at once: each costs a connection and a share of every look into the store. */
const MAX_STREAMS = 50;
/** Proxies and browsers take a silent connection for a dead one. */
const HEARTBEAT_MS = 15_000;
/** What a reader may leave unread before the next row waits for it. */
const UNREAD_BYTES = 65_536;
/** What it may leave unread of what cannot wait. A reader that is slower than this is cut: it comes back and says where it was. */
const MAX_UNREAD_BYTES = 1_048_576;
/** How long one that reads nothing is waited for. */
const MAX_STALL_MS = 30_000;
/** After how long a reader that was cut comes back. */
const RETRY_MS = 2_000;

/** Streams of server-sent events. */
export interface Streams {
  begin(request: FastifyRequest, reply: FastifyReply, who: Who, types: unknown): Promise<FastifyReply>;
  /** Ends all of them. */
  close(): void;
}

const typesOf = (given: unknown): ReadonlySet<StreamType> => {
  if (given === undefined) return new Set(STREAM_TYPES);
  const names = given as readonly string[];
  const wrong = names.find((name) => !(STREAM_TYPES as readonly string[]).includes(name));
  if (wrong !== undefined)
    throw wrongInput(
      'query.types',
      `found ${JSON.stringify(wrong.slice(0, 80))}, allowed: one or several of ${STREAM_TYPES.join(', ')}, with commas between`,
    );
  return new Set(names as readonly StreamType[]);
};

/** One message in the format of the wire. JSON has no line ends. */
const frame = ({ type, id, data }: StreamMessage): string =>
  `event: ${type}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;

/** Makes {@link Streams}. */
export const createStreams = (options: {
  readonly console: Console;
  readonly stillIn: (who: Who, headers: FastifyRequest['headers']) => boolean;
  readonly log: Log;
}): Streams => {
  const open = new Set<() => void>();
  return {
    async begin(request, reply, who, given) {
      const types = typesOf(given);
      if (open.size >= MAX_STREAMS)
        throw new ApiError(503, `${MAX_STREAMS} streams are open, and no more are allowed`, {
          headers: { 'retry-after': '30' },
        });
      const { raw } = reply;
      const last = request.headers['last-event-id'];
      const cursor = typeof last === 'string' && last !== '' ? last.slice(0, 400) : undefined;
      let subscription: Subscription | undefined;
      let over = false;
      const end = (): void => {
        if (over) return;
        over = true;
        open.delete(end);
        clearInterval(heartbeat);
        subscription?.close();
        raw.destroy();
      };
      let draining: Promise<boolean> | undefined;
      const drained = (): Promise<boolean> => {
        const { promise, resolve } = Promise.withResolvers<boolean>();
        const stalled = setTimeout(end, MAX_STALL_MS);
        const settle = (): void => {
          clearTimeout(stalled);
          raw.off('drain', settle).off('close', settle);
          draining = undefined;
          resolve(!over);
        };
        raw.once('drain', settle).once('close', settle);
        return promise;
      };
      const write = (text: string): boolean | Promise<boolean> => {
        if (over) return false;
        raw.write(text);
        if (raw.writableLength <= UNREAD_BYTES) return true;
        if (raw.writableLength <= MAX_UNREAD_BYTES) return (draining ??= drained());
        end();
        return false;
      };
      const heartbeat = setInterval(() => {
        // Whoever has logged out, or lost the token, is not told anything more.
        if (options.stillIn(who, request.headers)) void write(': still here\n\n');
        else end();
      }, HEARTBEAT_MS);
      open.add(end);
      raw.once('close', end);
      const waiting: string[] = [];
      let begun = false;
      try {
        subscription = await options.console.subscribe(types, cursor, (message) => {
          if (begun) return write(frame(message));
          waiting.push(frame(message));
          return !over;
        });
      } catch (error) {
        over = true;
        open.delete(end);
        clearInterval(heartbeat);
        if (error instanceof RangeError)
          throw wrongInput(
            'header last-event-id',
            'found no id of this stream, allowed: one of them, or none',
          );
        options.log.warn('http.error', { path: '/api/v1/stream', reason: errorText(error) });
        throw error;
      }
      if (over) {
        subscription.close();
        return reply;
      }
      // From here on the connection is ours: the framework would wait for an end.
      reply.hijack();
      request.raw.socket.setTimeout(0);
      raw.writeHead(200, {
        ...SAFE_HEADERS,
        'content-type': 'text/event-stream; charset=utf-8',
        // Told to proxies that would collect what is to arrive at once.
        'x-accel-buffering': 'no',
      });
      begun = true;
      void write(`retry: ${RETRY_MS}\nid: ${subscription.cursor}\n: welcome\n\n${waiting.join('')}`);
      return reply;
    },
    close() {
      for (const end of open) end();
    },
  };
};
