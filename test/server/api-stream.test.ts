import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { createAccess } from '../../src/server/api-access.ts';
import { createApi } from '../../src/server/api-app.ts';
import type { Console, StreamMessage } from '../../src/server/api-console.ts';
import { auditEvent, decided, deliveryId, settlement } from '../store/fixtures.ts';
import { type ApiRig, createApiRig, OPERATE, VIEW } from '../support/api-rig.ts';

/* Server-sent events: what happens, in order, each once, whoever has committed it. */

interface Message {
  readonly type: string;
  readonly id: string;
  readonly data: Record<string, unknown>;
}
interface Stream {
  readonly messages: readonly Message[];
  /** Resolves with all messages so far when they fit; rejects when the stream ends first. */
  until(fits: (messages: readonly Message[]) => boolean): Promise<readonly Message[]>;
  readonly ended: Promise<void>;
  close(): void;
  text(): string;
}

const rigs: ApiRig[] = [];
const streams: Stream[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const stream of streams.splice(0)) stream.close();
  for (const rig of rigs.splice(0)) await rig.close();
});
const start = async (): Promise<ApiRig> => {
  const rig = await createApiRig();
  rigs.push(rig);
  return rig;
};

const listen = async (
  rig: ApiRig,
  types: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Stream> => {
  const gone = new AbortController();
  const answer = await fetch(`${rig.server.url}/api/v1/stream?types=${types}`, {
    headers: { authorization: `Bearer ${VIEW}`, ...headers },
    signal: gone.signal,
  });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
  ]);
  const messages: Message[] = [];
  let text = '';
  let rest = '';
  const waiting = new Set<() => void>();
  let over = false;
  const look = (): void => {
    for (const each of waiting) each();
  };
  const ended = (async () => {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of answer.body ?? []) {
        const piece = decoder.decode(chunk, { stream: true });
        text += piece;
        rest += piece;
        const frames = rest.split('\n\n');
        rest = frames.pop() ?? '';
        for (const frame of frames) {
          const field = (name: string): string | undefined =>
            frame
              .split('\n')
              .find((line) => line.startsWith(`${name}: `))
              ?.slice(name.length + 2);
          const data = field('data');
          if (data === undefined) continue;
          messages.push({
            type: field('event') ?? '',
            id: field('id') ?? '',
            data: JSON.parse(data) as Record<string, unknown>,
          });
        }
        look();
      }
    } catch {
      // Cut, by us or by the server.
    }
    over = true;
    look();
  })();
  const stream: Stream = {
    messages,
    text: () => text,
    ended,
    close: () => gone.abort(),
    until: (fits) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (fits(messages)) {
            waiting.delete(check);
            resolve([...messages]);
          } else if (over) {
            waiting.delete(check);
            reject(new Error(`the stream ended after ${JSON.stringify(messages)}`));
          }
        };
        waiting.add(check);
        check();
      }),
  };
  streams.push(stream);
  return stream;
};
const idsOf = (messages: readonly Message[], type: string): readonly unknown[] =>
  messages.filter((message) => message.type === type).map(({ data }) => data['id']);

it('tells events, alerts and deliveries as they are committed, with the row of the list', async () => {
  const rig = await start();
  await rig.commit([auditEvent('before')]);
  const stream = await listen(rig, 'event,alert,delivery,status');
  const alert = decided('Numbers', ['hook'], { eventIds: ['e2'] });
  await rig.commit([auditEvent('e1', 1), auditEvent('e2', 2)], [alert]);
  const first = await stream.until(
    (messages) => idsOf(messages, 'delivery').length > 0 && idsOf(messages, 'alert').length > 0,
  );
  expect(idsOf(first, 'event')).toEqual(['e1', 'e2']);
  expect(idsOf(first, 'alert')).toEqual([alert.alert.id]);
  const listed = (await rig.ask('/events?limit=1')).json as { readonly items: readonly unknown[] };
  expect(first.find(({ data }) => data['id'] === 'e2')?.data).toEqual(listed.items[0]);
  const id = deliveryId(alert, 'hook');
  expect(first.find(({ type }) => type === 'delivery')?.data).toMatchObject({ id, state: 'pending' });
  await rig.store.outbox.claim('hook', 1, 60_000);
  await rig.store.outbox.settle([settlement(id, { state: 'sent' })], []);
  const later = await stream.until((messages) => messages.some(({ data }) => data['state'] === 'sent'));
  expect(later.at(-1)?.data['id'] ?? id).toBe(id);
  await stream.until((messages) => messages.some(({ type }) => type === 'status'));
});

it('tells only what was asked for', async () => {
  const rig = await start();
  const stream = await listen(rig, 'alert');
  await rig.commit([auditEvent('e1', 1)], [decided('One')]);
  await stream.until((messages) => messages.length === 1);
  expect(stream.messages.map(({ type }) => type)).toEqual(['alert']);
  const wrong = await rig.ask('/stream?types=event,nonsense');
  expect(wrong).toMatchObject({
    status: 400,
    json: {
      problems: [{ place: 'query.types', message: expect.stringContaining('found "nonsense"') as string }],
    },
  });
});

it('a reader that comes back misses nothing and is told nothing twice, however much there was', async () => {
  const rig = await start();
  const first = await listen(rig, 'event,alert');
  await rig.commit([auditEvent('e1', 1), auditEvent('e2', 2)], [decided('One')]);
  const seen = await first.until((messages) => messages.length === 3);
  first.close();
  await first.ended;
  const many = Array.from({ length: 1_500 }, (_, n) => auditEvent(`m${n}`, 3 + n));
  await rig.commit(many, [decided('Two'), decided('Three')]);
  for (const [index, { id }] of seen.entries()) {
    const again = await listen(rig, 'event,alert', { 'last-event-id': id });
    const rest = await again.until((messages) => messages.length >= 1_505 - index - 1);
    expect([...seen.slice(0, index + 1), ...rest].map(({ data }) => String(data['id'])).toSorted()).toEqual(
      [
        'e1',
        'e2',
        ...many.map((event) => event.id),
        ...['One', 'Two', 'Three'].map((name) => decided(name).alert.id),
      ].toSorted(),
    );
    again.close();
  }
});

it('an id that is none is refused', async () => {
  const rig = await start();
  for (const id of ['1', 'abc', Buffer.from('[1]').toString('base64url'), 'x'.repeat(500)]) {
    const answer = await rig.ask('/stream', { headers: { 'last-event-id': id } });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ problems: [{ place: 'header last-event-id' }] });
  }
});

it('several readers are told the same, also when all had gone meanwhile', async () => {
  const rig = await start();
  const both = [await listen(rig, 'event'), await listen(rig, 'event')];
  await rig.commit([auditEvent('e1', 1)]);
  for (const stream of both)
    expect(idsOf(await stream.until((messages) => messages.length === 1), 'event')).toEqual(['e1']);
  for (const stream of both) {
    stream.close();
    await stream.ended;
  }
  const late = await listen(rig, 'event');
  await rig.commit([auditEvent('e2', 2)]);
  expect(idsOf(await late.until((messages) => messages.length > 0), 'event')).toEqual(['e2']);
});

/** A reader that reads nothing. */
const deaf = async (rig: ApiRig, path: string): Promise<Socket> => {
  const socket = connect(rig.server.address.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${VIEW}\r\n\r\n`);
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('data', () => {
    socket.pause();
    resolve();
  });
  await promise;
  return socket;
};

it('a reader that reads nothing holds up nobody', async () => {
  const rig = await start();
  const slow = await deaf(rig, '/api/v1/stream?types=event');
  const quick = await listen(rig, 'event');
  const big = { note: 'x'.repeat(500), user_email: `${'y'.repeat(200)}@example.com` };
  const count = 6_000;
  for (let from = 0; from < count; from += 500)
    await rig.commit(Array.from({ length: 500 }, (_, n) => auditEvent(`e${from + n}`, from + n, big)));
  await quick.until((messages) => messages.length === count);
  slow.destroy();
  expect((await rig.ask('/session')).status).toBe(200);
}, 30_000);

it('streams are limited in number, and end with the server', async () => {
  const rig = await start();
  const open = await Promise.all(Array.from({ length: 50 }, () => listen(rig, 'event')));
  const refused = await rig.ask('/stream', { token: OPERATE });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '30']);
  open[0]?.close();
  await open[0]?.ended;
  await vi.waitFor(async () => {
    const stream = await listen(rig, 'event');
    stream.close();
  });
  await rig.server.close();
  await Promise.all(open.map(({ ended }) => ended));
});

it('a stream ends when whoever reads it has lost the token', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const rig = await start();
  const stream = await listen(rig, 'event');
  vi.advanceTimersByTime(15_000);
  await vi.waitFor(() => expect(stream.text()).toContain(': still here'));
  const { http } = rig.settings;
  rig.settings = {
    ...rig.settings,
    http: { ...http, tokens: http.tokens.filter(({ name }) => name !== 'eve') },
  };
  vi.advanceTimersByTime(15_000);
  await stream.ended;
});

it('of a reader that does not keep up only so much is kept; what can wait waits, what cannot has it cut', async () => {
  const told: ((message: StreamMessage) => boolean | Promise<boolean>)[] = [];
  let closed = 0;
  const console = {
    version: '1',
    async subscribe(_types: unknown, _cursor: unknown, tell: (typeof told)[number]) {
      told.push(tell);
      return { close: () => void (closed += 1) };
    },
  } as unknown as Console;
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const api = await createApi({
    console,
    access: createAccess({ tokens: () => [], clockMs: () => 0 }),
    key: Buffer.alloc(32),
    listenHost: '127.0.0.1',
    externalUrl: undefined,
    log: quiet,
    now: () => 0,
    clockMs: () => 0,
    pages: async (_request, reply) => reply,
  });
  const server = createHttpServer(api.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET /api/v1/stream HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await new Promise<void>((resolve) => void socket.once('data', () => resolve()));
  socket.pause();
  const tell = told[0] ?? (() => false);
  const message = { type: 'event', id: 'x', data: 'y'.repeat(200_000) } as const;
  // What the two ends of the connection hold by themselves comes first.
  let answer = tell(message);
  let count = 1;
  for (; answer === true; count += 1) answer = tell(message);
  expect(answer).toBeInstanceOf(Promise);
  const waits = answer;
  for (; answer !== false; count += 1) answer = tell(message);
  expect(await waits).toBe(false);
  expect(closed).toBe(1);
  expect(count).toBeLessThan(200);
  expect(tell(message)).toBe(false);
  socket.destroy();
  await api.close();
  server.close();
});
